#include "recovery/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "backup/plan.h"
#include "recovery/backup_owner.h"
#include "recovery/endpoint_of.h"
#include "recovery/files_restore.h"
#include "recovery/graph_store.h"
#include "recovery/neo4j_merge.h"
#include "recovery/neo4j_remote_restore.h"
#include "recovery/neo4j_restore.h"
#include "recovery/neo4j_vendor_restore.h"
#include "recovery/postgres_merge.h"
#include "recovery/postgres_restore.h"
#include "recovery/redis_restore.h"
#include "recovery/search_index.h"
#include "recovery/secrets_restore.h"
#include "stores/access/access.h"
#include "stores/files/tree_record.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/sql.h"

namespace summit::recovery {
namespace {

using repository::ComponentRecord;
using repository::Status;

template <typename Endpoint, typename Make>
std::unique_ptr<RestoreComponent> for_server(const std::vector<Endpoint>& endpoints,
                                             const ComponentRecord& record, Make make) {
  const auto* endpoint = endpoint_of(endpoints, record.name);
  return endpoint ? make(*endpoint, record.name) : nullptr;
}

// The endpoint, with the database that was asked for as its only one.
config::PostgresEndpoint with_database(config::PostgresEndpoint endpoint, const std::string& into) {
  if (!into.empty()) endpoint.databases = {into};
  return endpoint;
}

std::unique_ptr<RestoreComponent> make_component(const ComponentRecord& record,
                                                 const config::Environment& target,
                                                 const repository::BackupMetadata& metadata,
                                                 const std::string& into) {
  if (record.kind == "postgresql") {
    return for_server(target.postgresql, record, [&](const auto& endpoint, const std::string& name) {
      return into.empty() && owner_of(metadata) ? make_postgres_merge(endpoint, name)
                                                : make_postgres_restore(with_database(endpoint, into), name);
    });
  }
  if (record.kind == "neo4j") {
    if (is_of_vendor(record)) return for_server(target.neo4j, record, make_neo4j_vendor_restore);
    if (owner_of(metadata)) return for_server(target.neo4j, record, make_neo4j_merge);
    return for_server(target.neo4j, record, [&](const auto& endpoint, const std::string& name) {
      const bool over_bolt = graph_artifact(record) != nullptr && !access::is_local(endpoint.access);
      return over_bolt ? make_neo4j_remote_restore(endpoint, name) : make_neo4j_restore(endpoint, name);
    });
  }
  if (record.kind == "redis") return for_server(target.redis, record, make_redis_restore);
  if (record.kind == "secrets") return make_secrets_restore(target.files, record.name);
  if (record.kind == "files") return make_files_restore(target.files, record.name);
  return nullptr;
}

// Which search indexes of the target a masked restore builds anew.
void plan_indexing(const RestoreContext& context, RestorePlan& plan) {
  const auto& request = plan.request;
  if (context.masking == nullptr || !request.databases.into.empty()) return;
  for (const auto& index : context.environment.elasticsearch) {
    if (!backup::chosen(request.datastores, "elasticsearch", index.name)) continue;
    std::erase_if(plan.skipped, [&](const auto& skipped) { return skipped.name == index.name; });
    plan.skipped.push_back({index.name, describe_indexing(index)});
    plan.indexes.push_back(&index);
  }
}

// Of the graph nothing is known before it is masked.
void note_unmatched_rules(const RestoreContext& context, RestorePlan& plan) {
  if (context.masking == nullptr) return;
  std::map<std::string, MetRules> met;
  for (const auto& planned : plan.components) {
    if (planned.step.met) met.emplace(planned.name, *planned.step.met);
  }
  auto note = describe(unmatched_rules(*context.masking, context.backup.metadata(), met));
  if (!note.empty()) plan.components.front().step.notes.push_back(std::move(note));
}

// Why a component of the backup is not restored although it was chosen; empty when it can be.
std::string reason_to_skip(const ComponentRecord& record, const RestoreRequest& request) {
  const auto& undone = request.databases.undone;
  if (undone && record.kind == "postgresql" && !undone->contains(record.name))
    return "the restore wrote nothing there";
  if (undone && record.kind == "postgresql" && undone->at(record.name).replaced.empty())
    return "the restore replaced nothing there, and what it created stays";
  if (request.databases.selects() && record.kind != "postgresql") return "only tables were chosen";
  if (record.kind == "timescaledb") return "its hypertables are part of the PostgreSQL archive";
  if (record.status == Status::kAbsent)
    return record.reason.empty() ? "it was absent when the backup was made" : record.reason;
  if (record.status == Status::kFailed) return "its backup failed: " + record.reason;
  return {};
}

// Files that a filtered set chose by their paths: putting them back touches no other file.
bool holds_part_of_trees(const ComponentRecord& record) {
  if (record.kind != "files") return false;
  return std::all_of(record.details.begin(), record.details.end(), [](const auto& detail) {
    if (!detail.first.starts_with(files::kTreeDetailPrefix)) return true;
    const auto tree = files::tree_record_from_json(detail.second);
    return tree.ok() && !tree->patterns.only.empty();
  });
}

// Why a component is left out of a restore that must not replace what belongs to others.
std::string reason_to_leave(const ComponentRecord& record, const RestoreRequest& request,
                            const repository::BackupMetadata& metadata) {
  if (record.kind == "postgresql") return {};
  if (!request.databases.into.empty())
    return "--into restores databases beside the live ones, and nothing else";
  const auto owner = owner_of(metadata);
  if (!owner || holds_part_of_trees(record) || graph_artifact(record) != nullptr) return {};
  return fmt::format(
      "it holds only what belongs to {} {}, and would replace what belongs to others; take it by hand: "
      "summit-dr export {}",
      owner->kind, owner->id, metadata.id);
}

// Why a component is left out of a masked restore.
std::string reason_not_to_mask(const ComponentRecord& record, const RestoreContext& context) {
  static const std::set<std::string> kMasked = {"postgresql", "neo4j", "redis", "files"};
  if (context.masking == nullptr || kMasked.contains(record.kind)) return {};
  if (record.kind == "secrets") {
    if (context.sealing_key) return {};
    return "no key is set that would open the secrets, of which only what the rules mask would be brought";
  }
  return "this store is not masked yet: nothing of it enters the target";
}

// Rows beside those of others, and some tables alone, go in by ways that mask nothing.
Result<void> check_masked_mode(const RestoreRequest& request, const repository::BackupMetadata& metadata,
                               const RestoreContext& context) {
  if (context.masking == nullptr) return {};
  if (request.databases.selects()) {
    return Error(Code::kRefused, "`{}` takes these data only masked, and whole databases are masked only",
                 context.environment.name)
        .hint("leave --only and --exclude out");
  }
  if (request.databases.in_place) {
    return Error(
               Code::kRefused,
               "`{}` takes these data only masked, and a database that is filled in place is seen before it "
               "is certified",
               context.environment.name)
        .hint("leave --in-place out");
  }
  const auto owner = owner_of(metadata);
  if (!owner || !request.databases.into.empty()) return {};
  return Error(Code::kRefused,
               "`{}` takes these data only masked, and rows of {} {} are put back beside those of others "
               "unmasked",
               context.environment.name, owner->kind, owner->id)
      .hint("--into=NAME makes a masked database of their own");
}

// What is left out of some tables would be left out of the live database, and a masked one must be whole.
Result<void> check_skipping(const RestoreRequest& request, const RestoreContext& context) {
  if (!request.databases.skip_failed_definitions) return {};
  if (context.masking != nullptr) {
    return Error(Code::kRefused, "a masked restore is certified whole, and leaves no definition out")
        .hint("leave --skip-failed-definitions out");
  }
  if (request.databases.selects()) {
    return Error(Code::kRefused,
                 "some tables come back in one transaction, with all their definitions or not at all")
        .hint("leave --skip-failed-definitions out");
  }
  return {};
}

// A whole database of that name, or several of a backup, would be overwritten by what was meant to lie
// beside.
Result<void> check_into(const RestoreRequest& request, const repository::BackupMetadata& metadata,
                        const config::Environment& target, const Cancellation& cancellation) {
  if (request.databases.into.empty()) return {};
  for (const auto& record : metadata.components) {
    if (record.kind != "postgresql") continue;
    const auto databases = record.details.find("databases");
    if (databases != record.details.end() && databases->second.find(',') != std::string::npos) {
      return Error(Code::kUsage, "backup {} holds several databases ({}), and --into names one", metadata.id,
                   databases->second)
          .hint("export the backup, and restore the archive that is wanted: summit-dr export");
    }
    const auto* endpoint = endpoint_of(target.postgresql, record.name);
    if (endpoint == nullptr) continue;
    if (request.databases.into.size() > postgres::kLongestName) {
      return Error(Code::kUsage, "{} is longer than the {} bytes that a server keeps of a name",
                   request.databases.into, postgres::kLongestName)
          .hint("choose a shorter name for --into");
    }
    const auto there =
        postgres::Connection::open(*endpoint, request.databases.into, {.cancellation = cancellation});
    if (there.ok()) {
      return Error(Code::kRefused, "database {} exists already at {}", request.databases.into,
                   postgres::address_of(*endpoint))
          .hint("name a new one: --into never overwrites");
    }
    if (there.error().code() != Code::kNotFound) return there.error();
  }
  return {};
}

// With whole databases or tables, the rows of everybody else would go.
Result<void> check_mode(const RestoreRequest& request, const repository::BackupMetadata& metadata) {
  const auto owner = owner_of(metadata);
  const auto& mode = request.databases;
  if (!owner || (!mode.in_place && !mode.keep_replaced && !mode.selects())) return {};
  return Error(Code::kRefused,
               "backup {} holds only rows of {} {}: --swap, --in-place, --only and --exclude would leave no "
               "others",
               metadata.id, owner->kind, owner->id)
      .hint(
          "without them its rows are put back beside those of others; --into=NAME makes a database of its "
          "own");
}

Result<void> check_choice(const RestoreRequest& request, const repository::BackupMetadata& metadata) {
  for (const auto& datastore : request.datastores) {
    const bool held = std::any_of(
        metadata.components.begin(), metadata.components.end(), [&](const ComponentRecord& record) {
          return record.status != Status::kFailed && record.status != Status::kAbsent &&
                 backup::chosen({datastore}, record.kind, record.name);
        });
    if (!held) {
      return Error(Code::kNotFound, "backup {} holds no {} data", metadata.id, datastore)
          .hint(fmt::format("summit-dr info {}", metadata.id));
    }
  }
  return {};
}

}  // namespace

uint64_t RestorePlan::bytes() const {
  uint64_t sum = 0;
  for (const auto& planned : components) sum += planned.step.bytes;
  return sum;
}

Seconds RestorePlan::predicted() const {
  Seconds longest{0};
  for (const auto& planned : components) longest = std::max(longest, planned.step.predicted);
  return longest;
}

std::unique_ptr<ArtifactCheck> begin_check(const RestorePlan& plan, Reporter& reporter,
                                           const Cancellation& cancellation) {
  std::vector<std::string> components;
  for (const auto& planned : plan.components) components.push_back(planned.name);
  return std::make_unique<ArtifactCheck>(*plan.backup, components, plan.request.jobs, reporter, cancellation);
}

Result<RestorePlan> plan_restore(const RestoreRequest& request, RestoreContext& context) {
  const auto& metadata = context.backup.metadata();
  RETURN_IF_ERROR(check_choice(request, metadata));
  RETURN_IF_ERROR(check_mode(request, metadata));
  RETURN_IF_ERROR(check_masked_mode(request, metadata, context));
  RETURN_IF_ERROR(check_skipping(request, context));
  RETURN_IF_ERROR(check_into(request, metadata, context.environment, context.cancellation));

  RestorePlan plan;
  plan.request = request;
  plan.backup = &context.backup;
  plan.environment = &context.environment;
  for (const auto& record : metadata.components) {
    if (!backup::chosen(request.datastores, record.kind, record.name)) continue;
    auto reason = reason_to_skip(record, request);
    if (reason.empty()) reason = reason_to_leave(record, request, metadata);
    if (reason.empty()) reason = reason_not_to_mask(record, context);
    if (!reason.empty()) {
      plan.skipped.push_back({record.name, std::move(reason)});
      continue;
    }
    auto component = make_component(record, context.environment, metadata, request.databases.into);
    if (!component) {
      return Error(Code::kConfig, "environment `{}` declares no endpoint for `{}` of backup {}",
                   context.environment.name, record.name, metadata.id)
          .hint(fmt::format("declare it in config/environments.yaml, or leave it out with --datastores"));
    }
    plan.components.push_back(
        {record.name, record.name.substr(0, record.name.find('/')), std::move(component), {}});
  }
  if (request.check_early) plan.artifacts = begin_check(plan, context.reporter, context.cancellation);
  for (auto& planned : plan.components) {
    ASSIGN_OR_RETURN(planned.step, planned.component->plan(context), "while planning the restore of {}",
                     planned.name);
  }
  plan_indexing(context, plan);
  if (plan.components.empty()) {
    return Error(Code::kNotFound, "backup {} holds nothing that can be restored", metadata.id)
        .hint(fmt::format("summit-dr info {}", metadata.id));
  }
  note_unmatched_rules(context, plan);
  return plan;
}

Result<std::vector<std::string>> selected_by_variables(const config::Variables& variables) {
  static constexpr std::pair<const char*, const char*> kVariables[] = {{"RESTORE_POSTGRES", "postgres"},
                                                                       {"RESTORE_NEO4J", "neo4j"},
                                                                       {"RESTORE_REDIS", "redis"},
                                                                       {"RESTORE_CONFIG", "config"}};
  std::vector<std::string> wanted;
  std::vector<std::string> not_excluded;
  bool any_set = false;
  for (const auto& [variable, datastore] : kVariables) {
    const auto value = variables.get(variable);
    any_set = any_set || value.has_value();
    if (value && *value != "true" && *value != "false") {
      return Error(Code::kUsage, "{} is `{}`", variable, *value)
          .hint(fmt::format("export {}=true, or =false", variable));
    }
    if (value == "true") wanted.emplace_back(datastore);
    if (value != "false") not_excluded.emplace_back(datastore);
  }
  if (!any_set) {
    return Error(Code::kUsage, "a selective restore needs to know what to restore")
        .hint(
            "export RESTORE_POSTGRES=true (or RESTORE_NEO4J, RESTORE_REDIS, RESTORE_CONFIG), or add "
            "--datastores=postgres");
  }
  if (!wanted.empty()) return wanted;
  if (not_excluded.empty()) {
    return Error(Code::kUsage, "all four RESTORE_* variables are false: nothing is left to restore")
        .hint("export RESTORE_POSTGRES=true");
  }
  return not_excluded;
}

}  // namespace summit::recovery
