#include "stores/postgres/selection_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace summit::postgres {

namespace {

using config::Named;

Error config_error(const std::string& where, std::string message, std::string hint) {
  return Error(Code::kConfig, "{}: {}", where, message).hint(std::move(hint));
}

class Applier {
 public:
  Applier(SchemaGraph graph, const config::RowSpec& spec) : spec_(spec) { rules_.graph = std::move(graph); }

  Result<SelectionRules> apply() {
    rules_.tables.resize(rules_.graph.tables.size());
    mark(spec_.whole, [](TableRule& rule) { rule.whole = true; });
    mark(spec_.excluded, [](TableRule& rule) { rule.excluded = true; });
    find_owner_columns();
    find_start();
    add_declared_references();
    rules_.references.resize(rules_.graph.references.size());
    RETURN_IF_ERROR(find_owned_tables());
    RETURN_IF_ERROR(check_contradictions());
    read_policies();
    for (size_t i = 0; i < rules_.references.size(); ++i) rules_.references[i].replaced = replaceable(i);
    return std::move(rules_);
  }

 private:
  const GraphTable& table(size_t index) const { return rules_.graph.tables[index]; }
  const Reference& reference(size_t index) const { return rules_.graph.references[index]; }

  template <typename Mark>
  void mark(const std::vector<Named>& names, Mark mark_rule) {
    for (const auto& name : names) {
      if (const auto found = find_table(rules_.graph, name, rules_.missing)) mark_rule(rules_.tables[*found]);
    }
  }

  void miss(const std::string& where, const std::string& what, std::string hint) {
    rules_.missing.emplace(
        what, config_error(where, fmt::format("{} is not in the database", what), std::move(hint)));
  }

  void find_owner_columns() {
    if (spec_.column.name.empty()) return;
    bool found = false;
    for (size_t i = 0; i < rules_.tables.size(); ++i) {
      if (table(i).column(spec_.column.name) == nullptr) continue;
      rules_.tables[i].owner_column = spec_.column.name;
      found = true;
    }
    if (!found)
      miss(spec_.column.where, fmt::format("a table with the column `{}`", spec_.column.name),
           "correct `column` of the selection to the column that holds the owner's id");
  }

  void find_start() {
    if (!spec_.start) return;
    const auto found = find_table(rules_.graph, spec_.start->table, rules_.missing);
    if (!found || !has_column(*found, spec_.start->column, spec_.start->table.where)) return;
    rules_.tables[*found].start = true;
    rules_.start_column = spec_.start->column;
  }

  bool has_column(size_t index, const std::string& column, const std::string& where) {
    if (table(index).column(column) != nullptr) return true;
    std::vector<std::string> columns;
    for (const auto& known : table(index).columns) columns.push_back(known.name);
    miss(where, fmt::format("the column `{}` of `{}`", column, table(index).name.display()),
         fmt::format("its columns are {}", fmt::join(columns, ", ")));
    return false;
  }

  void add_declared_references() {
    for (const auto& declared : spec_.references) {
      const auto& where = declared.table.where;
      const auto from = find_table(rules_.graph, declared.table, rules_.missing);
      const auto to = find_table(rules_.graph, {declared.to, where}, rules_.missing);
      if (!from || !to) continue;
      Reference added;
      added.from = {*from, declared.columns, table(*from).scan(), {}};
      added.to = {*to, declared.to_columns, table(*to).scan(), {}};
      added.name = fmt::format("{}.{}", table(*from).name.display(), fmt::join(declared.columns, "+"));
      added.declared = true;
      added.when_column = declared.when_column;
      added.when_equals = declared.when_equals;
      bool known = added.when_column.empty() || has_column(*from, added.when_column, where);
      for (size_t i = 0; i < declared.columns.size(); ++i) {
        const bool both =
            has_column(*from, declared.columns[i], where) && has_column(*to, declared.to_columns[i], where);
        known = known && both;
        if (both)
          added.equalities.push_back(equality_of(*table(*to).column(declared.to_columns[i]),
                                                 *table(*from).column(declared.columns[i])));
      }
      if (known) rules_.graph.references.push_back(std::move(added));
    }
  }

