#include "repository/packed/write_pipeline.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "core/task_group.h"
#include "core/wait.h"
#include "repository/packed/buffer_pool.h"
#include "repository/packed/chunk_identifier.h"
#include "repository/packed/content_assembly.h"

namespace summit::repository::packed {
namespace {

struct BatchJob {
  std::shared_ptr<ContentAssembly> content;
  Batch batch;
};

}  // namespace

struct WritePipeline::State {
  State(storage::ObjectStore& store, const Keyring& keys, ChunkIndex& index, PageCache* page_cache,
        const Options& wanted, const Cancellation& cancellation)
      : keyring(keys),
        pages(page_cache),
        options(wanted),
        deduplicator(index),
        assembler(
            store, keys, wanted.packs, [&index](const PackName& pack) { index.add_usable(pack); },
            [&index](const PackName& pack) { index.mark_complete(pack); }),
        batch_buffers(kBatchCapacity, 2 * wanted.workers),
        frame_buffers(kMaxFramePlain, 2 * wanted.workers),
        group(cancellation) {}

  const Keyring& keyring;
  PageCache* const pages;
  const Options options;
  Deduplicator deduplicator;
  PackAssembler assembler;
  PipelineCounters counters;
  BufferPool batch_buffers;
  BufferPool frame_buffers;

  mutable std::mutex mutex;  // guards everything below, except the group
  std::condition_variable changed;
  std::deque<BatchJob> batches;
  std::deque<FrameJob> frames;
  size_t in_work = 0;
  bool closed = false;
  std::optional<Error> failure;

  TaskGroup group;  // last: its threads end before the rest does

  Result<void> check_locked() const {
    if (failure) return *failure;
    return group.cancellation().check();
  }

  // Remembers the first error of all threads. A mere consequence of another one is none.
  Result<void> note(Result<void> result) {
    if (result.ok()) return result;
    const std::lock_guard lock(mutex);
    if (!failure && result.error().code() != Code::kCancelled) failure = result.error();
    changed.notify_all();
    return result;
  }

  Result<void> wait(std::unique_lock<std::mutex>& lock) {
    RETURN_IF_ERROR(check_locked());
    changed.wait_for(lock, kCancellationInterval);
    return {};
  }

  // One job; nothing when the pipeline was closed.
  struct Job {
    std::optional<FrameJob> frame;
    std::optional<BatchJob> batch;
  };
  Result<std::optional<Job>> next_job() {
    std::unique_lock lock(mutex);
    while (frames.empty() && batches.empty() && !closed) RETURN_IF_ERROR(wait(lock));
    Job job;
    if (!frames.empty()) {
      job.frame = std::move(frames.front());
      frames.pop_front();
    } else if (!batches.empty()) {
      job.batch = std::move(batches.front());
      batches.pop_front();
    } else {
      return std::optional<Job>();
    }
    ++in_work;
    changed.notify_all();
    return std::optional(std::move(job));
  }
  void done() {
    const std::lock_guard lock(mutex);
    --in_work;
    changed.notify_all();
  }

  Result<void> store_frame(FrameJob job, FrameEncoder& encoder) {
    ASSIGN_OR_RETURN(const EncodedFrame encoded, encoder.encode(job.plain.view()));
    ASSIGN_OR_RETURN(const FramePlace place, assembler.add(encoded, job.chunks, group.cancellation()));
    job.ticket->set(place);
    deduplicator.placed(job, place);
    frame_buffers.give_back(std::move(job.plain));
    return {};
  }

  Result<void> work() {
    ASSIGN_OR_RETURN(const auto identifier, ChunkIdentifier::create(keyring, deduplicator, pages));
    ASSIGN_OR_RETURN(const auto encoder, FrameEncoder::create(options.level));
    while (true) {
      ASSIGN_OR_RETURN(std::optional<Job> job, next_job());
      if (!job) return {};
      if (job->frame) {
        RETURN_IF_ERROR(store_frame(std::move(*job->frame), *encoder));
      } else {
        ASSIGN_OR_RETURN(IdentifiedBatch identified, identifier->identify(std::move(job->batch->batch)));
        RETURN_IF_ERROR(job->batch->content->deliver(std::move(identified)));
      }
      done();
    }
  }
};

WritePipeline::WritePipeline(std::unique_ptr<State> state) : state_(std::move(state)) {}
WritePipeline::~WritePipeline() = default;

Result<std::unique_ptr<WritePipeline>> WritePipeline::start(storage::ObjectStore& store,
                                                            const Keyring& keyring, ChunkIndex& index,
                                                            PageCache* pages, const Options& options,
                                                            const Cancellation& cancellation) {
  auto state = std::make_unique<State>(store, keyring, index, pages, options, cancellation);
  State* const shared = state.get();
  for (size_t i = 0; i < options.workers; ++i)
    state->group.spawn([shared] { return shared->note(shared->work()); });
  for (size_t i = 0; i < options.packs.uploads; ++i) {
    state->group.spawn(
        [shared] { return shared->note(shared->assembler.upload_packs(shared->group.cancellation())); });
  }
  return std::unique_ptr<WritePipeline>(new WritePipeline(std::move(state)));
}

Result<void> WritePipeline::submit(std::shared_ptr<ContentAssembly> content, Batch batch) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  while (state.batches.size() >= state.options.workers) RETURN_IF_ERROR(state.wait(lock));
  RETURN_IF_ERROR(state.check_locked());
  state.batches.push_back({std::move(content), std::move(batch)});
  state.changed.notify_all();
  return {};
}

void WritePipeline::submit(FrameJob job) {
  const std::lock_guard lock(state_->mutex);
  state_->frames.push_back(std::move(job));
  state_->changed.notify_all();
}

Result<void> WritePipeline::wait_until_idle() {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  while (!state.batches.empty() || !state.frames.empty() || state.in_work != 0)
    RETURN_IF_ERROR(state.wait(lock));
  return {};
}

Result<std::vector<StoredPack>> WritePipeline::finish() {
  State& state = *state_;
  RETURN_IF_ERROR(wait_until_idle());
  const auto closed = state.assembler.close(state.group.cancellation());
  {
    const std::lock_guard lock(state.mutex);
    state.closed = true;
    state.changed.notify_all();
  }
  RETURN_IF_ERROR(state.group.join());
  RETURN_IF_ERROR(closed);
  return state.assembler.stored();
}

Deduplicator& WritePipeline::deduplicator() { return state_->deduplicator; }
PipelineCounters& WritePipeline::counters() { return state_->counters; }
uint64_t WritePipeline::stored_bytes() const { return state_->assembler.stored_bytes(); }

Result<void> WritePipeline::check() const {
  const std::lock_guard lock(state_->mutex);
  return state_->check_locked();
}

Buffer WritePipeline::take_batch_buffer() { return state_->batch_buffers.take(); }
Buffer WritePipeline::take_frame_buffer() { return state_->frame_buffers.take(); }
void WritePipeline::give_back_batch_buffer(Buffer buffer) {
  state_->batch_buffers.give_back(std::move(buffer));
}

}  // namespace summit::repository::packed
