#include "repository/packed/commit_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "repository/packed/commit_log_state.h"
#include "repository/packed/event_cbor.h"
#include "repository/packed/random.h"

namespace summit::repository::packed {
namespace {

// A reader can be overtaken by this many compactions in a row before it gives up.
constexpr int kMaxRestarts = 20;

Error rolled_back(std::string_view what) {
  return Error(Code::kCorrupt, "the repository was rolled back or replaced: {}", what)
      .hint("find out who did it; if it was on purpose, accept it once with --accept-other-history");
}

constexpr int kMaxAttempts = 3;

// So many records are read at most by who opens a log that nobody ever collected.
constexpr uint64_t kRecordsPerCheckpoint = 64;

// Whether a create that failed so can have been done, or can still be: its request may be on its way.
bool may_have_happened(Code code) {
  return code == Code::kUnreachable || code == Code::kTimeout || code == Code::kIo || code == Code::kFailed ||
         code == Code::kAlreadyExists;
}

}  // namespace

CommitLog::CommitLog(std::unique_ptr<State> state) : state_(std::move(state)) {}
CommitLog::~CommitLog() = default;

const RepositoryState& CommitLog::state() const { return state_->state; }

// --- Reading ---

Result<std::optional<FoundRecord>> CommitLog::State::get_record(uint64_t number,
                                                                const Cancellation& cancellation) const {
  const std::string key = log_key(number);
  auto bytes = storage::get_whole(*store, key, storage::kMaxWholeObject, cancellation);
  if (!bytes.ok() && bytes.error().code() == Code::kNotFound) return std::optional<FoundRecord>();
  if (!bytes.ok()) return std::move(bytes).error();
  FoundRecord found{.bytes = std::move(bytes).value(), .object = {}};
  ASSIGN_OR_RETURN(found.object, open_log_object(*keyring, key, as_bytes(found.bytes)));
  return std::optional(std::move(found));
}

Result<std::optional<RepositoryState>> CommitLog::State::get_checkpoint(
    uint64_t number, const Cancellation& cancellation) const {
  const std::string key = checkpoint_key(number);
  auto bytes = storage::get_whole(*store, key, storage::kMaxWholeObject, cancellation);
  if (!bytes.ok() && bytes.error().code() == Code::kNotFound) return std::optional<RepositoryState>();
  if (!bytes.ok()) return std::move(bytes).error();
  ASSIGN_OR_RETURN(const LogObject object, open_log_object(*keyring, key, as_bytes(*bytes)));
  ASSIGN_OR_RETURN(auto read,
                   RepositoryState::from_checkpoint(as_bytes(object.body), number, object.header.hash), "{}",
                   key);
  return std::optional(std::move(read));
}

Result<std::vector<uint64_t>> CommitLog::State::checkpoints(const Cancellation& cancellation) const {
  std::vector<uint64_t> numbers;
  RETURN_IF_ERROR(store->list(
      kCheckpointsPrefix, "",
      [&](const storage::ObjectInfo& info) -> Result<bool> {
        if (const auto number = number_of_key(kCheckpointsPrefix, info.key)) numbers.push_back(*number);
        return true;
      },
      cancellation));
  return numbers;
}

Result<void> CommitLog::State::start(const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto numbers, checkpoints(cancellation));
  std::optional<Error> damage;
  for (const uint64_t number : numbers | std::views::reverse) {
    auto read = get_checkpoint(number, cancellation);
    if (read.ok()) {
      auto found = std::move(read).value();
      if (!found) continue;  // superseded a moment ago
      state = *std::move(found);
      note(number, state.hash());
      return {};
    }
    // The one before a damaged one, and the records since, say the same.
    if (read.error().code() != Code::kCorrupt) return std::move(read).error();
    if (!damage) damage = std::move(read).error();
  }
  // Records go back to the first only as long as nothing was compacted. If they do not, the damage is what
  // there is to tell.
  if (damage) {
    ASSIGN_OR_RETURN(const auto first, get_record(1, cancellation));
    if (!first || first->object.header.kind == LogObjectKind::kVoid) return *std::move(damage);
  }
  state = RepositoryState();
  return {};
}

