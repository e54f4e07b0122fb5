#include "stores/postgres/merge/ownership.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "stores/postgres/sql.h"

namespace summit::postgres::merge {

namespace {

// The id travels once, as a parameter of set_config(); statements name this setting.
constexpr std::string_view kOwnerSetting = "summit_dr.owner";

std::string owner_as(const std::string& type) {
  return fmt::format("pg_catalog.current_setting({})::{}", quote_literal(kOwnerSetting), type);
}

std::string in_owned_table(Side side, size_t table, std::string_view alias, std::string_view which) {
  return fmt::format(
      "EXISTS (SELECT FROM {0} own WHERE own.part = {1}.tableoid AND own.place = {1}.ctid AND {2})",
      owned_table(side, table), alias, which);
}

}  // namespace

Ownership::Ownership(const SelectionRules& rules) : tables_(rules.tables.size()) {
  for (size_t i = 0; i < tables_.size(); ++i) {
    const auto& rule = rules.tables[i];
    if (!rule.has_owners()) continue;
    const auto add = [&](const std::string& name) {
      const auto& column = *rules.graph.tables[i].column(name);
      tables_[i].rule = Rule::kByColumn;
      tables_[i].columns.push_back({column.name, column.type, column.equality});
    };
    if (!rule.owner_column.empty()) add(rule.owner_column);
    if (rule.start) add(rules.start_column);
    if (tables_[i].rule == Rule::kShared) tables_[i].rule = Rule::kThroughParents;
  }
  for (size_t i = 0; i < rules.references.size(); ++i) {
    auto& child = tables_[rules.graph.references[i].from.table];
    if (rules.references[i].finds_owned && child.rule == Rule::kThroughParents) child.references.push_back(i);
  }
}

Result<void> Ownership::bind(Connection& connection, const Target& target, const std::string& id) const {
  ASSIGN_OR_RETURN([[maybe_unused]] auto set, connection.query("SELECT pg_catalog.set_config($1, $2, false)",
                                                               {std::string(kOwnerSetting), id}));
  std::set<std::string> proven;
  for (size_t i = 0; i < tables_.size(); ++i) {
    for (const auto& column : tables_[i].columns) {
      if (!proven.insert(column.type).second) continue;
      const auto fits = connection.query("SELECT " + owner_as(column.type));
      if (fits.ok()) continue;
      return Error(Code::kUsage, "the id `{}` does not fit {}.{}, which is {}: {}", id,
                   target.name(i).display(), column.name, column.type, fits.error().message())
          .hint("the id is the one that the backup was made with: summit-dr info");
    }
  }
  return {};
}

std::string Ownership::owned_by_column(size_t table, std::string_view alias) const {
  std::string condition;
  for (const auto& column : tables_[table].columns) {
    condition += fmt::format("{}{}.{} {} {}", condition.empty() ? "" : " OR ", alias,
                             quote_identifier(column.name), column.equality, owner_as(column.type));
  }
  return "(" + condition + ")";
}

std::string Ownership::owned(Side side, size_t table, std::string_view alias) const {
  switch (tables_[table].rule) {
    case Rule::kByColumn:
      return owned_by_column(table, alias);
    case Rule::kThroughParents:
      return in_owned_table(side, table, alias, "own.whole");
    case Rule::kShared:
      break;
  }
  return "false";
}

std::string Ownership::partly_owned(Side side, size_t table, std::string_view alias) const {
  if (tables_[table].rule != Rule::kThroughParents) return "false";
  return in_owned_table(side, table, alias, "NOT own.whole");
}

std::string Ownership::of_others(Side side, size_t table, std::string_view alias) const {
  if (tables_[table].rule == Rule::kByColumn) return owned_by_column(table, alias) + " IS FALSE";
  return not_owned(side, table, alias);
}

std::vector<std::string> Ownership::columns(size_t table) const {
  std::vector<std::string> names;
  for (const auto& column : tables_[table].columns) names.push_back(column.name);
  return names;
}

std::string Ownership::not_owned(Side side, size_t table, std::string_view alias) const {
  switch (tables_[table].rule) {
    case Rule::kByColumn:
      return owned_by_column(table, alias) + " IS NOT TRUE";
    case Rule::kThroughParents:
      return "NOT " + owned(side, table, alias);
    case Rule::kShared:
      break;
  }
  return "true";
}

std::string owned_table(Side side, size_t table) {
  return fmt::format("pg_temp.summit_owned_{}_{}", side == Side::kLive ? "live" : "backup", table);
}

}  // namespace summit::postgres::merge
