// backup-metadata.json lies in a bucket or on a disk that others may write: it is read before anything is
// trusted.
#include "repository/metadata.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  const auto metadata = repository::metadata_from_json(fuzz::text_of(bytes, size));
  if (!metadata.ok()) return 0;
  const auto json = repository::to_json(*metadata);
  const auto again = repository::metadata_from_json(json);
  fuzz::require(again.ok() && repository::to_json(*again) == json,
                "what was read can be written and read again");
  return 0;
}
