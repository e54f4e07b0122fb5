// A sealed file (docs/formats/secrets.md). The seeds are sealed with this key.
#include "repository/sealing.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  const repository::SealingKey key{Secret("correct horse battery staple"), "the fuzz target"};
  uint64_t opened = 0;
  repository::SealReader reader(key, [&](ByteView plain) -> Result<void> {
    opened += plain.size();
    return {};
  });
  bool sound = true;
  fuzz::feed_in_blocks(fuzz::bytes_of(bytes, size), [&](ByteView block) {
    sound = reader.write(block).ok();
    return sound;
  });
  if (sound && reader.finish().ok()) fuzz::require(opened < size, "a seal holds less than its own bytes");
  return 0;
}
