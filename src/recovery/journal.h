// The record of restores under `<base>/.restores/`: which backup went where, and which safety backup undoes
// it.
//
// Written before the first byte of the target changes, so that an interrupted restore is seen by the next
// run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/result.h"
#include "core/time.h"
#include "recovery/written_tables.h"

namespace summit::recovery {

enum class RestoreState { kRunning, kFinished, kFailed };
std::string_view name_of(RestoreState state);

struct RestoreRecord {
  std::string id;  // "restore-20261121T031048Z"
  std::string backup;
  std::string environment;
  std::string safety_backup;  // empty: none was made
  std::string change_reference;
  std::vector<std::string> components;
  std::string part;  // what of them: "tenant acme", "database beside"; empty: all
  // Of a restore of some tables, by component: what a rollback puts back, and what it leaves. Empty for
  // everything else, and for what older programs restored.
  TablesByComponent tables;
  Instant started{};
  std::optional<Instant> finished;
  RestoreState state = RestoreState::kRunning;
  std::string problem;  // the first error of a failed one
};

// Holds the right to restore below one base, until it is destroyed: two restores at once would overwrite each
// other. The lock is the kernel's (flock), so a crash leaves none behind.
class RestoreJournal {
 public:
  // kBusy when another restore runs.
  static Result<RestoreJournal> open(const fs::path& base);

  // A record that says "running" although its process is gone: the target may be half restored.
  Result<std::vector<RestoreRecord>> interrupted() const;

  // Closes the records of interrupted restores of which nothing is left: everything that they were writing
  // was written since by restores that finished, the whole or the same part. Call it after such a restore.
  Result<void> settle_interrupted() const;

  // "restore-<instant>", moved on by a second while a record has that name.
  std::string new_id(Instant instant) const;

  // Durable when it returns.
  Result<void> write(const RestoreRecord& record) const;

  // A private directory for this run; what crashed runs left there is removed first.
  Result<TemporaryDirectory> workspace() const;

 private:
  RestoreJournal(fs::path directory, UniqueFd lock)
      : directory_(std::move(directory)), lock_(std::move(lock)) {}
  fs::path directory_;
  UniqueFd lock_;
};

// Newest first; needs no lock.
Result<std::vector<RestoreRecord>> list_restores(const fs::path& base);
// "latest" is the newest.
Result<RestoreRecord> find_restore(const fs::path& base, std::string_view id);

}  // namespace summit::recovery