  // A table can only be owned through a reference to one with owners, which may be owned itself: repeated
  // until nothing is added.
  Result<void> find_owned_tables() {
    std::vector<bool> candidate(rules_.tables.size(), false);
    std::map<size_t, Named> listed;
    for (size_t i = 0; i < candidate.size(); ++i) {
      const auto& rule = rules_.tables[i];
      candidate[i] =
          spec_.owned_auto && !rule.whole && !rule.excluded && !rule.start && rule.owner_column.empty();
    }
    for (const auto& name : spec_.owned) {
      const auto found = find_table(rules_.graph, name, rules_.missing);
      if (!found) continue;
      candidate[*found] = true;
      listed.emplace(*found, name);
    }
    for (bool added = true; added;) {
      added = false;
      for (size_t i = 0; i < rules_.references.size(); ++i) {
        const auto from = reference(i).from.table;
        if (!candidate[from] || !rules_.tables[reference(i).to.table].has_owners()) continue;
        added = added || !rules_.references[i].finds_owned;
        rules_.references[i].finds_owned = true;
        rules_.tables[from].owned = true;
      }
    }
    for (const auto& [index, name] : listed) {
      if (rules_.tables[index].owned) continue;
      return config_error(
          name.where,
          fmt::format("table `{}` is `owned`, and it refers to no table with owned rows", name.name),
          "declare its reference under `references`, or remove it from `owned`");
    }
    return {};
  }

  Result<void> check_contradictions() const {
    for (size_t i = 0; i < rules_.tables.size(); ++i) {
      const auto& rule = rules_.tables[i];
      const auto contradiction = [&](std::string_view one, std::string_view other) {
        return config_error(spec_.where,
                            fmt::format("table `{}` is both {} and {}", table(i).name.display(), one, other),
                            "keep one of them");
      };
      if (rule.whole && rule.excluded) return contradiction("`whole`", "under `exclude`");
      if (rule.start && rule.excluded) return contradiction("the `start`", "under `exclude`");
      if (rule.start && rule.whole) return contradiction("the `start`", "`whole`");
      if (rule.owned && rule.excluded) return contradiction("`owned`", "under `exclude`");
      if (rule.owned && rule.whole) return contradiction("`owned`", "`whole`");
      if (rule.has_owners() && table(i).compressed) {
        return Error(Code::kUnsupported,
                     "hypertable {} has compressed chunks, of which no single rows can be taken",
                     table(i).name.display())
            .hint(fmt::format("SELECT decompress_chunk(c) FROM show_chunks('{}') c, or add it to `whole` or "
                              "`exclude` ({})",
                              table(i).name.display(), spec_.where));
      }
    }
    return {};
  }

  // "tasks.parent_id", with or without its schema; a key of several columns by any of them.
  bool is_named(const Reference& candidate, const std::string& name) const {
    const auto& from = table(candidate.from.table).name;
    return std::any_of(candidate.from.columns.begin(), candidate.from.columns.end(), [&](const auto& column) {
      return name == from.display() + "." + column || name == from.schema + "." + from.name + "." + column ||
             name == from.name + "." + column;
    });
  }

  void read_policies() {
    for (auto& rule : rules_.references) rule.outside = spec_.outside;
    for (const auto& outside : spec_.outside_of) {
      bool found = false;
      for (size_t i = 0; i < rules_.references.size(); ++i) {
        if (!is_named(reference(i), outside.reference.name)) continue;
        rules_.references[i].outside = outside.policy;
        found = true;
      }
      if (!found)
        miss(outside.reference.where, fmt::format("the reference `{}` of `outside`", outside.reference.name),
             "name a column of a foreign key, or declare it under `references`");
    }
  }

  // The owner's column stays: without it the row would belong to nobody.
  std::vector<std::string> replaceable(size_t index) const {
    const auto& from = reference(index).from;
    std::vector<std::string> columns;
    for (const auto& column : from.columns) {
      if (table(from.table).column(column)->replaceable && column != rules_.tables[from.table].owner_column)
        columns.push_back(column);
    }
    if (reference(index).match_full && columns.size() < from.columns.size()) columns.clear();
    return columns;
  }

  const config::RowSpec& spec_;
  SelectionRules rules_;
};

}  // namespace

std::optional<size_t> find_table(const SchemaGraph& graph, const config::Named& name,
                                 std::map<std::string, Error>& missing) {
  const auto found = graph.find(name.name);
  if (!found) {
    const auto what = fmt::format("table `{}`", name.name);
    missing.emplace(what,
                    config_error(name.where, fmt::format("{} is not in the database", what),
                                 "correct the name, with its schema where several have one, or remove it"));
  }
  return found;
}

Result<SelectionRules> apply_selection(SchemaGraph graph, const config::RowSpec& spec) {
  return Applier(std::move(graph), spec).apply();
}

}  // namespace summit::postgres
