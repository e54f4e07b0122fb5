// The bytes around a pack's frames: header, footer, trailer. Format: docs/formats/repository.md, "Packs".
//
// The parsers take any bytes: kCorrupt, never a crash or a wrong reading. Their errors do not name the pack;
// callers do.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "repository/packed/key_wrap.h"
#include "repository/packed/reference.h"
#include "repository/packed/repository_id.h"

namespace summit::repository::packed {

inline constexpr size_t kPackHeaderSize = 96;
inline constexpr size_t kPackTrailerSize = 16;
inline constexpr uint64_t kFooterOrdinal = ~uint64_t{0};
// What a reader accepts at most.
inline constexpr uint32_t kMaxFooter = 16 * MiB;

using PackHeaderBytes = std::array<std::byte, kPackHeaderSize>;
using PackTrailerBytes = std::array<std::byte, kPackTrailerSize>;

struct PackHeader {
  RepositoryId repository{};
  PackName name{};
  uint32_t generation = 0;  // of the master key under which the pack's key is wrapped
  WrappedKey wrapped_key{};
};
PackHeaderBytes encode(const PackHeader& header);
Result<PackHeader> parse_pack_header(ByteView bytes);

struct PackTrailer {
  uint32_t sealed_footer_length = 0;
  uint32_t frames = 0;
};
PackTrailerBytes encode(const PackTrailer& trailer);
Result<PackTrailer> parse_pack_trailer(ByteView bytes);

struct PackedChunk {
  ChunkId id{};
  uint32_t offset = 0;  // in the frame's plain bytes
  uint32_t length = 0;
  ChunkKind kind = ChunkKind::kData;

  friend bool operator==(const PackedChunk&, const PackedChunk&) = default;
};
struct PackedFrame {
  FramePlace place{};
  std::vector<PackedChunk> chunks;
};
Reference reference_to(const PackedFrame& frame, const PackedChunk& chunk);

// Of its plain bytes, from the numbers of entries.
size_t footer_length(size_t frames, size_t chunks);
std::string encode_footer(const std::vector<PackedFrame>& frames);
// `frames_end`: where the sealed footer begins. kCorrupt unless the frames follow each other from the
// header's end up to it, and chunks cover their frames.
Result<std::vector<PackedFrame>> parse_footer(ByteView bytes, const PackName& name, uint32_t frames,
                                              uint64_t frames_end);

// What a frame (or the footer) is sealed with beside its bytes.
using FrameAssociatedData = std::array<std::byte, kPackHeaderSize + 17>;
FrameAssociatedData frame_associated_data(const PackHeaderBytes& header, uint64_t ordinal,
                                          uint32_t plain_length, uint32_t encoded_length, Encoding encoding);

}  // namespace summit::repository::packed
