// Answers of a Redis server, or of something else that listens on its port.
#include "stores/redis/reply.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  redis::ReplyParser parser;
  size_t texts = 0;
  fuzz::feed_in_blocks(fuzz::bytes_of(bytes, size), [&](ByteView block) {
    if (!parser.feed(block).ok()) return false;
    for (;;) {
      const auto reply = parser.next();
      if (!reply.ok()) return false;
      if (!*reply) return true;
      texts += redis::texts_of(**reply).size();
      if ((*reply)->is_error()) (void)redis::error_of((*reply)->text, "cannot ask");
    }
  });
  fuzz::require(texts <= size, "no text comes from nowhere");
  return 0;
}
