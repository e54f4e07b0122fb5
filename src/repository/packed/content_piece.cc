#include "repository/packed/content_piece.h"

#include <algorithm>

#include "repository/packed/page_patch.h"

namespace summit::repository::packed {
namespace {

constexpr size_t kPieceSize = 4 * MiB;
constexpr size_t kPieceFrames = 3;
constexpr size_t kPieceEntries = 512;

Error not_as_named(const Reference& reference) {
  return Error(Code::kCorrupt, "pack {}: frame {}: the chunk at {} is not what its id says",
               reference.frame.pack.to_string(), reference.frame.ordinal, reference.offset);
}

Result<void> check_name(const ChunkId& id, ByteView bytes, const Reference& source, uint32_t generation,
                        OpeningTools& tools) {
  ASSIGN_OR_RETURN(ChunkNamer* const namer, tools.namer(generation));
  ASSIGN_OR_RETURN(const ChunkId name, namer->name(bytes));
  if (name != id) return not_as_named(source);
  return {};
}

// The bytes at the reference, not compared with its id.
Result<ByteView> bytes_at(const Reference& reference, LoadedFrame& frame, OpeningTools& tools,
                          const Cancellation& cancellation) {
  RETURN_IF_ERROR(frame.load(tools, cancellation));
  const ByteView plain = frame.plain();
  if (reference.offset > plain.size() || reference.length > plain.size() - reference.offset)
    return not_as_named(reference);
  return plain.subspan(reference.offset, reference.length);
}

// Base and patch make the result, which its id proves; so nothing but the result is compared.
Result<void> append_patched(const PlacedEntry& placed, Buffer& to, OpeningTools& tools,
                            const Cancellation& cancellation) {
  const ManifestEntry& entry = placed.entry;
  ASSIGN_OR_RETURN(const ByteView base, bytes_at(entry.chunk, *placed.chunk, tools, cancellation));
  ASSIGN_OR_RETURN(const ByteView patch, bytes_at(entry.patch, *placed.patch, tools, cancellation));
  const size_t offset = to.size();
  to.append(base);
  const std::span<std::byte> result(to.data() + offset, base.size());
  RETURN_IF_ERROR(apply_page_patch(patch, result), "pack {}: frame {}", entry.patch.frame.pack.to_string(),
                  entry.patch.frame.ordinal);
  return check_name(entry.id, result, entry.patch, placed.patch->generation(), tools);
}

}  // namespace

Result<ByteView> open_chunk(const Reference& reference, LoadedFrame& frame, OpeningTools& tools,
                            const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const ByteView bytes, bytes_at(reference, frame, tools, cancellation));
  RETURN_IF_ERROR(check_name(reference.id, bytes, reference, frame.generation(), tools));
  return bytes;
}

bool ContentPiece::has_room(const ManifestEntry& entry) const {
  if (entries_.empty()) return true;
  const bool zeros = entry.kind == ManifestEntry::Kind::kZeros;
  if (zeros || zeros_ != 0) return zeros && zeros_ != 0;
  return length_ + entry.length <= kPieceSize && frames_ < kPieceFrames && entries_.size() < kPieceEntries;
}

void ContentPiece::add(PlacedEntry placed) {
  const auto differs = [&](const std::shared_ptr<LoadedFrame>& frame) {
    return frame && std::ranges::none_of(entries_, [&](const PlacedEntry& other) {
             return other.chunk == frame || other.patch == frame;
           });
  };
  if (placed.entry.kind == ManifestEntry::Kind::kZeros) {
    zeros_ += placed.entry.length;
    if (!entries_.empty()) return;
  } else {
    length_ += placed.entry.length;
    frames_ += static_cast<size_t>(differs(placed.chunk)) + static_cast<size_t>(differs(placed.patch));
  }
  entries_.push_back(std::move(placed));
}

Result<void> ContentPiece::make(OpeningTools& tools, const Cancellation& cancellation) {
  if (zeros_ != 0) return {};
  bytes_.clear();
  bytes_.reserve(std::max(length_, kPieceSize));
  for (const PlacedEntry& placed : entries_) {
    RETURN_IF_ERROR(cancellation.check());
    if (placed.entry.kind == ManifestEntry::Kind::kPatched) {
      RETURN_IF_ERROR(append_patched(placed, bytes_, tools, cancellation));
      continue;
    }
    ASSIGN_OR_RETURN(const ByteView chunk,
                     open_chunk(placed.entry.chunk, *placed.chunk, tools, cancellation));
    bytes_.append(chunk);
  }
  // Frames that no other piece needs leave memory before the bytes are consumed.
  entries_.clear();
  return {};
}

}  // namespace summit::repository::packed
