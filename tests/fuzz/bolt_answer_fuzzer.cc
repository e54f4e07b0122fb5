// Chunks and messages of a Neo4j server, or of something else that listens on its port.
#include <cstring>

#include "formats/bolt/chunks.h"
#include "formats/bolt/messages.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  bolt::ChunkReader chunks(64 * KiB);
  size_t given = 0;
  fuzz::feed_in_blocks(fuzz::bytes_of(bytes, size), [&](ByteView block) {
    std::memcpy(chunks.room(block.size()).data(), block.data(), block.size());
    chunks.take(block.size());
    for (;;) {
      const auto message = chunks.next();
      if (!message.ok()) return false;
      if (!*message) return true;
      given += (*message)->size();
      const auto response = bolt::parse_response(**message);
      if (response.ok() && response->kind == bolt::Response::Kind::kFailure)
        (void)bolt::parse_failure(response->fields);
    }
  });
  fuzz::require(given <= size, "no message comes from nowhere");
  return 0;
}
