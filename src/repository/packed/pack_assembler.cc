#include "repository/packed/pack_assembler.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "core/wait.h"
#include "repository/packed/pack_builder.h"

namespace summit::repository::packed {

struct PackAssembler::State {
  storage::ObjectStore& store;
  const Keyring& keyring;
  const Options options;
  const std::function<void(const PackName&)> opened;
  const std::function<void(const PackName&)> arrived;

  mutable std::mutex mutex{};  // guards everything below
  std::condition_variable changed{};
  std::unique_ptr<PackBuilder> filling{};
  std::deque<std::unique_ptr<PackBuilder>> full{};
  size_t uploading = 0;
  bool closed = false;
  std::vector<StoredPack> stored{};
  uint64_t stored_bytes = 0;

  bool may_upload() const { return full.size() + uploading < options.uploads; }

  void hand_over() {
    full.push_back(std::move(filling));
    changed.notify_all();
  }

  Result<void> wait(std::unique_lock<std::mutex>& lock, const Cancellation& cancellation) {
    RETURN_IF_ERROR(cancellation.check());
    changed.wait_for(lock, kCancellationInterval);
    return {};
  }
};

PackAssembler::PackAssembler(storage::ObjectStore& store, const Keyring& keyring, Options options,
                             std::function<void(const PackName&)> opened,
                             std::function<void(const PackName&)> arrived)
    : state_(new State{store, keyring, options, std::move(opened), std::move(arrived)}) {}
PackAssembler::~PackAssembler() = default;

Result<FramePlace> PackAssembler::add(const EncodedFrame& frame, std::span<const PackedChunk> chunks,
                                      const Cancellation& cancellation) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  while (state.filling && !state.filling->has_room(frame.bytes.size(), chunks.size())) {
    if (state.may_upload()) {
      state.hand_over();
    } else {
      // Meanwhile another thread may do the same: every question is asked again.
      RETURN_IF_ERROR(state.wait(lock, cancellation));
    }
  }
  if (!state.filling) {
    ASSIGN_OR_RETURN(state.filling,
                     PackBuilder::create(state.keyring, state.options.epoch, state.options.pack_size));
    state.opened(state.filling->name());
  }
  return state.filling->add(frame, chunks);
}

Result<void> PackAssembler::upload_packs(const Cancellation& cancellation) {
  State& state = *state_;
  while (true) {
    std::unique_ptr<PackBuilder> builder;
    {
      std::unique_lock lock(state.mutex);
      while (state.full.empty() && !state.closed) RETURN_IF_ERROR(state.wait(lock, cancellation));
      if (state.full.empty()) return {};
      builder = std::move(state.full.front());
      state.full.pop_front();
      ++state.uploading;
    }
    ASSIGN_OR_RETURN(const FinishedPack pack, builder->finish());
    RETURN_IF_ERROR(state.store.put(pack.stored.name.key(), as_bytes(pack.content),
                                    {.condition = storage::Condition::kAbsent}, cancellation));
    builder.reset();
    state.arrived(pack.stored.name);
    const std::lock_guard lock(state.mutex);
    state.stored.push_back(pack.stored);
    state.stored_bytes += pack.stored.size;
    --state.uploading;
    state.changed.notify_all();
  }
}

Result<void> PackAssembler::close(const Cancellation& cancellation) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  while (state.filling && !state.may_upload()) RETURN_IF_ERROR(state.wait(lock, cancellation));
  if (state.filling) state.hand_over();
  state.closed = true;
  state.changed.notify_all();
  return {};
}

std::vector<StoredPack> PackAssembler::stored() const {
  const std::lock_guard lock(state_->mutex);
  return state_->stored;
}

uint64_t PackAssembler::stored_bytes() const {
  const std::lock_guard lock(state_->mutex);
  return state_->stored_bytes;
}

}  // namespace summit::repository::packed