Result<void> CommitLog::State::apply(uint64_t number, const FoundRecord& found) {
  const std::string key = log_key(number);
  const Sha256Digest& before = number == 1 ? format_hash : state.hash();
  if (found.object.header.hash != before)
    return Error(Code::kCorrupt, "{} does not follow {}", key,
                 number == 1 ? "repository/format" : "the record before it")
        .hint("compare both with a replica; one of them was replaced");
  ASSIGN_OR_RETURN(const RecordBody body, record_body_from_cbor(as_bytes(found.object.body)), "{}", key);
  if (auto applied = state.apply(body.events, found.object.digest); !applied.ok())
    return Error(Code::kCorrupt, "{} breaks a rule: {}", key, applied.error().message());
  note(number, found.object.digest);
  return {};
}

Result<void> CommitLog::State::read_on(const Cancellation& cancellation) {
  int restarts = 0;
  while (true) {
    RETURN_IF_ERROR(cancellation.check());
    const uint64_t next = state.number() + 1;
    ASSIGN_OR_RETURN(const auto found, get_record(next, cancellation));
    if (!found) return {};
    if (found->object.header.kind == LogObjectKind::kRecord) {
      RETURN_IF_ERROR(apply(next, *found));
      continue;
    }
    // A compaction went by: its checkpoint says what this record did.
    RETURN_IF_ERROR(start(cancellation));
    if (state.number() >= next) continue;
    if (++restarts > kMaxRestarts)
      return Error(Code::kCorrupt, "{} was compacted, and no checkpoint that opens says what it did",
                   log_key(next))
          .hint("take the objects below repository/checkpoints/ from a replica");
  }
}

// Records come one after the other, so one beyond a missing one means that the missing one was lost, and
// appending there would fork the log.
Result<void> CommitLog::State::check_end(const Cancellation& cancellation) {
  if (options.is_replica) return {};
  while (true) {
    const uint64_t end = state.number();
    std::optional<uint64_t> beyond;
    RETURN_IF_ERROR(store->list(
        kLogPrefix, end == 0 ? "" : log_key(end),
        [&](const storage::ObjectInfo& info) -> Result<bool> {
          beyond = number_of_key(kLogPrefix, info.key);
          return !beyond.has_value();
        },
        cancellation));
    if (!beyond) return {};
    // Perhaps it was appended a moment ago.
    RETURN_IF_ERROR(read_on(cancellation));
    if (state.number() == end)
      return Error(Code::kCorrupt, "{} is gone, and {} is there", log_key(end + 1), log_key(*beyond))
          .hint("take the missing record from a replica; `summit-dr repair` does");
  }
}

void CommitLog::State::note(uint64_t number, const Sha256Digest& hash) {
  if (remembered && remembered->number == number) seen_at_remembered = hash;
}

Result<void> CommitLog::State::check_remembered(const Cancellation& cancellation) {
  if (!remembered) return {};
  const uint64_t number = remembered->number;
  if (number > state.number())
    return rolled_back(
        fmt::format("its log ends with record {}, and record {} was there", state.number(), number));
  if (!seen_at_remembered) {
    ASSIGN_OR_RETURN(const auto found, get_record(number, cancellation));
    if (!found) return rolled_back(fmt::format("{} is gone", log_key(number)));
    seen_at_remembered = found->hash();
  }
  if (*seen_at_remembered != remembered->hash)
    return rolled_back(fmt::format("{} is not the record that was there", log_key(number)));
  return {};
}

Result<void> CommitLog::State::remember() {
  const LogHead head{.number = state.number(), .hash = state.hash()};
  if (head.number == 0 || (remembered && *remembered == head)) return {};
  RETURN_IF_ERROR(write_head(options.head_directory, keyring->repository(), head));
  remembered = head;
  seen_at_remembered = head.hash;
  return {};
}

Result<std::unique_ptr<CommitLog>> CommitLog::open(storage::ObjectStore& store, const Keyring& keyring,
                                                   const Sha256Digest& format_hash, CommitLogOptions options,
                                                   const Cancellation& cancellation) {
  auto state = std::make_unique<State>();
  state->store = &store;
  state->keyring = &keyring;
  state->format_hash = format_hash;
  state->options = std::move(options);
  state->writer = random_bytes<16>();
  if (!state->options.accept_other_history) {
    ASSIGN_OR_RETURN(state->remembered, read_head(state->options.head_directory, keyring.repository()));
  }
  RETURN_IF_ERROR(state->start(cancellation));
  RETURN_IF_ERROR(state->read_on(cancellation));
  RETURN_IF_ERROR(state->check_end(cancellation));
  RETURN_IF_ERROR(state->check_remembered(cancellation));
  RETURN_IF_ERROR(state->remember());
  return std::unique_ptr<CommitLog>(new CommitLog(std::move(state)));
}

