// The head of a PostgreSQL archive.
#include "stores/postgres/archive_contents.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace summit;
  const auto contents = postgres::parse_archive_contents(fuzz::text_of(bytes, size));
  if (contents.ok() && *contents)
    fuzz::require((*contents)->entries.size() <= size, "no entry comes from nowhere");
  postgres::ArchiveHead head;
  fuzz::feed_in_blocks(fuzz::bytes_of(bytes, size), [&](ByteView block) { return head.feed(block).ok(); });
  return 0;
}
