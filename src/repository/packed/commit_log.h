// The repository's numbered log: the one thing that says which backups exist.
//
// Any number of clients append at the same time without a lock: record n+1 is created on condition that it is
// absent, and who loses reads it, checks again and tries again. So whatever was allowed when it was written
// is allowed in the one order of all records. Format and protocol: docs/formats/repository.md. One thread at
// a time; threads that append each open their own.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/digest.h"
#include "core/result.h"
#include "core/time.h"
#include "repository/packed/events.h"
#include "repository/packed/keyring.h"
#include "repository/packed/repository_state.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

struct CommitLogOptions {
  // Where the last number and hash that this user saw are remembered, one file a repository. Empty: nowhere,
  // and a repository that was rolled back is not noticed.
  std::filesystem::path head_directory{};
  // Takes a repository as it is, and remembers it so, though it was rolled back or replaced since it was last
  // seen.
  bool accept_other_history = false;
  // The log of a replica, which may be on its way: its records arrive from the newest to the oldest, so it
  // ends where the first one is missing. Elsewhere that is damage.
  bool is_replica = false;
  std::function<Instant()> clock = now;
};

class CommitLog {
 public:
  // Reads the newest checkpoint that opens and the records after it. `format_hash` is the SHA-256 of the
  // object `format`. The store and the keyring outlive the log. kWrongKey when the keyring has no key of a
  // record's generation; kCorrupt, naming the object, for one that is damaged, out of place or of another
  // repository, and for a log that ends before the remembered head or differs from it.
  static Result<std::unique_ptr<CommitLog>> open(storage::ObjectStore& store, const Keyring& keyring,
                                                 const Sha256Digest& format_hash,
                                                 CommitLogOptions options = {},
                                                 const Cancellation& cancellation = {});
  ~CommitLog();

  // As of the last record that was read.
  const RepositoryState& state() const;

  // Reads on to the end of the log.
  Result<void> refresh(const Cancellation& cancellation = {});

  // Appends one record with the events that `build` makes from the state at the log's end. Called again after
  // each lost race, so it must have no other effect. No events: nothing is appended. Gives the record's
  // number. kRefused when the events are not allowed. When the storage fails so that nobody can know whether
  // the record was created, the error says that.
  using Build = std::function<Result<std::vector<Event>>(const RepositoryState&)>;
  Result<std::optional<uint64_t>> append(const Build& build, const Cancellation& cancellation = {});

  // The commit of a live backup, read from its record. kNotFound when no such backup lives.
  Result<CommitEvent> read_commit(std::string_view backup, const Cancellation& cancellation = {});

  // Writes a checkpoint of the present state, unless the newest one is less than `records` old.
  Result<void> write_checkpoint(uint64_t records = 1, const Cancellation& cancellation = {});

  // Voids the records that the two newest checkpoints make superfluous, and removes older checkpoints.
  // Gives how many of both.
  struct Compaction {
    uint64_t records = 0;
    uint64_t checkpoints = 0;
  };
  Result<Compaction> compact(const Cancellation& cancellation = {});

 private:
  struct State;
  explicit CommitLog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace summit::repository::packed
