// One component of a restore.
//
//   plan       what will be overwritten, predicted time and space; no side effects
//   restore    replaces the target's data by the backup's; after a crash the old data or a clear
//              "incomplete" remain
//   compare    reads the target back and compares with the recorded fingerprints; what restore() or reveal()
//              compared already is not read again
//   probe      is it healthy: answers, indexes valid, relations hold
//
// Of a masked restore: close, restore, search, then reveal or lock, compare, probe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "config/marker.h"
#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "masking/session.h"
#include "recovery/leak/leak_scan.h"
#include "recovery/leak/target_doors.h"
#include "recovery/leak/target_lock.h"
#include "recovery/unmatched_rules.h"
#include "recovery/written_tables.h"
#include "repository/backup_repository.h"
#include "repository/sealing.h"

namespace summit::recovery {

// How a database is restored that can be in more than one way. Words of `only` and `exclude` are explained in
// stores/postgres/table_selection.h.
struct DatabaseMode {
  bool keep_replaced = false;  // the database that was replaced stays under another name
  bool in_place = false;       // emptied and filled instead of replaced
  std::string into;            // the name of a new database, beside the one that is there
  std::vector<std::string> only;
  std::vector<std::string> exclude;
  // Of a rollback: instead of words, exactly the tables that the restore replaced.
  std::optional<TablesByComponent> undone;
  bool skip_failed_definitions = false;  // stores/postgres/skipped_definitions.h

  // Some tables, and nothing else.
  bool selects() const { return !only.empty() || !exclude.empty() || undone.has_value(); }
};

struct RestoreContext {
  const config::Configuration& configuration;
  const config::Environment& environment;  // the target
  const repository::BackupReader& backup;
  Reporter& reporter;
  Cancellation cancellation;
  std::optional<repository::SealingKey> sealing_key;
  fs::path workspace;  // private, removed at the end
  size_t jobs = 2;
  bool terminate_connections = false;  // end other sessions instead of refusing
  DatabaseMode databases{};
  const masking::Session* masking = nullptr;  // null: as it was backed up; outlives the restore
  bool count_rows = false;  // masked: the plan says how many rows stay, which takes a reading of all of them
};

// What happens to the rows of one table when an owner's rows are put back beside those of others.
struct RowChanges {
  std::string table;       // "public.users"
  uint64_t backed_up = 0;  // rows of the owner in the backup
  uint64_t inserted = 0;
  uint64_t changed = 0;
  uint64_t deleted = 0;
  uint64_t lent = 0;  // rows of others that were missing and that the owner's rows refer to: inserted
};

struct PlanStep {
  std::string target;                 // "database summit_dev at localhost:5432"
  std::string overwrites;             // "42 tables, 1.2 GiB" or "nothing: it does not exist"
  bool overwrites_something = false;  // true: a safety backup of it is worth making
  uint64_t bytes = 0;                 // to be written
  Seconds predicted{};                // time
  std::vector<std::string> notes;
  std::vector<RowChanges> rows;  // of a merge; empty for everything else
  std::optional<MetRules> met;   // masked, and looked through for the plan already
  WrittenTables tables;          // of a restore of some tables; empty for everything else
};

struct Difference {
  std::string what;      // "table public.users"
  std::string expected;  // "1000 rows, hash ab12…"
  std::string found;
};

class RestoreComponent {
 public:
  virtual ~RestoreComponent() = default;
  virtual std::string name() const = 0;
  virtual Result<PlanStep> plan(RestoreContext& context) = 0;
  // Writes `marker` into the restored data before anybody can connect, where the store allows.
  virtual Result<void> restore(RestoreContext& context,
                               const std::optional<config::EnvironmentMarker>& marker) = 0;
  virtual Result<std::vector<Difference>> compare(RestoreContext& context) = 0;
  // After a restore() or reveal() that failed with kMismatch, because what was made differs from the backup:
  // where. It has replaced nothing then. Empty for everything else.
  virtual std::vector<Difference> refused() const { return {}; }
  // After restore(): what it left out because it was allowed to, a sentence each.
  virtual std::vector<std::string> skipped() const { return {}; }
  // After restore(): what a merge wrote. Empty for everything else.
  virtual std::vector<RowChanges> rows() const { return {}; }
  // One line per check that holds ("412 indexes valid"); an error when one does not.
  virtual Result<std::vector<std::string>> probe(RestoreContext& context) = 0;

  // Whether compare() has anything to compare with.
  virtual bool is_comparable() const { return true; }

  // The rest is for masked restores (masked_target.h).
  //
  // Nobody else may see masked data before the certificate is there. A store that can, makes them aside in
  // restore() and puts them in their place in reveal(). One that cannot, keeps everybody out from close() on.
  //
  // Whether restore() writes into what others use, so that it must wait until all that is made aside was
  // made: what stops those must leave the target as it was.
  virtual bool writes_in_place(const RestoreContext&) const { return true; }
  // Before restore(). Does nothing where there is no need.
  virtual Result<void> close(RestoreContext&, TargetDoors&) { return {}; }
  // After search(), which found nothing: everybody sees what was restored.
  virtual Result<void> reveal(RestoreContext&, TargetDoors&) { return {}; }
  // Reads back everything that was restored and reports replaced values.
  virtual Result<void> search(RestoreContext&, const LeakScan& scan) {
    scan.report.not_searched(name());
    return {};
  }
  // Instead of reveal(): nobody gets in until unlock() of leak/target_lock.h; or what was made aside is gone,
  // and the target holds what it held (kNothingCame).
  virtual Result<LockedStore> lock(RestoreContext&) {
    return Error(Code::kUnsupported, "there is no way to lock it");
  }
};

}  // namespace summit::recovery
