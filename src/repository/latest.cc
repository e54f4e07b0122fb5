// "summit-prod-latest" and its kin.
#include <algorithm>

#include "repository/backup_id.h"
#include "repository/backup_repository.h"

namespace summit::repository {
namespace {

constexpr std::string_view kSuffix = "latest";

bool holds_database(const BackupMetadata& metadata) {
  return std::ranges::any_of(metadata.components, [](const ComponentRecord& component) {
    return component.status == Status::kComplete &&
           (component.kind == "postgresql" || component.kind == "neo4j" || component.kind == "redis");
  });
}

bool is_safety_backup(const BackupSummary& summary) {
  const auto parsed = parse_backup_id(summary.id);
  return summary.metadata.set == kSafetySet || (parsed.ok() && parsed->set == kSafetySet);
}

const EnvironmentNames* find_environment(const std::vector<EnvironmentNames>& environments,
                                         std::string_view name) {
  const auto found = std::ranges::find_if(environments, [&](const EnvironmentNames& candidate) {
    return candidate.name == name || std::ranges::find(candidate.aliases, name) != candidate.aliases.end();
  });
  return found == environments.end() ? nullptr : &*found;
}

std::string known_names(const std::vector<EnvironmentNames>& environments) {
  std::vector<std::string> names;
  for (const auto& environment : environments) names.push_back(environment.name + "-latest");
  return fmt::format("known: {}", fmt::join(names, ", "));
}

}  // namespace

Result<std::optional<LatestBackup>> resolve_latest(const BackupRepository& repository, std::string_view text,
                                                   const std::vector<EnvironmentNames>& environments) {
  std::optional<LatestBackup> none;
  const EnvironmentNames* environment = nullptr;
  if (text != kSuffix) {
    std::string_view name = text;
    if (!name.ends_with("-latest") || name.find('/') != std::string_view::npos) return none;
    name.remove_suffix(kSuffix.size() + 1);
    environment = find_environment(environments, name);
    if (environment == nullptr && name.starts_with("summit-"))
      environment = find_environment(environments, name.substr(std::string_view("summit-").size()));
    if (environment == nullptr)
      return Error(Code::kUsage, "`{}` names no environment", text).hint(known_names(environments));
  }

  ASSIGN_OR_RETURN(const auto summaries, repository.list());
  const BackupSummary* newest = nullptr;  // the list begins with it
  std::string partial;
  for (const auto& summary : summaries) {
    const auto& metadata = summary.metadata;
    if (is_safety_backup(summary) || (environment != nullptr && metadata.environment != environment->name))
      continue;
    if (metadata.status == Status::kPartial && partial.empty()) partial = summary.id;
    if (metadata.status != Status::kComplete) continue;
    if (newest == nullptr) newest = &summary;
    // What the newest one is of decides whose backup is meant.
    if (!holds_database(metadata) || metadata.scope != newest->metadata.scope) continue;
    return std::optional(LatestBackup{summary.id, &summary == newest ? "" : newest->id});
  }
  if (newest != nullptr) return std::optional(LatestBackup{newest->id, {}});
  return Error(Code::kNotFound, "`{}`: there is no complete backup of {} in {}", text,
               environment == nullptr ? "any environment" : environment->name, repository.describe())
      .hint(partial.empty() ? "summit-dr list" : fmt::format("the newest partial one is {}", partial));
}

}  // namespace summit::repository
