#include "recovery/backup_owner.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/selection_text.h"

namespace summit::recovery {
namespace {

// The suffix of the names of ids in the metadata: "tenant_id".
constexpr std::string_view kIdSuffix = "_id";

bool selects_rows(const config::ComponentSpec& spec) {
  return !spec.rows.where.empty() || !spec.graph.where.empty();
}

const config::ComponentSpec* rules_in(const config::BackupSet& set, const std::string& component) {
  const auto name = component.substr(0, component.find('/'));
  const auto found = std::ranges::find_if(
      set.components, [&](const auto& spec) { return spec.name == name && selects_rows(spec); });
  return found == set.components.end() ? nullptr : &*found;
}

// What differs; empty when nothing does, or nothing was recorded.
std::string difference_to(const config::ComponentSpec& rules, const repository::ComponentRecord& record) {
  const auto recorded = record.details.find("selection");
  if (recorded == record.details.end()) return {};
  return config::selection_difference(recorded->second, config::selection_text(rules));
}

bool selects_alike(const config::BackupSet& set, const repository::BackupMetadata& metadata) {
  return std::ranges::all_of(metadata.components, [&](const auto& record) {
    if (!record.details.contains("selection")) return true;
    const auto* rules = rules_in(set, record.name);
    return rules != nullptr && difference_to(*rules, record).empty();
  });
}

std::string way_out(const std::string& component, const repository::BackupMetadata& metadata,
                    const config::BackupSet& set) {
  const bool rows = component.starts_with("postgresql");
  return fmt::format(
      "put the selection of `{}` of set `{}` back as it was when the backup was made (summit-dr info {} "
      "shows "
      "it), or {}",
      component.substr(0, component.find('/')), set.name, metadata.id,
      rows ? "restore it with --into=NAME" : "leave it out with --datastores");
}

}  // namespace

std::optional<BackupOwner> owner_of(const repository::BackupMetadata& metadata) {
  for (const auto& [name, id] : metadata.scope) {
    if (name.ends_with(kIdSuffix)) return BackupOwner{name.substr(0, name.size() - kIdSuffix.size()), id};
  }
  return std::nullopt;
}

const config::BackupSet* set_of(const config::Configuration& configuration,
                                const repository::BackupMetadata& metadata) {
  const auto& sets = configuration.sets;
  const auto named = std::ranges::find(sets, metadata.set, &config::BackupSet::name);
  if (named != sets.end()) return &*named;
  const config::BackupSet* first = nullptr;
  for (const auto& set : sets) {
    const bool same_id = std::ranges::any_of(set.required_metadata,
                                             [&](const auto& name) { return metadata.scope.contains(name); });
    if (!same_id) continue;
    if (selects_alike(set, metadata)) return &set;
    if (first == nullptr) first = &set;
  }
  return first;
}

Result<const config::ComponentSpec*> merge_rules(const config::Configuration& configuration,
                                                 const repository::BackupMetadata& metadata,
                                                 const std::string& component) {
  const auto* set = set_of(configuration, metadata);
  const auto* rules = set ? rules_in(*set, component) : nullptr;
  if (rules == nullptr) {
    const auto owner = owner_of(metadata).value_or(BackupOwner());
    return Error(Code::kConfig,
                 "no set of the configuration says what of {} belongs to {} {}, as backup {} needs",
                 component, owner.kind, owner.id, metadata.id)
        .hint(fmt::format(
            "give the component {} of the set {} a `selection` in backup-sets.yaml, or restore the "
            "backup into a database of its own with --into=NAME",
            component, metadata.set));
  }
  const auto* record = metadata.find(component);
  const auto difference = record ? difference_to(*rules, *record) : std::string();
  if (difference.empty()) return rules;
  return Error(Code::kRefused, "{}: the selection of {} is not the one that backup {} was made by: {}",
               rules->where, component, metadata.id, difference)
      .hint(way_out(component, metadata, *set));
}

}  // namespace summit::recovery
