#include "repository/packed/chunk_writer.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "repository/packed/chunker.h"
#include "repository/packed/content_assembly.h"
#include "repository/packed/file_extent_writer.h"
#include "repository/packed/stream_writer.h"
#include "repository/packed/write_pipeline.h"

namespace summit::repository::packed {
namespace {

// What a worker needs: a frame in work and one waiting, plain and encoded, the compressor's tables, a few
// batches.
constexpr uint64_t kWorkerMemory = 20 * MiB;
constexpr uint64_t kOtherMemory = 32 * MiB;
constexpr uint64_t kLeastPack = 4 * MiB;

WritePipeline::Options fitted(const ChunkWriterOptions& options, uint64_t epoch) {
  WritePipeline::Options fit{
      .level = options.level,
      .workers = options.workers != 0 ? options.workers : std::max(1U, std::thread::hardware_concurrency()),
      .packs = {.epoch = epoch,
                .pack_size = std::clamp(options.pack_size, kLeastPack, 64 * MiB),
                .uploads = std::max<size_t>(options.uploads, 1)}};
  const auto needed = [&] {
    return kOtherMemory + fit.workers * kWorkerMemory + (fit.packs.uploads + 1) * fit.packs.pack_size;
  };
  // Smaller packs cost requests, fewer workers cost time: the packs first, down to half.
  while (needed() > options.memory && fit.packs.pack_size > options.pack_size / 2 &&
         fit.packs.pack_size > kLeastPack)
    fit.packs.pack_size -= 1 * MiB;
  while (needed() > options.memory && fit.workers > 1) --fit.workers;
  while (needed() > options.memory && fit.packs.uploads > 1) --fit.packs.uploads;
  return fit;
}

}  // namespace

struct ChunkWriter::State {
  State(Chunker cut, std::unique_ptr<WritePipeline> threads, ChunkNamer&& namer)
      : chunker(cut), pipeline(std::move(threads)), lane(*pipeline, std::move(namer)) {}

  const Chunker chunker;
  std::unique_ptr<WritePipeline> pipeline;
  ManifestLane lane;
  std::mutex mutex;  // guards both lists
  std::vector<std::shared_ptr<ContentAssembly>> begun;
  std::vector<std::shared_ptr<ContentAssembly>> finished;

  std::shared_ptr<ContentAssembly> begin() {
    auto content = std::make_shared<ContentAssembly>(*pipeline, lane);
    const std::lock_guard lock(mutex);
    begun.push_back(content);
    return content;
  }
  RegisterContent numbering() {
    return [this](std::shared_ptr<ContentAssembly> content) {
      const std::lock_guard lock(mutex);
      finished.push_back(std::move(content));
      return finished.size() - 1;
    };
  }

  ~State() { pipeline.reset(); }  // its threads use the contents and the lane
};

ChunkWriter::ChunkWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChunkWriter::~ChunkWriter() = default;

Result<std::unique_ptr<ChunkWriter>> ChunkWriter::create(storage::ObjectStore& store, const Keyring& keyring,
                                                         ChunkIndex& index, uint64_t epoch,
                                                         const ChunkWriterOptions& options,
                                                         const Cancellation& cancellation) {
  const uint32_t generation = keyring.newest_generation();
  ASSIGN_OR_RETURN(const Secret chunker_key, keyring.subkey(generation, Purpose::kChunker));
  ASSIGN_OR_RETURN(const Chunker chunker, Chunker::create(chunker_key));
  ASSIGN_OR_RETURN(const Secret naming_key, keyring.subkey(generation, Purpose::kChunkId));
  ASSIGN_OR_RETURN(ChunkNamer namer, ChunkNamer::create(naming_key));
  ASSIGN_OR_RETURN(auto pipeline, WritePipeline::start(store, keyring, index, options.pages,
                                                       fitted(options, epoch), cancellation));
  return std::unique_ptr<ChunkWriter>(
      new ChunkWriter(std::make_unique<State>(chunker, std::move(pipeline), std::move(namer))));
}

Result<std::unique_ptr<ContentWriter>> ChunkWriter::begin_stream() {
  State& state = *state_;
  RETURN_IF_ERROR(state.pipeline->check());
  return std::unique_ptr<ContentWriter>(
      std::make_unique<StreamWriter>(*state.pipeline, state.begin(), state.chunker, state.numbering()));
}

Result<std::unique_ptr<ExtentWriter>> ChunkWriter::begin_extents(std::unique_ptr<ManifestCursor> previous) {
  State& state = *state_;
  RETURN_IF_ERROR(state.pipeline->check());
  return std::unique_ptr<ExtentWriter>(std::make_unique<FileExtentWriter>(
      *state.pipeline, state.begin(), std::move(previous), state.numbering()));
}

Result<Written> ChunkWriter::finish() {
  State& state = *state_;
  RETURN_IF_ERROR(state.pipeline->wait_until_idle());
  // Also of contents that were given up: others may refer to chunks in their last frames.
  for (const auto& content : state.begun) content->seal_frame();
  RETURN_IF_ERROR(state.pipeline->wait_until_idle());
  for (const auto& content : state.finished) RETURN_IF_ERROR(content->write_manifest());
  state.lane.flush();
  Written written;
  ASSIGN_OR_RETURN(written.packs, state.pipeline->finish());
  for (const auto& content : state.finished) {
    ASSIGN_OR_RETURN(Content summary, content->content());
    written.contents.push_back(std::move(summary));
  }
  return written;
}

WriteCounters ChunkWriter::counters() const {
  PipelineCounters& counters = state_->pipeline->counters();
  return {.read_bytes = counters.read_bytes,
          .new_bytes = counters.new_bytes,
          .stored_bytes = state_->pipeline->stored_bytes(),
          .chunks = counters.chunks,
          .new_chunks = counters.new_chunks,
          .taken_over_bytes = counters.taken_over_bytes};
}

}  // namespace summit::repository::packed
