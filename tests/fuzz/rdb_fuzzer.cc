// Feeds the RDB reader anything, decodes every value, encodes it anew and writes the file again. The first
// byte says how the input is split.
#include <algorithm>

#include "formats/rdb/canonical.h"
#include "formats/rdb/edit_value.h"
#include "formats/rdb/encode.h"
#include "formats/rdb/reader.h"
#include "formats/rdb/rewriter.h"
#include "formats/rdb/value.h"
#include "tests/fuzz/input.h"

namespace summit::rdb {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

// Says of every text that it was replaced, by itself.
class Reencoder final : public ValueEditor {
 public:
  Result<Edit> text(std::string_view text, std::string& out) override {
    out = text;
    return Edit::kReplaced;
  }
  Result<bool> fields(std::vector<EditedField>&) override { return true; }
  Result<void> reader_name(std::string_view) override { return {}; }
};

// What can be decoded can be encoded anew, and has the same content; a member that damage put twice into a
// set is one afterwards.
void check_edited(const Record& record, const std::optional<Sha256Digest>& digest) {
  Reencoder editor;
  const auto type = data_type_of(record.type);
  if (!type.ok() || *type == DataType::kModule) return;
  const auto value = edit_value(record, editor);
  fuzz::require(value.ok(), "what can be decoded can be edited");
  if (value->edit != Edit::kReplaced) return;
  Record changed = record;
  changed.type = value->type;
  changed.value = as_bytes(value->bytes);
  std::string raw;
  append_entry(raw, changed);
  changed.raw = as_bytes(raw);
  KeyDigester digester(kNow);
  const auto again = digester.digest(changed);
  fuzz::require(again.ok(), "an edited value can be decoded");
  if (*type == DataType::kSet || *type == DataType::kSortedSet) return;
  fuzz::require(*again == digest, "an edited value has the same content");
}

void use(ByteView file, size_t block) {
  KeyDigester digester(kNow);
  Rewriter rewriter([](ByteView) -> Result<void> { return {}; });
  Reader reader([&](const Record& record) -> Result<void> {
    // A value that cannot be decoded must not keep the next ones from being tried.
    if (record.kind == Record::Kind::kEntry) {
      const auto digest = digester.digest(record);
      if (!digest.ok()) return {};
      check_edited(record, *digest);
    }
    return rewriter.write(record);
  });
  while (!file.empty()) {
    const size_t size = std::min(block, file.size());
    if (!reader.feed(file.first(size)).ok()) return;
    file = file.subspan(size);
  }
  if (!reader.finish().ok()) return;
}

}  // namespace
}  // namespace summit::rdb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  const summit::ByteView input(reinterpret_cast<const std::byte*>(bytes), size);
  // The seeds are plain files: "R", their first byte, means in one piece.
  const size_t block = bytes[0] == 'R' ? size : size_t{bytes[0]} + 1;
  summit::rdb::use(bytes[0] == 'R' ? input : input.subspan(1), block);
  return 0;
}
