#include "devtools/write_load/write_load.h"

#include <atomic>

#include "core/task_group.h"
#include "core/wait.h"
#include "devtools/write_load/store_load.h"

namespace summit::platform {

struct WriteLoad::State {
  WriteLoadOptions options;
  Cancellation stopping;
  std::atomic<uint64_t> postgres{0};
  std::atomic<uint64_t> neo4j{0};
  std::atomic<uint64_t> redis{0};
  bool joined = false;
  TaskGroup threads;  // the last member: its threads use the others
};

namespace {

constexpr std::chrono::milliseconds kRetryPause{100};

bool is_away(const Error& error) {
  return error.code() == Code::kUnreachable || error.code() == Code::kTimeout;
}

Transfer transfer_number(uint64_t n) {
  const auto number = static_cast<int64_t>(n);
  const int64_t from = number * 7 % kAccounts;
  return {from, (from + 1 + number % (kAccounts - 1)) % kAccounts, 1 + number % 20,
          now().time_since_epoch().count()};
}

// One connection's life: until we are asked to stop, or the server goes away.
Result<void> write_until_away(StoreLoad& load, std::atomic<uint64_t>& count, std::chrono::milliseconds pause,
                              const Cancellation& stopping) {
  while (!stopping.requested()) {
    RETURN_IF_ERROR(load.transact(transfer_number(count.load())));
    ++count;
    if (!pause_for(pause, stopping).ok()) return {};
  }
  return {};
}

template <typename Endpoint>
Result<void> write_without_end(const Endpoint& endpoint, std::atomic<uint64_t>& count,
                               std::chrono::milliseconds pause, const Cancellation& stopping) {
  while (!stopping.requested()) {
    auto load = connect_load(endpoint);
    const Result<void> outcome =
        load ? write_until_away(**load, count, pause, stopping) : Result<void>(load.error());
    if (!outcome && !is_away(outcome.error())) return outcome;
    if (!outcome && !pause_for(kRetryPause, stopping).ok()) return {};
  }
  return {};
}

template <typename Endpoint>
Result<void> prepare(const std::optional<Endpoint>& endpoint) {
  if (!endpoint) return {};
  ASSIGN_OR_RETURN(const auto load, connect_load(*endpoint));
  return load->prepare();
}

}  // namespace

WriteLoad::WriteLoad(std::unique_ptr<State> state) : state_(std::move(state)) {}

WriteLoad::~WriteLoad() { (void)stop(); }

Result<std::unique_ptr<WriteLoad>> WriteLoad::start(const WriteLoadOptions& options) {
  RETURN_IF_ERROR(prepare(options.postgres));
  RETURN_IF_ERROR(prepare(options.neo4j));
  RETURN_IF_ERROR(prepare(options.redis));
  auto state = std::make_unique<State>();
  state->options = options;
  State* shared = state.get();
  const auto spawn = [shared](const auto& endpoint, std::atomic<uint64_t>& count) {
    if (!endpoint) return;
    shared->threads.spawn([shared, &endpoint, &count] {
      return write_without_end(*endpoint, count, shared->options.pause, shared->stopping);
    });
  };
  spawn(shared->options.postgres, shared->postgres);
  spawn(shared->options.neo4j, shared->neo4j);
  spawn(shared->options.redis, shared->redis);
  return std::unique_ptr<WriteLoad>(new WriteLoad(std::move(state)));
}

WriteLoadCounts WriteLoad::counts() const {
  return {state_->postgres.load(), state_->neo4j.load(), state_->redis.load()};
}

Result<void> WriteLoad::stop() {
  if (state_->joined) return {};
  state_->joined = true;
  state_->stopping.request();
  return state_->threads.join();
}

Result<void> check_totals(std::string_view store, int64_t accounts, int64_t sum, int64_t wrong_orders,
                          int64_t stray_items) {
  if (accounts == 0) return Error(Code::kNotFound, "{} has no accounts of the write load", store);
  if (accounts != kAccounts)
    return Error(Code::kMismatch, "{} has {} accounts instead of {}", store, accounts, kAccounts);
  if (sum != kAccounts * kStartBalance)
    return Error(Code::kMismatch, "the accounts of {} hold {} instead of {}", store, sum,
                 kAccounts * kStartBalance);
  if (wrong_orders != 0)
    return Error(Code::kMismatch, "{} orders of {} have not {} items", wrong_orders, store, kItemsPerOrder);
  if (stray_items != 0)
    return Error(Code::kMismatch, "{} items of {} belong to no order", stray_items, store);
  return {};
}

}  // namespace summit::platform
