// Graph files, in one piece and in blocks.
#include "stores/neo4j/graph_file.h"

#include "stores/neo4j/canonical.h"
#include "tests/fuzz/input.h"

namespace {

using namespace summit;

class Elements final : public neo4j::GraphVisitor {
 public:
  Result<void> facts(neo4j::GraphRecord, const neo4j::Value::Map&) override { return {}; }
  Result<void> node(int64_t, ByteView labels, ByteView properties) override {
    ++count;
    std::vector<std::string_view> names;
    (void)digester.node(bolt::Cursor(labels), bolt::Cursor(properties), names);
    agree(properties);
    return {};
  }
  Result<void> relationship(int64_t, int64_t, int64_t, std::string_view type, ByteView properties) override {
    ++count;
    (void)digester.relationship(type, bolt::Cursor(properties), "s", "e");
    return {};
  }
  uint64_t count = 0;

 private:
  static void agree(ByteView properties) {
    bolt::Cursor packed(properties);
    bolt::Cursor built(properties);
    const auto value = bolt::read_value(built);
    std::string one;
    std::string other;
    if (!value.ok()) return;
    fuzz::require(neo4j::append_canonical(packed, one).ok(), "what can be read has canonical bytes");
    neo4j::append_canonical(*value, other);
    fuzz::require(one == other, "canonical bytes do not depend on how a value is read");
  }
  neo4j::ElementDigester digester;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto elements_in = [&](bool in_blocks) -> std::optional<uint64_t> {
    Elements elements;
    neo4j::GraphReader reader(elements);
    bool sound = true;
    const auto feed = [&](ByteView block) {
      sound = reader.write(block).ok();
      return sound;
    };
    if (in_blocks) {
      fuzz::feed_in_blocks(fuzz::bytes_of(bytes, size), feed);
    } else {
      feed(fuzz::bytes_of(bytes, size));
    }
    return sound && reader.finish().ok() ? std::optional(elements.count) : std::nullopt;
  };
  fuzz::require(elements_in(true) == elements_in(false), "elements do not depend on where a file is cut");
  return 0;
}
