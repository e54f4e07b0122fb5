// Feeds the RDB reader anything, decodes every value and writes the file again. The first byte says how the
// input is split.
#include <algorithm>

#include "formats/rdb/canonical.h"
#include "formats/rdb/reader.h"
#include "formats/rdb/rewriter.h"

namespace summit::rdb {
namespace {

void use(ByteView file, size_t block) {
  KeyDigester digester(1'700'000'000'000);
  Rewriter rewriter([](ByteView) -> Result<void> { return {}; });
  Reader reader([&](const Record& record) -> Result<void> {
    // A value that cannot be decoded must not keep the next ones from being tried.
    if (record.kind == Record::Kind::kEntry && !digester.digest(record).ok()) return {};
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
