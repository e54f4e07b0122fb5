#include "repository/packed/page_patch.h"

#include <algorithm>
#include <cstring>

#include "repository/packed/wire.h"

namespace summit::repository::packed {
namespace {

size_t length_of_page(size_t page, size_t extent) {
  return std::min<size_t>(kPageSize, extent - page * kPageSize);
}

}  // namespace

std::string encode_page_patch(ByteView extent, const std::vector<bool>& changed) {
  const uint32_t count = pages_of(extent.size());
  std::string patch;
  put_integer(patch, count);
  const size_t bitmap = patch.size();
  patch.resize(bitmap + (count + 7) / 8);
  for (uint32_t page = 0; page < count; ++page) {
    if (!changed[page]) continue;
    char& bits = patch[bitmap + page / 8];
    bits = static_cast<char>(bits | 1 << page % 8);
    put_bytes(patch, extent.subspan(size_t{page} * kPageSize, length_of_page(page, extent.size())));
  }
  return patch;
}

Result<void> apply_page_patch(ByteView patch, std::span<std::byte> extent) {
  const Error bad(Code::kCorrupt, "a page patch does not fit its extent of {} bytes", extent.size());
  WireReader reader(patch);
  const auto count = reader.integer<uint32_t>();
  if (reader.failed() || count != pages_of(extent.size())) return bad;
  const ByteView bitmap = reader.take((size_t{count} + 7) / 8);
  if (reader.failed()) return bad;
  for (size_t page = 0; page < bitmap.size() * 8; ++page) {
    if ((bitmap[page / 8] & std::byte{1} << page % 8) == std::byte{0}) continue;
    if (page >= count) return bad;
    const ByteView bytes = reader.take(length_of_page(page, extent.size()));
    if (reader.failed()) return bad;
    std::memcpy(extent.data() + page * kPageSize, bytes.data(), bytes.size());
  }
  if (!reader.finished()) return bad;
  return {};
}

}  // namespace summit::repository::packed
