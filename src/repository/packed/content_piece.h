// A few consecutive entries of a manifest, made into their bytes by one thread.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "repository/packed/frame_loader.h"
#include "repository/packed/manifest_block.h"

namespace summit::repository::packed {

// An entry with the frames that it needs.
struct PlacedEntry {
  ManifestEntry entry{};
  std::shared_ptr<LoadedFrame> chunk{};
  std::shared_ptr<LoadedFrame> patch{};
};

// The bytes of one chunk, proven by its id.
Result<ByteView> open_chunk(const Reference& reference, LoadedFrame& frame, OpeningTools& tools,
                            const Cancellation& cancellation);

class ContentPiece {
 public:
  // Whether the entry may still be added: a piece stays small in bytes, and in frames that must be in memory
  // for it.
  bool has_room(const ManifestEntry& entry) const;
  void add(PlacedEntry entry);
  bool empty() const { return entries_.empty(); }

  // Zeros are not written out: a piece is either only them, however many, or none.
  uint64_t zeros() const { return zeros_; }

  // Brings, opens and checks everything; bytes() is complete then.
  Result<void> make(OpeningTools& tools, const Cancellation& cancellation);
  ByteView bytes() const { return bytes_.view(); }
  Buffer take_buffer() { return std::move(bytes_); }
  void give_buffer(Buffer buffer) { bytes_ = std::move(buffer); }

 private:
  std::vector<PlacedEntry> entries_;
  uint64_t zeros_ = 0;
  size_t length_ = 0;
  size_t frames_ = 0;
  Buffer bytes_;
};

}  // namespace summit::repository::packed
