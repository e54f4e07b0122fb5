// What a backup will do, before it does anything: which components, of which servers, into which repository.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backup/component.h"
#include "config/configuration.h"
#include "core/result.h"

namespace summit::backup {

struct BackupRequest {
  std::string set = "full";
  std::vector<std::string> datastores;  // "postgres", "neo4j", "redis", "config", …; empty: all of the set
  std::string label;
  bool database_id_form = false;         // "summit-backup-YYYYMMDD_HHMMSS", as the `scripts/db` pair makes
  std::optional<config::Layout> layout;  // over the environment's
  std::string s3_bucket;                 // store it in this bucket too
  bool upload_s3 = false;                // store it in the environment's bucket too
  Scope scope{};  // whose data a filtered set takes; what is not given comes from the set's variables
  size_t jobs = 2;
};

// One component to capture, or the reason why it cannot be.
struct PlannedComponent {
  std::string name;
  config::ComponentSpec spec;
  std::string store;                     // the endpoint's name, for hooks: "postgresql"
  std::unique_ptr<Component> component;  // null: absent
  std::string absent_reason;
  std::string absent_hint;
};

struct BackupPlan {
  const config::BackupSet* set = nullptr;
  const config::Environment* environment = nullptr;
  BackupRequest request;
  config::Layout layout = config::Layout::kPlain;
  std::string set_name;  // in the id and the metadata: the set's, or "safety"
  Scope scope{};         // whose data a filtered set takes
  // A component that is not backed up whole fails the backup, and nothing is kept: half a way back is none.
  bool all_or_nothing = false;
  std::vector<PlannedComponent> components;
  std::vector<std::string> warnings;  // what the user should know before it starts
};

// Touches no server. kUsage when a value that the set requires, such as tenant_id, is not set. The
// configuration and `environment` outlive the plan.
Result<BackupPlan> plan_backup(const BackupRequest& request, const config::Environment& environment,
                               const config::Configuration& configuration);

// The sum of what the components predict, those that cannot be asked left out, and their names in `unknown`.
struct PredictedSize {
  uint64_t bytes = 0;
  std::map<std::string, uint64_t> by_component;
  std::vector<std::string> unknown;
};
PredictedSize predict_size(const BackupPlan& plan, const config::Configuration& configuration,
                           Reporter& reporter, const Cancellation& cancellation);

// Whether `datastores` (empty: everything) chooses a component of this kind: "postgres" takes PostgreSQL and
// its hypertables, "config" every tree of files and the secrets.
bool chosen(const std::vector<std::string>& datastores, const std::string& kind, const std::string& name);
// "postgres,redis" to its words, "all" to none; kUsage with the known words when one of them is not known.
Result<std::vector<std::string>> parse_datastores(std::string_view text);

}  // namespace summit::backup
