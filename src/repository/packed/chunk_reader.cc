#include "repository/packed/chunk_reader.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>
#include <thread>

#include "core/task_group.h"
#include "core/wait.h"
#include "repository/packed/content_piece.h"
#include "repository/packed/frame_loader.h"

namespace summit::repository::packed {
namespace {

// A piece in work: its bytes, and frames that only it holds.
constexpr uint64_t kPieceMemory = 12 * MiB;
constexpr size_t kWorkersOfRange = 2;

// Pieces on their way from the reader of the manifest through the workers to the consumer, in order.
class PieceQueue {
 public:
  PieceQueue(const Keyring& keyring, size_t workers, const Cancellation& cancellation)
      : group_(cancellation) {
    for (size_t i = 0; i < workers; ++i) {
      group_.spawn([this, &keyring] { return note(work(keyring)); });
    }
  }

  size_t size() const { return in_order_.size(); }

  void push(std::shared_ptr<ContentPiece> piece) {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      piece->give_buffer(std::move(free_.back()));
      free_.pop_back();
    }
    in_order_.push_back({piece});
    waiting_.push_back(std::move(piece));
    changed_.notify_all();
  }

  // Waits for the oldest piece and takes it out.
  Result<std::shared_ptr<ContentPiece>> pop() {
    std::unique_lock lock(mutex_);
    const std::shared_ptr<ContentPiece> oldest = in_order_.front();
    while (std::ranges::find(made_, oldest) == made_.end()) RETURN_IF_ERROR(wait(lock));
    std::erase(made_, oldest);
    in_order_.pop_front();
    return oldest;
  }
  void give_back(ContentPiece& piece) {
    const std::lock_guard lock(mutex_);
    free_.push_back(piece.take_buffer());
  }

  Result<void> finish() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      changed_.notify_all();
    }
    return group_.join();
  }

  const Cancellation& cancellation() const { return group_.cancellation(); }

 private:
  Result<void> wait(std::unique_lock<std::mutex>& lock) {
    if (failure_) return *failure_;
    RETURN_IF_ERROR(group_.cancellation().check());
    changed_.wait_for(lock, kCancellationInterval);
    return {};
  }

  Result<void> note(Result<void> result) {
    if (result.ok()) return result;
    const std::lock_guard lock(mutex_);
    if (!failure_ && result.error().code() != Code::kCancelled) failure_ = result.error();
    changed_.notify_all();
    return result;
  }

  Result<void> work(const Keyring& keyring) {
    ASSIGN_OR_RETURN(const auto tools, OpeningTools::create(keyring));
    while (true) {
      std::shared_ptr<ContentPiece> piece;
      {
        std::unique_lock lock(mutex_);
        while (waiting_.empty() && !closed_) RETURN_IF_ERROR(wait(lock));
        if (waiting_.empty()) return {};
        piece = std::move(waiting_.front());
        waiting_.pop_front();
      }
      RETURN_IF_ERROR(piece->make(*tools, group_.cancellation()));
      const std::lock_guard lock(mutex_);
      made_.push_back(std::move(piece));
      changed_.notify_all();
    }
  }

  std::deque<std::shared_ptr<ContentPiece>> in_order_;  // the consumer's thread only
  std::mutex mutex_;                                    // guards everything below, except the group
  std::condition_variable changed_;
  std::deque<std::shared_ptr<ContentPiece>> waiting_;
  std::vector<std::shared_ptr<ContentPiece>> made_;
  std::vector<Buffer> free_;
  bool closed_ = false;
  std::optional<Error> failure_;
  TaskGroup group_;  // last: its threads end before the rest does
};

// Hands on the bytes that are wanted of what comes in whole entries.
class Cut {
 public:
  // The first `skip` bytes are not wanted, nor what follows the next `size`.
  Cut(uint64_t skip, uint64_t size, const ChunkReader::Consume& consume)
      : skip_(skip), left_(size), consume_(consume) {}

  Result<void> bytes(ByteView bytes) {
    const Part part = part_of(bytes.size());
    return part.size == 0 ? Result<void>() : consume_(bytes.subspan(part.offset, part.size));
  }

  Result<void> zeros(uint64_t count) {
    static constexpr std::array<std::byte, 64 * KiB> kZeros{};
    for (uint64_t left = part_of(count).size; left != 0;) {
      const size_t block = std::min<uint64_t>(left, kZeros.size());
      RETURN_IF_ERROR(consume_(ByteView(kZeros).first(block)));
      left -= block;
    }
    return {};
  }

  // Bytes that are still to come.
  uint64_t left() const { return left_; }

 private:
  struct Part {
    uint64_t offset = 0;
    uint64_t size = 0;
  };
  Part part_of(uint64_t count) {
    const uint64_t skipped = std::min(skip_, count);
    const uint64_t size = std::min(left_, count - skipped);
    skip_ -= skipped;
    left_ -= size;
    return {skipped, size};
  }

  uint64_t skip_;
  uint64_t left_;
  const ChunkReader::Consume& consume_;
};

}  // namespace

struct ChunkReader::State {
  State(storage::ObjectStore& the_store, const Keyring& keys, ChunkReaderOptions wanted)
      : keyring(keys),
        options(fitted(std::move(wanted))),
        loader(the_store, keys, options.memory / 3),
        relocations(the_store, keys, options.relocated) {}

