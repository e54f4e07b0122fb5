#include "tests/stores/postgres/helper/row_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

using config::OutsidePolicy;

constexpr const char* kOwnerColumn = "Owner Id";

std::string literal(const ModelValue& value) { return value ? quote_literal(*value) : "NULL"; }

std::string list_of(const std::vector<std::string>& columns) {
  std::string text;
  for (const auto& column : columns) text += (text.empty() ? "" : ", ") + quote_identifier(column);
  return text;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string ModelTable::display() const { return display_name(schema, name); }

RowModel::RowModel(uint64_t seed) : random_(seed) {
  owner_type_ = any_type();
  for (int i = 0; i < 3; ++i) owners_.push_back(fresh_value(owner_type_));
  const size_t tables = 2 + below(6);
  for (size_t i = 0; i < tables; ++i) make_table(i);
  for (auto& table : tables_) make_rows(table);
  const size_t references = 1 + below(2 * tables);
  for (size_t i = 0; i < references; ++i) make_reference();
  choose_selection();
  choose_policies();
}

std::string RowModel::any_type() {
  static const char* const kTypes[] = {"integer", "bigint", "uuid", "text", "character varying(80)"};
  return kTypes[below(std::size(kTypes))];
}

std::string RowModel::fresh_value(const std::string& type) {
  ++counter_;
  if (type == "integer" || type == "bigint") return std::to_string(counter_);
  if (type == "uuid") return fmt::format("00000000-0000-4000-8000-{:012}", counter_);
  return fmt::format("it's \"{}\" \\ {}", counter_, counter_ % 2 == 0 ? "é" : "");
}

void RowModel::make_table(size_t number) {
  ModelTable table;
  table.schema = chance(0.7) ? "public" : "Other Schema";
  table.name = fmt::format("{} {}", chance(0.5) ? "Table" : "t", number);
  table.has_owner = chance(0.5);
  if (table.has_owner) table.columns.push_back({kOwnerColumn, owner_type_, chance(0.5)});
  table.columns.push_back({"id", any_type(), false});
  table.key = {"id"};
  if (chance(0.3)) {
    table.columns.push_back({"Second", any_type(), false});
    table.key.push_back("Second");
  } else if (table.has_owner && !table.columns[0].nullable && chance(0.3)) {
    table.key.insert(table.key.begin(), kOwnerColumn);
  }
  table.columns.push_back({"kind", "text", true});
  table.partitioned = chance(0.3);
  tables_.push_back(std::move(table));
}

void RowModel::make_rows(ModelTable& table) {
  const size_t rows = below(9);
  for (size_t i = 0; i < rows; ++i) {
    ModelRow row;
    for (const auto& column : table.columns) {
      if (column.name == kOwnerColumn)
        row[column.name] = column.nullable && chance(0.4) ? ModelValue() : owners_[below(owners_.size())];
      else if (column.name == "kind")
        row[column.name] = chance(0.5) ? "a" : "b";
      else
        row[column.name] = fresh_value(column.type);
    }
    table.rows.push_back(std::move(row));
  }
}

void RowModel::make_reference() {
  ModelReference reference;
  reference.from = below(tables_.size());
  reference.to = chance(0.2) ? reference.from : below(tables_.size());
  reference.to_columns = tables_[reference.to].key;
  if (reference.to_columns.size() == 1 && chance(0.25))
    make_declared_reference(std::move(reference));
  else
    make_key_reference(std::move(reference));
}

void RowModel::make_key_reference(ModelReference reference) {
  auto& from = tables_[reference.from];
  const auto& to = tables_[reference.to];
  reference.match_full = reference.to_columns.size() > 1 && chance(0.2);
  const bool nullable = reference.match_full || to.rows.empty() || chance(0.7);
  std::vector<ModelColumn> added;
  for (const auto& to_column : reference.to_columns) {
    // A key of owner and id is referred to with one's own owner, as tenants in one table are kept apart.
    if (to_column == kOwnerColumn && from.has_owner && !reference.match_full) {
      reference.columns.emplace_back(kOwnerColumn);
      continue;
    }
    const auto type = std::find_if(to.columns.begin(), to.columns.end(), [&](const auto& c) {
                        return c.name == to_column;
                      })->type;
    const auto name = fmt::format("Ref {}", ++counter_);
    // One's own owner may have no row to refer to.
    const bool with_owner = contains(reference.to_columns, kOwnerColumn) && from.has_owner;
    added.push_back({name, type, nullable || with_owner});
    reference.columns.push_back(name);
  }
  from.columns.insert(from.columns.end(), added.begin(), added.end());
  fill(reference);
  references_.push_back(std::move(reference));
}

// The type need not be that of the key; some values refer to nothing.
void RowModel::make_declared_reference(ModelReference reference) {
  auto& from = tables_[reference.from];
  reference.declared = true;
  const auto name = fmt::format("subject {}", ++counter_);
  from.columns.push_back({name, "text", true});
  reference.columns = {name};
  if (chance(0.5)) reference.when_equals = "a";
  fill(reference);
  references_.push_back(std::move(reference));
}

void RowModel::fill(const ModelReference& reference) {
  auto& from = tables_[reference.from];
  const auto& to = tables_[reference.to];
  for (auto& row : from.rows) {
    std::vector<size_t> candidates;
    for (size_t i = 0; i < to.rows.size(); ++i) {
      bool fits = true;
      for (size_t c = 0; c < reference.columns.size(); ++c) {
        if (reference.columns[c] == kOwnerColumn)
          fits = fits && row[kOwnerColumn] && row[kOwnerColumn] == to.rows[i].at(reference.to_columns[c]);
      }
      if (fits) candidates.push_back(i);
    }
    const bool all_nullable =
        std::all_of(reference.columns.begin(), reference.columns.end(), [&](const auto& name) {
          return std::find_if(from.columns.begin(), from.columns.end(),
                              [&](const auto& c) { return c.name == name; })
              ->nullable;
        });
    const bool nothing = candidates.empty() || (all_nullable && chance(0.3));
    const size_t chosen = nothing ? 0 : candidates[below(candidates.size())];
    for (size_t c = 0; c < reference.columns.size(); ++c) {
      const auto& name = reference.columns[c];
      if (name == kOwnerColumn) continue;
      row[name] = nothing ? ModelValue() : to.rows[chosen].at(reference.to_columns[c]);
      // A key with a part missing refers to nothing.
      const bool nullable = std::find_if(from.columns.begin(), from.columns.end(), [&](const auto& column) {
                              return column.name == name;
                            })->nullable;
      if (!nothing && nullable && !reference.match_full && chance(0.1)) row[name] = ModelValue();
      if (reference.declared && chance(0.1)) row[name] = "refers to nothing";
    }
  }
}

void RowModel::choose_selection() {
  const auto named = [&](size_t i) { return config::Named{tables_[i].display(), "sets.yaml:7"}; };
  spec_.where = "sets.yaml:5";
  const bool any_owner =
      std::any_of(tables_.begin(), tables_.end(), [](const auto& t) { return t.has_owner; });
  if (any_owner && chance(0.8)) spec_.column = {kOwnerColumn, "sets.yaml:6"};
  if (spec_.column.name.empty() || chance(0.3)) {
    const size_t start = below(tables_.size());
    const auto& table = tables_[start];
    const bool same_type = std::any_of(table.columns.begin(), table.columns.end(), [&](const auto& c) {
      return c.name == "id" && c.type == owner_type_;
    });
    if (spec_.column.name.empty() || same_type) spec_.start = {named(start), "id"};
    const auto id = std::find_if(table.columns.begin(), table.columns.end(),
                                 [](const auto& column) { return column.name == "id"; });
    if (spec_.column.name.empty())
      owners_[0] = table.rows.empty() ? fresh_value(id->type) : *table.rows[0].at("id");
  }
  for (size_t i = 0; i < tables_.size(); ++i) {
    if (is_start(i)) continue;
    if (chance(0.15))
      spec_.whole.push_back(named(i));
    else if (chance(0.1))
      spec_.excluded.push_back(named(i));
  }
  spec_.owned_auto = chance(0.7);
  for (const auto& reference : references_) {
    if (!reference.declared) continue;
    spec_.references.push_back({named(reference.from), reference.columns, tables_[reference.to].display(),
                                reference.to_columns, reference.when_equals.empty() ? "" : "kind",
                                reference.when_equals});
  }
}

void RowModel::choose_policies() {
  const auto any = [&] {
    return chance(0.5) ? OutsidePolicy::kInclude
                       : (chance(0.7) ? OutsidePolicy::kNull : OutsidePolicy::kFail);
  };
  spec_.outside = chance(0.4) ? OutsidePolicy::kInclude : any();
  for (const auto& reference : references_) {
    if (reference.columns.back() == kOwnerColumn || !chance(0.4)) continue;
    spec_.outside_of.push_back(
        {{tables_[reference.from].display() + "." + reference.columns.back(), "sets.yaml:9"}, any()});
  }
}

std::vector<std::string> RowModel::statements() const {
  std::vector<std::string> sql;
  for (const auto& table : tables_) {
    const auto name = quote_qualified(table.schema, table.name);
    std::string columns;
    for (const auto& column : table.columns)
      columns += fmt::format("{} {}{}, ", quote_identifier(column.name), column.type,
                             column.nullable ? "" : " NOT NULL");
    sql.push_back(fmt::format("CREATE TABLE {} ({}number integer, PRIMARY KEY ({})){}", name, columns,
                              list_of(table.key), table.partitioned ? " PARTITION BY HASH (id)" : ""));
    for (int part = 0; table.partitioned && part < 2; ++part) {
      sql.push_back(fmt::format("CREATE TABLE {} PARTITION OF {} FOR VALUES WITH (MODULUS 2, REMAINDER {})",
                                quote_qualified(table.schema, fmt::format("{} part {}", table.name, part)),
                                name, part));
    }
    for (size_t i = 0; i < table.rows.size(); ++i) {
      std::string values;
      for (const auto& column : table.columns) values += literal(table.rows[i].at(column.name)) + ", ";
      sql.push_back(fmt::format("INSERT INTO {} VALUES ({}{})", name, values, i));
    }
  }
  for (const auto& reference : references_) {
    if (reference.declared) continue;
    const auto& from = tables_[reference.from];
    const auto& to = tables_[reference.to];
    sql.push_back(fmt::format("ALTER TABLE {} ADD FOREIGN KEY ({}) REFERENCES {} ({}) {}",
                              quote_qualified(from.schema, from.name), list_of(reference.columns),
                              quote_qualified(to.schema, to.name), list_of(reference.to_columns),
                              reference.match_full ? "MATCH FULL" : ""));
  }
  return sql;
}

std::string RowModel::name_of(const ModelReference& reference) const {
  return fmt::format("{}.{}", tables_[reference.from].display(), fmt::join(reference.columns, "+"));
}

bool RowModel::is_named(const std::vector<config::Named>& names, size_t table) const {
  return std::any_of(names.begin(), names.end(),
                     [&](const auto& named) { return named.name == tables_[table].display(); });
}

bool RowModel::is_start(size_t table) const {
  return spec_.start && spec_.start->table.name == tables_[table].display();
}

std::vector<size_t> RowModel::targets(const ModelReference& reference, const ModelRow& row) const {
  std::vector<size_t> found;
  if (!reference.when_equals.empty() && row.at("kind") != ModelValue(reference.when_equals)) return found;
  const auto& rows = tables_[reference.to].rows;
  for (size_t i = 0; i < rows.size(); ++i) {
    bool same = true;
    for (size_t c = 0; c < reference.columns.size(); ++c) {
      const auto& value = row.at(reference.columns[c]);
      same = same && value && value == rows[i].at(reference.to_columns[c]);
    }
    if (same) found.push_back(i);
  }
  return found;
}

// Tables that are owned through references, by the definition of `owned: auto`.
std::vector<bool> RowModel::owned_tables() const {
  std::vector<bool> owned(tables_.size(), false);
  const auto has_column = [&](size_t i) { return tables_[i].has_owner && !spec_.column.name.empty(); };
  const auto aside = [&](size_t i) { return is_named(spec_.whole, i) || is_named(spec_.excluded, i); };
  for (size_t round = 0; spec_.owned_auto && round < tables_.size(); ++round) {
    for (const auto& reference : references_) {
      const size_t from = reference.from;
      const size_t to = reference.to;
      if (aside(from) || aside(to) || has_column(from) || is_start(from)) continue;
      if (has_column(to) || is_start(to) || owned[to]) owned[from] = true;
    }
  }
  return owned;
}

OutsidePolicy RowModel::policy_of(const ModelReference& reference) const {
  auto policy = spec_.outside;
  for (const auto& outside : spec_.outside_of) {
    for (const auto& column : reference.columns) {
      if (outside.reference.name == tables_[reference.from].display() + "." + column) policy = outside.policy;
    }
  }
  return policy;
}

std::set<std::string> RowModel::columns_to_empty(const ModelReference& reference) const {
  const auto& table = tables_[reference.from];
  std::set<std::string> columns;
  for (const auto& column : table.columns) {
    if (!contains(reference.columns, column.name) || !column.nullable || contains(table.key, column.name))
      continue;
    if (column.name == kOwnerColumn && !spec_.column.name.empty()) continue;
    columns.insert(column.name);
  }
  if (reference.match_full && columns.size() < reference.columns.size()) columns.clear();
  return columns;
}

ModelClosure RowModel::closure() const {
  const size_t count = tables_.size();
  const auto owned_table = owned_tables();
  const auto whole = [&](size_t t) { return is_named(spec_.whole, t); };
  const auto excluded = [&](size_t t) { return is_named(spec_.excluded, t); };
  const auto by_column = [&](size_t t) { return tables_[t].has_owner && !spec_.column.name.empty(); };

  std::vector<std::set<size_t>> own(count);
  for (size_t t = 0; t < count; ++t) {
    if (whole(t) || excluded(t)) continue;
    for (size_t r = 0; r < tables_[t].rows.size(); ++r) {
      const auto& row = tables_[t].rows[r];
      if (by_column(t) && row.at(kOwnerColumn) == ModelValue(owners_[0])) own[t].insert(r);
      if (is_start(t) && row.at("id") == ModelValue(owners_[0])) own[t].insert(r);
    }
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& reference : references_) {
      if (!owned_table[reference.from] || whole(reference.to) || excluded(reference.to)) continue;
      for (size_t r = 0; r < tables_[reference.from].rows.size(); ++r) {
        for (const size_t target : targets(reference, tables_[reference.from].rows[r])) {
          if (own[reference.to].contains(target)) changed = own[reference.from].insert(r).second || changed;
        }
      }
    }
  }

  const auto foreign = [&](size_t t, size_t r) {
    if (own[t].contains(r) || whole(t)) return false;
    if (by_column(t)) return tables_[t].rows[r].at(kOwnerColumn).has_value();
    return is_start(t) || owned_table[t];
  };
  const auto leaves = [&](const ModelReference& reference, size_t r, size_t target) {
    if (excluded(reference.to)) return true;
    return !foreign(reference.from, r) && foreign(reference.to, target);
  };

  ModelClosure result;
  result.taken = own;
  for (const auto& rows : own) result.owned += rows.size();
  for (size_t t = 0; t < count; ++t) {
    for (size_t r = 0; whole(t) && r < tables_[t].rows.size(); ++r) result.taken[t].insert(r);
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& reference : references_) {
      const auto sources = result.taken[reference.from];
      for (const size_t r : sources) {
        for (const size_t target : targets(reference, tables_[reference.from].rows[r])) {
          if (excluded(reference.to)) continue;
          if (leaves(reference, r, target) && policy_of(reference) != OutsidePolicy::kInclude) continue;
          changed = result.taken[reference.to].insert(target).second || changed;
        }
      }
    }
  }
  result.emptied.resize(count);
  for (const auto& reference : references_) {
    const auto columns = columns_to_empty(reference);
    for (const size_t r : result.taken[reference.from]) {
      for (const size_t target : targets(reference, tables_[reference.from].rows[r])) {
        if (!leaves(reference, r, target)) continue;
        ++result.leaving[name_of(reference)];
        const auto policy = policy_of(reference);
        if (policy == OutsidePolicy::kNull && !columns.empty())
          result.emptied[reference.from][r].insert(columns.begin(), columns.end());
        else if (policy != OutsidePolicy::kInclude || excluded(reference.to))
          result.refused = true;
      }
    }
  }
  return result;
}

}  // namespace summit::postgres
