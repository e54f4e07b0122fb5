// One content in the making: puts identified batches in order, gathers new chunks in frames, and writes the
// manifest.
//
// Thread-safe: workers deliver batches in any order.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "repository/packed/chunk_identifier.h"
#include "repository/packed/content.h"
#include "repository/packed/frame_job.h"
#include "repository/packed/manifest_block.h"
#include "repository/packed/write_pipeline.h"

namespace summit::repository::packed {

// The frames in which all contents' manifest blocks are stored, apart from the data: reading a manifest then
// reads little else.
class ManifestLane {
 public:
  ManifestLane(WritePipeline& pipeline, ChunkNamer&& namer) : pipeline_(pipeline), namer_(std::move(namer)) {}
  Result<PendingReference> add(const std::string& block);
  void flush();

 private:
  WritePipeline& pipeline_;
  std::mutex mutex_;  // guards everything below
  ChunkNamer namer_;
  OpenFrame frame_{1 * MiB};
};

class ContentAssembly : public FrameOwner, public std::enable_shared_from_this<ContentAssembly> {
 public:
  ContentAssembly(WritePipeline& pipeline, ManifestLane& lane);

  Result<void> deliver(IdentifiedBatch batch);

  // Waits until the first `batches` of them were delivered; then what remains of the last frame goes on its
  // way.
  Result<void> end(uint64_t batches);

  // So that nobody waits for a frame that fills slowly, or never.
  void seal_frame() override;

  // After end(), when no frame is left in the pipeline: writes the rest of the manifest.
  Result<void> write_manifest();
  // After that, when the lane's frames have left the pipeline too.
  Result<Content> content();

 private:
  struct PendingEntry {
    ManifestEntry entry{};
    PendingReference chunk{};
    PendingReference patch{};
  };

  void assemble(const IdentifiedItem& item);
  PendingReference store(const ChunkId& id, ByteView bytes, ChunkKind kind);
  void seal_locked();
  // Who holds up the oldest of too many entries that have no place yet.
  std::shared_ptr<FrameOwner> laggard() const;
  // Moves the entries whose places are known to the manifest.
  Result<void> drain();

  WritePipeline& pipeline_;
  ManifestLane& lane_;
  std::mutex mutex_;
  std::condition_variable assembled_;
  std::map<uint64_t, IdentifiedBatch> waiting_;
  uint64_t next_ = 0;
  OpenFrame frame_{kMaxFramePlain};
  std::deque<PendingEntry> entries_;
  ManifestBuilder manifest_;
  std::vector<PendingReference> blocks_;
  std::set<PackName> packs_;
  uint64_t size_ = 0;
};

}  // namespace summit::repository::packed
