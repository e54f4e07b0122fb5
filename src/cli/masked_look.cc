#include "cli/masked_look.h"

#include <algorithm>

#include "backup/plan.h"
#include "cli/restore_flow.h"
#include "repository/export_artifact.h"
#include "repository/place/open_repository.h"

namespace summit::cli {

Result<std::unique_ptr<MaskedLook>> MaskedLook::open(const MaskedLookRequest& request, Session& session) {
  std::unique_ptr<MaskedLook> look(new MaskedLook());
  RETURN_IF_ERROR(look->open_backup(request, session));
  RETURN_IF_ERROR(look->prepare(request, session));
  ASSIGN_OR_RETURN(look->stores_, recovery::masked_stores(*look->context_, look->datastores_));
  for (const auto& store : look->stores_.stores) {
    for (auto& artifact : store->files()) look->artifacts_.push_back(std::move(artifact));
  }
  if (!request.artifact.empty()) RETURN_IF_ERROR(look->choose(request.artifact));
  return look;
}

Result<void> MaskedLook::open_backup(const MaskedLookRequest& request, Session& session) {
  ASSIGN_OR_RETURN(datastores_, backup::parse_datastores(request.datastores));
  ASSIGN_OR_RETURN(auto resolved, resolve_reference(request.reference, session));
  repository_ = std::move(resolved.repository);
  ASSIGN_OR_RETURN(backup_, repository_->open(resolved.id));
  if (request.artifact.empty()) return {};
  ASSIGN_OR_RETURN(const auto artifact, repository::find_artifact(metadata(), request.artifact));
  datastores_ = {artifact.component};
  return {};
}

// Whether a component of this kind is chosen and has such an artifact.
bool MaskedLook::reads(std::string_view kind, std::string_view suffix) const {
  return std::ranges::any_of(metadata().components, [&](const repository::ComponentRecord& record) {
    return record.kind == kind && backup::chosen(datastores_, record.kind, record.name) &&
           std::ranges::any_of(record.artifacts, [&](const repository::Artifact& artifact) {
             return artifact.name.ends_with(suffix);
           });
  });
}

Result<void> MaskedLook::prepare(const MaskedLookRequest& request, Session& session) {
  ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
  ASSIGN_OR_RETURN(const auto* declared, session.declared_environment(request.environment));
  environment_ = *declared;
  ASSIGN_OR_RETURN(auto masking,
                   masking::open_session(*configuration, *declared,
                                         metadata().recovery_point.value_or(metadata().started)));
  masking_.emplace(std::move(masking));
  ASSIGN_OR_RETURN(const auto key, session.sealing_key());
  // A dump of Neo4j is read by its programs, which the environment's endpoint names.
  const bool needs_server = reads("neo4j", ".dump");
  if (needs_server) {
    ASSIGN_OR_RETURN(environment_, session.environment(declared->name, {"neo4j"}));
  }
  if (needs_server || (key && reads("secrets", ".enc"))) RETURN_IF_ERROR(make_workspace(session));
  context_.emplace(recovery::RestoreContext{.configuration = *configuration,
                                            .environment = environment_,
                                            .backup = *backup_,
                                            .reporter = session.reporter(),
                                            .cancellation = session.cancellation(),
                                            .sealing_key = key,
                                            .workspace = workspace_ ? workspace_->path() : fs::path(),
                                            .masking = &*masking_,
                                            .count_rows = request.count_rows});
  return {};
}

// Beside the backups, where originals are at home. What a killed run leaves there goes with the next one.
Result<void> MaskedLook::make_workspace(Session& session) {
  ASSIGN_OR_RETURN(const auto base, restore_base(repository_->describe(), session));
  ASSIGN_OR_RETURN(auto journal, recovery::RestoreJournal::open(base));
  journal_.emplace(std::move(journal));
  ASSIGN_OR_RETURN(auto workspace, journal_->workspace());
  workspace_.emplace(std::move(workspace));
  return {};
}

void MaskedLook::keep_files() {
  std::erase_if(stores_.stores, [](const auto& store) { return store->files().empty(); });
}

Result<void> MaskedLook::choose(const std::string& artifact) {
  const auto is_other = [&](const repository::Artifact& other) { return other.name != artifact; };
  std::erase_if(artifacts_, is_other);
  std::erase_if(stores_.stores,
                [&](const auto& store) { return std::ranges::all_of(store->files(), is_other); });
  if (!artifacts_.empty()) return {};
  return Error(Code::kRefused, "there is no way to mask {} of backup {}: it stays out", artifact,
               metadata().id)
      .hint(fmt::format("see what can be masked: summit-dr export {} --masked --env={} --dry-run",
                        metadata().id, environment_.name));
}

Result<std::vector<recovery::StoreAudit>> MaskedLook::audit() {
  std::vector<recovery::StoreAudit> audits;
  for (const auto& store : stores_.stores) {
    ASSIGN_OR_RETURN(auto audit, store->audit(), "{}", store->component());
    audits.push_back(std::move(audit));
  }
  return audits;
}

std::vector<recovery::UnmatchedRule> MaskedLook::unmatched(
    const std::vector<recovery::StoreAudit>& audits) const {
  std::map<std::string, recovery::MetRules> met;
  for (const auto& audit : audits) met.emplace(audit.component, audit.met);
  return recovery::unmatched_rules(*masking_, metadata(), met);
}

Result<void> MaskedLook::write(const std::string& artifact,
                               const std::function<Result<void>(ByteView)>& consume) {
  for (const auto& store : stores_.stores) {
    for (const auto& file : store->files()) {
      if (file.name == artifact) return store->write(artifact, consume);
    }
  }
  return Error(Code::kNotFound, "backup {} has no artifact {} that can be masked", metadata().id, artifact);
}

}  // namespace summit::cli
