#include "stores/postgres/merge/ownership.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "stores/postgres/sql.h"

namespace summit::postgres::merge {

namespace {

// The id travels once, as a parameter of set_config(); statements name this setting.
constexpr std::string_view kOwnerSetting = "summit_dr.owner";

Error at_line(const config::Named& named, std::string_view problem) {
  return Error(Code::kConfig, "{}: `{}` {}", named.where, named.name, problem);
}

// "tasks", or "public.tasks" where several schemas have one.
Result<size_t> table_named(const Target& target, const config::Named& named) {
  std::vector<size_t> found;
  for (size_t i = 0; i < target.tables.size(); ++i) {
    const auto& name = target.tables[i].name;
    if (named.name == name.schema + "." + name.name || named.name == name.display()) return i;
    if (named.name == name.name) found.push_back(i);
  }
  if (found.size() == 1) return found.front();
  for (const size_t i : found) {
    if (target.tables[i].name.schema == "public") return i;
  }
  if (found.empty())
    return at_line(named, "is no table of this database").hint("correct the name, or take the line out");
  return at_line(named, "names tables of several schemas").hint("write schema.table");
}

Result<std::set<size_t>> tables_named(const Target& target, const std::vector<config::Named>& names) {
  std::set<size_t> tables;
  for (const auto& named : names) {
    ASSIGN_OR_RETURN(const size_t table, table_named(target, named));
    tables.insert(table);
  }
  return tables;
}

Result<Reference> declared(const Target& target, const config::RowSpec::Reference& rule) {
  Reference reference;
  ASSIGN_OR_RETURN(reference.from, table_named(target, rule.table));
  ASSIGN_OR_RETURN(reference.to, table_named(target, {rule.to, rule.table.where}));
  reference.name = rule.table.name + " → " + rule.to;
  reference.columns = rule.columns;
  reference.to_columns = rule.to_columns;
  reference.equality.assign(rule.columns.size(), "OPERATOR(pg_catalog.=)");
  reference.enforced = false;
  reference.when_column = rule.when_column;
  reference.when_equals = rule.when_equals;
  for (size_t i = 0; i < rule.columns.size() && i < rule.to_columns.size(); ++i) {
    const auto* here = target.tables[reference.from].column(rule.columns[i]);
    const auto* there = target.tables[reference.to].column(rule.to_columns[i]);
    if (!here || !there) {
      return at_line(rule.table, fmt::format("has no column `{}` that refers to `{}` of {}", rule.columns[i],
                                             rule.to_columns[i], rule.to))
          .hint("correct the reference, or take it out");
    }
    reference.as_text = reference.as_text || here->plain_type != there->plain_type;
  }
  return reference;
}

std::string owner_as(const std::string& type) {
  return fmt::format("pg_catalog.current_setting({})::{}", quote_literal(kOwnerSetting), type);
}

}  // namespace

Result<Ownership> Ownership::resolve(Target& target, const config::RowSpec& rules) {
  for (const auto& rule : rules.references) {
    ASSIGN_OR_RETURN(auto reference, declared(target, rule));
    target.references.push_back(std::move(reference));
  }
  ASSIGN_OR_RETURN(auto never, tables_named(target, rules.whole));
  ASSIGN_OR_RETURN(const auto excluded, tables_named(target, rules.excluded));
  never.insert(excluded.begin(), excluded.end());
  ASSIGN_OR_RETURN(const auto listed, tables_named(target, rules.owned));

  Ownership ownership;
  ownership.tables_.resize(target.tables.size());
  const auto add_column = [&](size_t table, const TargetColumn& column) {
    ownership.tables_[table].rule = Rule::kByColumn;
    ownership.tables_[table].columns.push_back({column.name, column.plain_type});
  };
  if (!rules.column.name.empty()) {
    bool found = false;
    for (size_t i = 0; i < target.tables.size(); ++i) {
      const auto* column = target.tables[i].column(rules.column.name);
      if (!column || never.contains(i)) continue;
      add_column(i, *column);
      found = true;
    }
    if (!found)
      return at_line(rules.column, "is no column of any table")
          .hint("name the column that tells whose row it is");
  }
  if (rules.start) {
    ASSIGN_OR_RETURN(const size_t table, table_named(target, rules.start->table));
    const auto* column = target.tables[table].column(rules.start->column);
    if (!column) {
      return at_line(rules.start->table, fmt::format("has no column `{}`", rules.start->column))
          .hint("name the column of the id");
    }
    add_column(table, *column);
  }
  // Ownership goes down from parents to children until no table is added.
  for (bool added = true; added;) {
    added = false;
    for (const auto& reference : target.references) {
      auto& child = ownership.tables_[reference.from];
      const bool may_be_owned = rules.owned_auto || listed.contains(reference.from);
      if (child.rule != Rule::kShared || !may_be_owned || never.contains(reference.from)) continue;
      if (ownership.tables_[reference.to].rule == Rule::kShared) continue;
      child.rule = Rule::kThroughParents;
      added = true;
    }
  }
  for (size_t i = 0; i < target.references.size(); ++i) {
    const auto& reference = target.references[i];
    auto& child = ownership.tables_[reference.from];
    if (child.rule == Rule::kThroughParents && ownership.tables_[reference.to].rule != Rule::kShared)
      child.references.push_back(i);
  }
  return ownership;
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
                   target.tables[i].name.display(), column.name, column.type, fits.error().message())
          .hint("the id is the one that the backup was made with: summit-dr info");
    }
  }
  return {};
}

std::string Ownership::owned_by_column(size_t table, std::string_view alias) const {
  std::string condition;
  for (const auto& column : tables_[table].columns) {
    condition += fmt::format("{}{}.{} = {}", condition.empty() ? "" : " OR ", alias,
                             quote_identifier(column.name), owner_as(column.type));
  }
  return "(" + condition + ")";
}

std::string Ownership::owned(Side side, size_t table, std::string_view alias) const {
  switch (tables_[table].rule) {
    case Rule::kByColumn:
      return owned_by_column(table, alias);
    case Rule::kThroughParents:
      return fmt::format(
          "EXISTS (SELECT FROM {0} own WHERE own.part = {1}.tableoid AND own.place = {1}.ctid)",
          owned_table(side, table), alias);
    case Rule::kShared:
      break;
  }
  return "false";
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
