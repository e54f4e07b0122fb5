// Answers of a Neo4j server, in one piece and in blocks.
#include "stores/neo4j/jolt.h"

#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  const auto rows_in = [&](bool in_blocks) -> std::optional<size_t> {
    size_t rows = 0;
    neo4j::JoltReader reader([&](const neo4j::Row&) -> Result<void> {
      ++rows;
      return {};
    });
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
    return sound && reader.finish().ok() ? std::optional(rows) : std::nullopt;
  };
  fuzz::require(rows_in(true) == rows_in(false), "rows do not depend on where an answer is cut");
  (void)neo4j::error_in_body(fuzz::text_of(bytes, size));
  return 0;
}
