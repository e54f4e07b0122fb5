// Checkpoints, and what they make superfluous. Protocol: docs/formats/repository.md, "To compact".
#include <algorithm>

#include "repository/packed/commit_log_state.h"

namespace summit::repository::packed {
namespace {

std::vector<uint64_t> records_of_live_backups(const RepositoryState& state) {
  std::vector<uint64_t> records;
  for (const auto& [id, live] : state.backups()) records.push_back(live.record);
  std::ranges::sort(records);
  return records;
}

}  // namespace

Result<void> CommitLog::write_checkpoint(uint64_t records, const Cancellation& cancellation) {
  State& self = *state_;
  const uint64_t number = self.state.number();
  ASSIGN_OR_RETURN(const auto numbers, self.checkpoints(cancellation));
  const uint64_t newest = numbers.empty() ? 0 : numbers.back();
  if (number < newest + std::max<uint64_t>(records, 1)) return {};
  ASSIGN_OR_RETURN(const std::string object,
                   seal_log_object(*self.keyring, LogObjectKind::kCheckpoint, number, self.state.hash(),
                                   as_bytes(self.state.to_checkpoint())));
  auto put = self.store->put(checkpoint_key(number), as_bytes(object),
                             {.condition = storage::Condition::kAbsent}, cancellation);
  // Somebody else's checkpoint of the same record says the same.
  if (!put.ok() && put.error().code() != Code::kAlreadyExists) return put;
  return {};
}

Result<void> CommitLog::State::void_record(uint64_t number, const Cancellation& cancellation) const {
  ASSIGN_OR_RETURN(const auto found, get_record(number, cancellation));
  if (!found) return Error(Code::kCorrupt, "{} is gone", log_key(number));
  if (found->object.header.kind == LogObjectKind::kVoid) return {};
  ASSIGN_OR_RETURN(const std::string object,
                   seal_log_object(*keyring, LogObjectKind::kVoid, number, found->object.digest));
  return store->put(log_key(number), as_bytes(object), {}, cancellation);
}

Result<uint64_t> CommitLog::State::void_records(uint64_t until, const Cancellation& cancellation) const {
  const std::vector<uint64_t> kept = records_of_live_backups(state);
  std::vector<uint64_t> superfluous;
  RETURN_IF_ERROR(store->list(
      kLogPrefix, "",
      [&](const storage::ObjectInfo& info) -> Result<bool> {
        const auto number = number_of_key(kLogPrefix, info.key);
        if (!number) return true;
        if (*number > until) return false;
        if (info.size > kVoidSize && !std::ranges::binary_search(kept, *number))
          superfluous.push_back(*number);
        return true;
      },
      cancellation));
  for (const uint64_t number : superfluous) RETURN_IF_ERROR(void_record(number, cancellation));
  return superfluous.size();
}

Result<CommitLog::Compaction> CommitLog::compact(const Cancellation& cancellation) {
  const State& self = *state_;
  Compaction done;
  ASSIGN_OR_RETURN(const auto numbers, self.checkpoints(cancellation));
  if (numbers.size() < 2) return done;
  // Nothing is given up before both that replace it were read back.
  for (const uint64_t number : {numbers.back(), numbers[numbers.size() - 2]}) {
    ASSIGN_OR_RETURN(const auto read, self.get_checkpoint(number, cancellation), "nothing was compacted");
    if (!read) return done;  // another compaction is ahead of this one
  }
  // Which backups live is known up to the state's own number.
  const uint64_t until = std::min(numbers[numbers.size() - 2], self.state.number());
  ASSIGN_OR_RETURN(done.records, self.void_records(until, cancellation));
  for (size_t i = 0; i + 2 < numbers.size(); ++i) {
    RETURN_IF_ERROR(self.store->remove(checkpoint_key(numbers[i]), cancellation));
    ++done.checkpoints;
  }
  return done;
}

}  // namespace summit::repository::packed
