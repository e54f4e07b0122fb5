// Feeds the parsers of a pack and of what its chunks hold anything: header, trailer, footer, manifest block,
// page patch, tree listing. The first byte chooses one.
#include <string>

#include "repository/packed/manifest_block.h"
#include "repository/packed/pack_format.h"
#include "repository/packed/page_patch.h"
#include "repository/packed/tree_listing.h"
#include "tests/fuzz/input.h"

namespace summit::repository::packed {
namespace {

void use_footer(ByteView input) {
  if (input.size() < 2) return;
  const auto frames = std::to_integer<uint32_t>(input[0]);
  // Where the frames really end, as often as not: otherwise nothing is ever accepted.
  const uint64_t end = std::to_integer<uint64_t>(input[1]) + kPackHeaderSize;
  const auto parsed = parse_footer(input.subspan(2), {}, frames, end);
  if (parsed.ok())
    fuzz::require(encode_footer(*parsed) == as_text(input.subspan(2)), "a footer is written as it was read");
}

void use_block(ByteView input) {
  const auto parsed = parse_block(input);
  if (!parsed.ok()) return;
  const auto again = parse_block(as_bytes(encode_block(*parsed)));
  fuzz::require(again.ok() && *again == *parsed, "a block is read as it was written");
}

void use_patch(ByteView input) {
  if (input.empty()) return;
  std::string extent(std::to_integer<size_t>(input[0]) * 1000 + 1, 'x');
  (void)apply_page_patch(input.subspan(1), std::as_writable_bytes(std::span(extent))).ok();
}

void use_listing(ByteView input) {
  ListingParser parser;
  fuzz::feed_in_blocks(input, [&](ByteView block) {
    parser.feed(block);
    auto entry = parser.next();
    while (entry.ok() && entry->has_value()) entry = parser.next();
    return entry.ok();
  });
}

void use(ByteView input) {
  const auto choice = std::to_integer<unsigned>(input[0]) % 6;
  const ByteView rest = input.subspan(1);
  if (choice == 0) (void)parse_pack_header(rest).ok();
  if (choice == 1) (void)parse_pack_trailer(rest).ok();
  if (choice == 2) use_footer(rest);
  if (choice == 3) use_block(rest);
  if (choice == 4) use_patch(rest);
  if (choice == 5) use_listing(rest);
}

}  // namespace
}  // namespace summit::repository::packed

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size != 0) summit::repository::packed::use(summit::fuzz::bytes_of(bytes, size));
  return 0;
}
