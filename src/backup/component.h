// One component of a backup, captured in three steps so that all stores share one instant.
//
//   prepare   everything that may happen before the instant: connect, check rights, copy what becomes
//   consistent at the *end* cut       fixes the instant: export the snapshot, begin PSYNC, note the log's
//   length; short transfer  streams the data of that instant into artifacts, and fingerprints them
//
// The runner calls prepare of all components in parallel, then the cuts (those that a server triggers in its
// own time first, then the immediate ones, all in parallel), then transfer of all in parallel. A component
// that fails keeps its error; the others go on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backup/scope.h"
#include "config/backup_set.h"
#include "config/configuration.h"
#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "repository/backup_repository.h"
#include "repository/metadata.h"
#include "repository/sealing.h"

namespace summit::backup {

struct CaptureContext {
  const config::Configuration& configuration;
  const config::Environment& environment;
  repository::BackupWriter& writer;
  Reporter& reporter;
  Cancellation cancellation;
  std::optional<repository::SealingKey> sealing_key;
  size_t jobs = 2;  // connections or threads a component may use
  Scope scope{};    // whose data a filtered set takes
};

enum class CutKind {
  kTriggered,  // the server decides when within seconds (Redis forks for an RDB): cut first
  kImmediate,  // done in milliseconds
  kNone,       // no common instant (files): captured in transfer
};

class Component {
 public:
  virtual ~Component() = default;  // releases snapshots, replica links and scratch files whatever happened

  virtual std::string name() const = 0;  // as in the metadata: "postgresql", "postgresql/analytics"
  virtual std::string kind() const = 0;
  virtual CutKind cut_kind() const = 0;

  // What a dry run prints: one line a fact ("rows and definitions of database summit_dev at localhost:5432
  // into postgres-full.dump").
  virtual std::vector<std::string> describe() const = 0;
  // Bytes that the artifacts will need, as far as the server can say; no side effects.
  virtual Result<uint64_t> predict_size(CaptureContext& context) = 0;

  virtual Result<void> prepare(CaptureContext& context) = 0;
  virtual Result<Instant> cut(CaptureContext& context) = 0;
  // Fills artifacts, fingerprints, versions, notes and details; name, kind, status, instant and duration are
  // the runner's.
  virtual Result<repository::ComponentRecord> transfer(CaptureContext& context) = 0;
};

}  // namespace summit::backup
