// Where stored bytes lie: the frame inside a pack, the chunk inside a frame. Format:
// docs/formats/repository.md.
#pragma once

#include <cstdint>

#include "core/bytes.h"
#include "repository/packed/chunk_id.h"
#include "repository/packed/events.h"
#include "repository/packed/pack_name.h"

namespace summit::repository::packed {

inline constexpr uint32_t kMaxFramePlain = 4 * MiB;
inline constexpr size_t kMaxFrameChunks = 16'384;  // what a writer puts into a frame
inline constexpr uint64_t kMaxPack = 128 * MiB;    // what a reader accepts

enum class Encoding : uint8_t { kRaw = 0, kZstd = 1 };
enum class ChunkKind : uint8_t { kData = 0, kManifest = 1, kPagePatch = 2 };

// A sealed frame. `offset` counts from the start of the pack; `encoded_length` leaves out the tag that
// follows.
struct FramePlace {
  PackName pack{};
  uint32_t ordinal = 0;
  uint64_t offset = 0;
  uint32_t plain_length = 0;
  uint32_t encoded_length = 0;
  Encoding encoding = Encoding::kRaw;

  friend bool operator==(const FramePlace&, const FramePlace&) = default;
};

// A chunk: `length` bytes from `offset` on in the plain bytes of a frame.
struct Reference {
  ChunkId id{};
  FramePlace frame{};
  uint32_t offset = 0;
  uint32_t length = 0;

  friend bool operator==(const Reference&, const Reference&) = default;
};

// Whether lengths and offset are those of some frame in some pack.
bool possible(const FramePlace& place);

// The same place as a commit writes it.
BlockPlace to_block_place(const Reference& reference);
// kCorrupt for a place that cannot be.
Result<Reference> to_reference(const BlockPlace& place);

}  // namespace summit::repository::packed
