#include "recovery/unmatched_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace summit::recovery {
namespace {

using config::MaskRule;
using repository::ComponentRecord;
using repository::Status;
using Store = MaskRule::Store;

constexpr const char* kTables = "postgresql";

// Below which list the rules for a component stand; empty: it has none.
std::string list_of(const ComponentRecord& record) {
  if (record.kind == "secrets") return "files";
  const bool masked =
      record.kind == kTables || record.kind == "neo4j" || record.kind == "redis" || record.kind == "files";
  return masked ? record.kind : "";
}

std::string list_of(const MaskRule& rule) {
  switch (rule.store) {
    case Store::kPostgresql:
      return kTables;
    case Store::kNodes:
    case Store::kRelationships:
      return "neo4j";
    case Store::kRedis:
      return "redis";
    case Store::kFiles:
      break;
  }
  return "files";
}

std::string name_of(const MaskRule& rule) {
  switch (rule.store) {
    case Store::kPostgresql:
      return fmt::format("table {}{}{}", rule.schema, rule.schema.empty() ? "" : ".", rule.name);
    case Store::kNodes:
      return "label " + rule.name;
    case Store::kRelationships:
      return "relationship " + rule.name;
    case Store::kRedis:
      return "key " + rule.name;
    case Store::kFiles:
      break;
  }
  return fmt::format("path {}{}", rule.name, rule.schema.empty() ? "" : " of tree " + rule.schema);
}

// The lists of which all that the backup holds was looked at.
std::set<std::string> seen_lists(const repository::BackupMetadata& metadata,
                                 const std::map<std::string, MetRules>& met) {
  std::set<std::string> seen;
  std::set<std::string> unseen;
  for (const auto& record : metadata.components) {
    const auto list = list_of(record);
    if (list.empty() || record.status == Status::kAbsent) continue;
    (met.contains(record.name) ? seen : unseen).insert(list);
  }
  for (const auto& list : unseen) seen.erase(list);
  return seen;
}

void add_unmatched(std::vector<UnmatchedRule>& rules, const std::string& list, std::string what, int line) {
  const auto known = std::ranges::find(rules, what, &UnmatchedRule::what);
  if (known == rules.end())
    rules.push_back({list, std::move(what), {line}});
  else
    known->lines.push_back(line);
}

}  // namespace

std::vector<UnmatchedRule> unmatched_rules(const masking::Session& session,
                                           const repository::BackupMetadata& metadata,
                                           const std::map<std::string, MetRules>& met) {
  const auto seen = seen_lists(metadata, met);
  MetRules all;
  for (const auto& [component, rules] : met) all.add(rules);
  std::vector<UnmatchedRule> unmatched;
  for (const auto* rule : masking::rules_of_level(session.rules, session.level)) {
    const auto list = list_of(*rule);
    if (seen.contains(list) && !all.rules.contains(rule))
      add_unmatched(unmatched, list, name_of(*rule), rule->line);
  }
  if (!session.reduces() || !seen.contains(kTables)) return unmatched;
  for (const auto& table : session.rules.reduction.tables) {
    if (!all.reduced.contains(table.table))
      add_unmatched(unmatched, kTables, "reduction of " + table.table, table.line);
  }
  for (const auto& table : session.rules.reduction.critical) {
    if (!all.reduced.contains(table)) unmatched.push_back({kTables, "critical " + table, {}});
  }
  return unmatched;
}

std::string describe(const std::vector<UnmatchedRule>& rules) {
  if (rules.empty()) return {};
  std::vector<std::string> names;
  for (const auto& rule : rules) {
    const auto* const word = rule.lines.size() == 1 ? "line" : "lines";
    names.push_back(rule.lines.empty()
                        ? rule.what
                        : fmt::format("{} ({} {})", rule.what, word, fmt::join(rule.lines, ", ")));
  }
  return fmt::format("rules for what this backup does not have (misspelt?): {}", fmt::join(names, "; "));
}

}  // namespace summit::recovery
