// tar and zstd, as files-archive.md has them: every name, link and attribute comes from the archive.
#include "stores/files/archive.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  ByteView rest = fuzz::bytes_of(bytes, size);
  auto reader = files::ArchiveReader::open([&]() -> Result<ByteView> {
    const auto block = rest.first(std::min<size_t>(rest.size(), 1000));
    rest = rest.subspan(block.size());
    return block;
  });
  if (!reader.ok()) return 0;
  // A few bytes of zstd can stand for gigabytes of zeros: as much as shows a defect, and no more.
  constexpr uint64_t kEnough = 16 * MiB;
  for (uint64_t seen = 0; seen < kEnough;) {
    const auto entry = (*reader)->next();
    if (!entry.ok() || !*entry) return 0;
    seen += 512;
    const auto content = (*reader)->read([&](uint64_t, ByteView block) -> Result<void> {
      seen += block.size();
      if (seen > kEnough) return Error(Code::kFailed, "enough");
      return {};
    });
    if (!content.ok()) return 0;
  }
  return 0;
}
