// What the metadata remember of a tree of files.
#include "stores/files/tree_record.h"

#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  const auto record = files::tree_record_from_json(fuzz::text_of(bytes, size));
  if (!record.ok()) return 0;
  fuzz::require(files::tree_record_from_json(files::to_json(*record)).ok(),
                "what was read can be written and read again");
  return 0;
}
