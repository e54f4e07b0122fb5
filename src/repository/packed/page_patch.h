// The difference of two extents of equal length, page by page. Format: docs/formats/repository.md, "Chunks".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace summit::repository::packed {

inline constexpr uint32_t kPageSize = 8 * KiB;
inline constexpr uint32_t kExtentSize = 256 * KiB;
inline constexpr uint32_t kPagesPerExtent = kExtentSize / kPageSize;

inline uint32_t pages_of(size_t length) {
  return static_cast<uint32_t>((length + kPageSize - 1) / kPageSize);
}

// `changed[i]` says whether page i of `extent` is part of the patch.
std::string encode_page_patch(ByteView extent, const std::vector<bool>& changed);

// Makes of the base's bytes those of the result. Takes any patch: kCorrupt unless it is one for exactly this
// length; `extent` may then hold anything.
Result<void> apply_page_patch(ByteView patch, std::span<std::byte> extent);

}  // namespace summit::repository::packed
