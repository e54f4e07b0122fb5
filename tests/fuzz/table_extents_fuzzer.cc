// Where a backup's metadata say that tables lie within their archive.
#include "stores/postgres/archive_source.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  const auto extents = postgres::extents_from(fuzz::text_of(bytes, size));
  uint64_t together = 0;
  for (const auto& [entry, extent] : extents) {
    fuzz::require(extent.bytes <= UINT64_MAX - together, "blocks that do not overlap fit into one archive");
    together += extent.bytes;
  }
  const auto text = postgres::to_text(extents);
  fuzz::require(postgres::to_text(postgres::extents_from(text)) == text, "what is read is written alike");
  return 0;
}