  static ChunkReaderOptions fitted(ChunkReaderOptions wanted) {
    if (wanted.workers == 0) wanted.workers = std::max(1U, std::thread::hardware_concurrency());
    const uint64_t pieces = std::max<uint64_t>(wanted.memory * 2 / 3 / kPieceMemory, 2);
    wanted.workers = std::clamp<size_t>(wanted.workers, 1, pieces - 1);
    return wanted;
  }
  // In work, and made but not consumed.
  static size_t pieces_ahead(size_t workers) { return workers + 2; }

  const Keyring& keyring;
  const ChunkReaderOptions options;
  FrameLoader loader;
  std::mutex relocations_mutex;
  RelocationMap relocations;
  BlockLengths block_lengths;

  Result<Reference> present(const Reference& reference, const Cancellation& cancellation) {
    const std::lock_guard lock(relocations_mutex);
    return relocations.present(reference, cancellation);
  }

  Result<PlacedEntry> place(const ManifestEntry& entry, FrameRun& frames, const Cancellation& cancellation) {
    PlacedEntry placed{.entry = entry};
    if (entry.kind == ManifestEntry::Kind::kZeros) return placed;
    ASSIGN_OR_RETURN(placed.entry.chunk, present(entry.chunk, cancellation));
    placed.chunk = loader.frame(placed.entry.chunk.frame, frames);
    if (entry.kind == ManifestEntry::Kind::kChunk) return placed;
    ASSIGN_OR_RETURN(placed.entry.patch, present(entry.patch, cancellation));
    placed.patch = loader.frame(placed.entry.patch.frame, frames);
    return placed;
  }
};

ChunkReader::ChunkReader(storage::ObjectStore& store, const Keyring& keyring, ChunkReaderOptions options)
    : state_(std::make_unique<State>(store, keyring, std::move(options))) {}
ChunkReader::~ChunkReader() = default;

Result<void> ChunkReader::read(const std::vector<Reference>& blocks, const Consume& consume,
                               const Cancellation& cancellation) {
  return stream(blocks, 0, std::nullopt, consume, cancellation);
}

Result<void> ChunkReader::read_range(const std::vector<Reference>& blocks, uint64_t offset, uint64_t size,
                                     const Consume& consume, const Cancellation& cancellation) {
  if (size == 0) return {};
  return stream(blocks, offset, size, consume, cancellation);
}

Result<void> ChunkReader::stream(const std::vector<Reference>& blocks, uint64_t offset,
                                 std::optional<uint64_t> size, const Consume& consume,
                                 const Cancellation& cancellation) {
  State& state = *state_;
  // Ranges are read several at a time: not with all cores each.
  const size_t workers = size ? std::min(state.options.workers, kWorkersOfRange) : state.options.workers;
  PieceQueue queue(state.keyring, workers, cancellation);
  const auto manifest = cursor(blocks, queue.cancellation());
  ASSIGN_OR_RETURN(const auto first, manifest->covering(offset));
  uint64_t skip = first ? offset - first->offset : 0;
  uint64_t missing = size.value_or(std::numeric_limits<uint64_t>::max());
  Cut cut(skip, missing, consume);
  const auto consume_oldest = [&]() -> Result<void> {
    ASSIGN_OR_RETURN(const auto piece, queue.pop());
    RETURN_IF_ERROR(piece->zeros() != 0 ? cut.zeros(piece->zeros()) : cut.bytes(piece->bytes()));
    queue.give_back(*piece);
    return {};
  };
  FrameRun frames;
  auto piece = std::make_shared<ContentPiece>();
  while (missing != 0) {
    ASSIGN_OR_RETURN(const auto entry, manifest->next());
    if (!entry) break;
    if (!piece->has_room(*entry)) {
      queue.push(std::exchange(piece, std::make_shared<ContentPiece>()));
      while (queue.size() >= State::pieces_ahead(workers)) RETURN_IF_ERROR(consume_oldest());
    }
    ASSIGN_OR_RETURN(PlacedEntry placed, state.place(*entry, frames, queue.cancellation()));
    piece->add(std::move(placed));
    missing -= std::min(missing, entry->length - std::exchange(skip, 0));
  }
  if (!piece->empty()) queue.push(std::move(piece));
  while (queue.size() != 0) RETURN_IF_ERROR(consume_oldest());
  RETURN_IF_ERROR(queue.finish());
  if (size && cut.left() != 0)
    return Error(Code::kCorrupt, "the manifest lacks {} of {} bytes from {} on", cut.left(), *size, offset);
  return {};
}

Result<std::string> ChunkReader::read_chunk(const Reference& reference, const Cancellation& cancellation) {
  State& state = *state_;
  ASSIGN_OR_RETURN(const auto tools, OpeningTools::create(state.keyring));
  ASSIGN_OR_RETURN(const Reference present, state.present(reference, cancellation));
  FrameRun alone;
  const auto frame = state.loader.frame(present.frame, alone);
  ASSIGN_OR_RETURN(const ByteView bytes, open_chunk(present, *frame, *tools, cancellation));
  return std::string(as_text(bytes));
}

std::unique_ptr<ManifestCursor> ChunkReader::cursor(std::vector<Reference> blocks,
                                                    const Cancellation& cancellation) {
  return std::make_unique<ManifestCursor>(
      std::move(blocks),
      [this, cancellation](const Reference& block) { return read_chunk(block, cancellation); },
      state_->block_lengths);
}

}  // namespace summit::repository::packed
