// Finds chunks that are stored already, or are on their way. Thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <unordered_map>

#include "repository/packed/chunk_index.h"
#include "repository/packed/frame_job.h"

namespace summit::repository::packed {

class Deduplicator {
 public:
  explicit Deduplicator(ChunkIndex& index) : index_(index) {}

  std::optional<PendingReference> find(const ChunkId& id);

  // What find() gives; when there is nothing, the chunk's place is `mine` for everybody from now on, and who
  // asked must store it there.
  std::optional<PendingReference> find_or_claim(const PendingReference& mine);

  // All chunks of the job lie in the frame now.
  void placed(const FrameJob& job, const FramePlace& place);

  ChunkIndex& index() { return index_; }

 private:
  ChunkIndex& index_;
  std::mutex mutex_;
  std::unordered_map<ChunkId, PendingReference, ChunkIdHash> on_their_way_;
};

}  // namespace summit::repository::packed
