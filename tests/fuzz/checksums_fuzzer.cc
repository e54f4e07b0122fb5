// CHECKSUMS, in the format of sha256sum.
#include "repository/checksums.h"

#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  const auto checksums = repository::parse_checksums(fuzz::text_of(bytes, size));
  if (!checksums.ok()) return 0;
  const auto text = repository::format_checksums(*checksums);
  const auto again = repository::parse_checksums(text);
  fuzz::require(again.ok() && again->size() == checksums->size(),
                "what was read can be written and read again");
  fuzz::require(repository::format_checksums(*again) == text, "names survive their escapes");
  return 0;
}