Result<void> CommitLog::refresh(const Cancellation& cancellation) {
  RETURN_IF_ERROR(state_->read_on(cancellation));
  return state_->remember();
}

Result<CommitEvent> CommitLog::read_commit(std::string_view backup, const Cancellation& cancellation) {
  const LiveBackup* live = state_->state.find(backup);
  if (live == nullptr)
    return Error(Code::kNotFound, "there is no backup {}", backup)
        .hint("run `summit-dr list` to see what there is");
  const std::string key = log_key(live->record);
  ASSIGN_OR_RETURN(const auto found, state_->get_record(live->record, cancellation));
  if (!found) return Error(Code::kCorrupt, "{}, which commits backup {}, is gone", key, backup);
  if (found->object.digest != live->record_hash)
    return Error(Code::kCorrupt, "{} is not the record that commits backup {}", key, backup);
  ASSIGN_OR_RETURN(RecordBody body, record_body_from_cbor(as_bytes(found->object.body)), "{}", key);
  for (Event& event : body.events) {
    auto* commit = std::get_if<CommitEvent>(&event);
    if (commit != nullptr && commit->backup == backup) return std::move(*commit);
  }
  return Error(Code::kCorrupt, "{} does not commit backup {}", key, backup);
}

// --- Appending ---

// Whether the record under that number is ours. The same bytes are tried again as long as the storage does
// not say, so that an attempt which arrives late creates the same record or none.
Result<bool> CommitLog::State::create(uint64_t number, ByteView record, const Sha256Digest& hash,
                                      const Cancellation& cancellation) const {
  for (int attempt = 1;; ++attempt) {
    auto put = store->put(log_key(number), record, {.condition = storage::Condition::kAbsent}, cancellation);
    if (put.ok()) return true;
    const Code code = put.error().code();
    // Not to be cancelled: it may be done, and then the user must be told so.
    const auto there = get_record(number, {});
    if (!there.ok() && code == Code::kAlreadyExists) return there.error();
    if (there.ok()) {
      const std::optional<FoundRecord>& found = there.value();
      if (found) return found->hash() == hash;
      if (!may_have_happened(code) || cancellation.requested()) return std::move(put).error();
    }
    if (!there.ok() || attempt == kMaxAttempts)
      return std::move(put).error().at(
          fmt::format("it is not known whether {} was created", log_key(number)));
  }
}

Result<std::optional<uint64_t>> CommitLog::append(const Build& build, const Cancellation& cancellation) {
  State& self = *state_;
  // Who loses every time is not alone: somebody else gets on. So there is no end to trying, but the caller's.
  while (true) {
    RETURN_IF_ERROR(self.read_on(cancellation));
    ASSIGN_OR_RETURN(auto events, build(self.state));
    if (events.empty()) {
      RETURN_IF_ERROR(self.remember());
      return std::optional<uint64_t>();
    }
    RETURN_IF_ERROR(self.state.check(events));
    const uint64_t number = self.state.number() + 1;
    const RecordBody body{.at = self.options.clock(), .writer = self.writer, .events = std::move(events)};
    const Sha256Digest& before = number == 1 ? self.format_hash : self.state.hash();
    ASSIGN_OR_RETURN(const std::string record, seal_log_object(*self.keyring, LogObjectKind::kRecord, number,
                                                               before, as_bytes(to_cbor(body))));
    const Sha256Digest hash = sha256(as_bytes(record));
    ASSIGN_OR_RETURN(const bool created, self.create(number, as_bytes(record), hash, cancellation));
    if (!created) continue;
    RETURN_IF_ERROR(self.state.apply(body.events, hash));
    self.note(number, hash);
    RETURN_IF_ERROR(self.remember());
    // It only saves time, so its failure is none: who appends the next multiple tries again.
    if (number % kRecordsPerCheckpoint == 0) (void)write_checkpoint(1, cancellation);
    return std::optional(number);
  }
}

}  // namespace summit::repository::packed
