// A hash-chained log, in one piece and in blocks.
#include "stores/files/audit_chain.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  const auto text = fuzz::text_of(bytes, size);
  files::ChainChecker whole("chain.jsonl");
  whole.feed(text);
  files::ChainChecker pieces("chain.jsonl");
  fuzz::feed_in_blocks(fuzz::bytes_of(bytes, size), [&](ByteView block) {
    pieces.feed(as_text(block));
    return true;
  });
  auto one = whole.finish();
  const auto other = pieces.finish();
  fuzz::require(
      one.entries == other.entries && one.problem == other.problem && one.last_hash == other.last_hash,
      "a chain does not depend on where its file is cut");
  (void)files::join_chain({std::move(one), other});
  return 0;
}
