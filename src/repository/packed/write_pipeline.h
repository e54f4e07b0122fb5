// The threads behind a ChunkWriter, and the queues between them.
//
// A batch of a content's bytes is identified (each chunk named), put in its content's order, its new chunks
// gathered in frames; frames are compressed, sealed into packs, and packs uploaded. Workers prefer frames to
// batches, so what was read leaves memory before more comes in.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "core/cancellation.h"
#include "repository/packed/batch.h"
#include "repository/packed/buffer.h"
#include "repository/packed/deduplicator.h"
#include "repository/packed/frame_job.h"
#include "repository/packed/keyring.h"
#include "repository/packed/pack_assembler.h"
#include "repository/packed/page_cache.h"

namespace summit::repository::packed {

class ContentAssembly;

struct PipelineCounters {
  std::atomic<uint64_t> read_bytes = 0;
  std::atomic<uint64_t> new_bytes = 0;
  std::atomic<uint64_t> chunks = 0;
  std::atomic<uint64_t> new_chunks = 0;
  std::atomic<uint64_t> taken_over_bytes = 0;
};

class WritePipeline {
 public:
  struct Options {
    int level = 1;
    size_t workers = 2;
    PackAssembler::Options packs;
  };
  // `pages` may be null.
  static Result<std::unique_ptr<WritePipeline>> start(storage::ObjectStore& store, const Keyring& keyring,
                                                      ChunkIndex& index, PageCache* pages,
                                                      const Options& options,
                                                      const Cancellation& cancellation);
  ~WritePipeline();

  // Waits while too many batches do.
  Result<void> submit(std::shared_ptr<ContentAssembly> content, Batch batch);
  void submit(FrameJob job);

  // Until no batch and no frame is left in it.
  Result<void> wait_until_idle();
  // After that: everything is in the store.
  Result<std::vector<StoredPack>> finish();

  Deduplicator& deduplicator();
  PipelineCounters& counters();
  uint64_t stored_bytes() const;
  // The first error of any thread, or of who waits for them.
  Result<void> check() const;

  // Buffers are used again: their pages stay warm, and memory does not fragment.
  Buffer take_batch_buffer();
  Buffer take_frame_buffer();
  void give_back_batch_buffer(Buffer buffer);

 private:
  struct State;
  explicit WritePipeline(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace summit::repository::packed
