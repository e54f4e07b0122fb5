#include "recovery/artifact_stream.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "core/task_group.h"
#include "core/wait.h"

namespace summit::recovery {
namespace {

constexpr size_t kAhead = 4 * MiB;  // and the one block that crosses it

}  // namespace

struct ArtifactStream::State {
  explicit State(const Cancellation& cancellation) : group(cancellation) {}

  Result<void> push(ByteView bytes) {
    std::unique_lock lock(mutex);
    RETURN_IF_ERROR(
        wait_for_change(changed, lock, [&] { return waiting_bytes < kAhead; }, group.cancellation()));
    waiting.emplace_back(bytes.begin(), bytes.end());
    waiting_bytes += bytes.size();
    changed.notify_all();
    return {};
  }

  Result<void> end(Result<void> result) {
    const std::lock_guard lock(mutex);
    ended = true;
    changed.notify_all();
    return result;
  }

  // False when nothing is there and nothing more comes, or the reader is to stop.
  bool take(std::vector<std::byte>& block) {
    std::unique_lock lock(mutex);
    while (waiting.empty() && !ended && !group.cancellation().requested())
      changed.wait_for(lock, kCancellationInterval);
    if (waiting.empty()) return false;
    block = std::move(waiting.front());
    waiting.pop_front();
    waiting_bytes -= block.size();
    changed.notify_all();
    return true;
  }

  std::vector<std::byte> current;  // the puller's, as is the outcome
  bool joined = false;
  Result<void> outcome;
  std::mutex mutex;  // guards what follows, except the group
  std::condition_variable changed;
  std::deque<std::vector<std::byte>> waiting;
  size_t waiting_bytes = 0;
  bool ended = false;
  TaskGroup group;  // last: its thread ends before the rest does
};

ArtifactStream::ArtifactStream(const repository::BackupReader& backup, std::string artifact,
                               const Cancellation& cancellation)
    : state_(std::make_unique<State>(cancellation)) {
  state_->group.spawn([state = state_.get(), &backup, name = std::move(artifact)] {
    const auto push = [state](ByteView bytes) { return bytes.empty() ? Result<void>() : state->push(bytes); };
    return state->end(backup.read(name, push, state->group.cancellation()));
  });
}

ArtifactStream::~ArtifactStream() = default;

Result<ByteView> ArtifactStream::next() {
  if (state_->take(state_->current)) return ByteView(state_->current);
  if (!state_->joined) state_->outcome = state_->group.join();
  state_->joined = true;
  // What came between a request to stop and the end that did not see it.
  if (state_->outcome.ok() && state_->take(state_->current)) return ByteView(state_->current);
  RETURN_IF_ERROR(state_->outcome);
  return ByteView();
}

}  // namespace summit::recovery
