// Consecutive bytes of one content, cut into the pieces that become its manifest's entries.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "repository/packed/buffer.h"
#include "repository/packed/manifest_block.h"

namespace summit::repository::packed {

inline constexpr size_t kBatchSize = 1 * MiB;
inline constexpr size_t kBatchCapacity = kBatchSize + 256 * KiB;  // with the rest of the one before

// A piece of a batch that becomes one entry of the manifest.
struct BatchItem {
  uint32_t offset = 0;  // in the batch's bytes
  uint32_t length = 0;
  bool proven_equal = false;                // to `previous`: the batch has no bytes of it
  std::optional<ManifestEntry> previous{};  // at the same place in the previous content, in usable packs
};

struct Batch {
  uint64_t sequence = 0;  // from 0 on, without a gap, in each content
  Buffer bytes{};
  std::vector<BatchItem> items{};
  bool extents = false;  // pieces stay where they are: patches make sense
};

}  // namespace summit::repository::packed
