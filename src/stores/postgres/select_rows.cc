#include "stores/postgres/select_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "stores/postgres/selection_rules.h"
#include "stores/postgres/snapshot.h"
#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

// Whole tables, by their index in the graph.
class CoreSelection final : public RowSelection {
 public:
  CoreSelection(Connection connection, SchemaGraph graph, std::set<size_t> kept)
      : connection_(std::move(connection)), graph_(std::move(graph)), kept_(std::move(kept)) {}

  // TimescaleDB's own catalogs list all hypertables and chunks, so these stay, empty.
  bool keeps_definition(const RelationName& name) const override {
    const auto index = graph_.holder_index(name);
    return !index || kept_.contains(*index) || graph_.tables[*index].kind == Table::Kind::kHypertable;
  }

  TableRows rows_of(const RelationName& name) const override {
    const auto index = graph_.holder_index(name);
    TableRows rows;
    if (index && !kept_.contains(*index)) rows.take = TableRows::Take::kNothing;
    return rows;
  }

  bool takes_large_objects() const override { return false; }
  Connection& connection() override { return connection_; }

 private:
  Connection connection_;
  SchemaGraph graph_;
  std::set<size_t> kept_;
};

class OwnerSelection final : public RowSelection {
 public:
  OwnerSelection(Connection connection, SelectionRules rules)
      : connection_(std::move(connection)), rules_(std::move(rules)), closure_(connection_, rules_) {
    for (const auto& table : rules_.graph.tables) {
      for (const auto& part : table.parts) parts_.emplace(part.name, part);
    }
  }

  Closure& closure() { return closure_; }
  const SelectionRules& rules() const { return rules_; }

  bool keeps_definition(const RelationName&) const override { return true; }

  // What is in no graph belongs to extensions, and is theirs to configure.
  TableRows rows_of(const RelationName& name) const override {
    const auto part = parts_.find(name);
    if (part == parts_.end()) return {};
    return closure_.rows_of(*rules_.graph.holder_index(name), part->second);
  }

  bool takes_large_objects() const override { return false; }
  Connection& connection() override { return connection_; }

 private:
  Connection connection_;
  const SelectionRules rules_;
  Closure closure_;
  std::map<RelationName, GraphPart> parts_;
};

Result<SelectedRows> select_core(const SelectionSource& source, const SelectionRequest& request) {
  ASSIGN_OR_RETURN(auto connection,
                   Snapshot::join(source.endpoint, source.database, source.snapshot, source.cancellation));
  ASSIGN_OR_RETURN(auto graph, read_schema_graph(connection));
  ASSIGN_OR_RETURN(auto rules, apply_selection(std::move(graph), request.rows));
  SelectedRows selected;
  selected.missing = std::move(rules.missing);
  std::set<size_t> kept;
  std::vector<size_t> open;
  for (const auto& name : request.tables) {
    const auto found = find_table(rules.graph, name, selected.missing);
    if (found && kept.insert(*found).second) open.push_back(*found);
  }
  std::vector<std::string> needed;
  while (!open.empty()) {
    const size_t from = open.back();
    open.pop_back();
    for (const auto& reference : rules.graph.references) {
      if (reference.from.table != from || !kept.insert(reference.to.table).second) continue;
      open.push_back(reference.to.table);
      needed.push_back(rules.graph.tables[reference.to.table].name.display());
    }
  }
  if (!needed.empty()) {
    std::sort(needed.begin(), needed.end());
    selected.notes.push_back(
        fmt::format("taken because core tables refer to them: {}", fmt::join(needed, ", ")));
  }
  selected.selection =
      std::make_unique<CoreSelection>(std::move(connection), std::move(rules.graph), std::move(kept));
  return selected;
}

// Joins the snapshot with the right to write, which the temporary tables need.
Result<Connection> join_writing(const SelectionSource& source) {
  ASSIGN_OR_RETURN(auto connection,
                   Connection::open(source.endpoint, source.database, {.cancellation = source.cancellation}));
  ASSIGN_OR_RETURN(auto facts, connection.query(R"sql(
      SELECT pg_catalog.pg_is_in_recovery(),
             pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY'), current_user)sql"));
  if (facts.truth(0, 0)) {
    return Error(Code::kUnsupported, "{} is a standby: the rows of an owner cannot be selected there",
                 connection.where())
        .hint("take this set from the primary: set POSTGRES_HOST, or `endpoints` of the component");
  }
  if (!facts.truth(0, 1)) {
    return Error(Code::kDenied, "user {} may not create temporary tables in {}", facts.text(0, 2),
                 connection.where())
        .hint(fmt::format("GRANT TEMPORARY ON DATABASE {} TO {}", quote_identifier(source.database),
                          quote_identifier(facts.text(0, 2))));
  }
  // Compiling a statement costs more than most rounds; equal rows are read in the same order again.
  RETURN_IF_ERROR(connection.execute(
      fmt::format("BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE; SET TRANSACTION SNAPSHOT {}; "
                  "SET LOCAL row_security = off; SET LOCAL lock_timeout = '10s'; SET LOCAL jit = off; SET "
                  "LOCAL synchronize_seqscans = off",
                  quote_literal(source.snapshot))));
  return connection;
}

std::string note_on(const LeavingReference& leaving) {
  const std::string fact = fmt::format("{} rows refer by {} to rows of {} that lie outside", leaving.rows,
                                       leaving.name, leaving.table);
  return fact + (leaving.outside == config::OutsidePolicy::kNull
                     ? ": the column is empty there in this backup"
                     : ": those rows are in this backup, with what they refer to");
}

// Where the ids of owners can be read.
std::string listing_of_ids(const SelectionRules& rules) {
  std::string listing;
  for (size_t i = 0; i < rules.tables.size(); ++i) {
    const auto& rule = rules.tables[i];
    const auto& column = rule.start ? rules.start_column : rule.owner_column;
    if (column.empty() || (!listing.empty() && !rule.start)) continue;
    listing = fmt::format("SELECT DISTINCT {} FROM {}", quote_identifier(column),
                          rules.graph.tables[i].name.quoted());
  }
  return listing;
}

Result<SelectedRows> select_owner(const SelectionSource& source, const SelectionRequest& request) {
  ASSIGN_OR_RETURN(auto connection, join_writing(source));
  ASSIGN_OR_RETURN(auto graph, read_schema_graph(connection));
  ASSIGN_OR_RETURN(auto rules, apply_selection(std::move(graph), request.rows));
  SelectedRows selected;
  selected.missing = rules.missing;
  auto selection = std::make_unique<OwnerSelection>(std::move(connection), std::move(rules));
  auto& closure = selection->closure();
  RETURN_IF_ERROR(closure.run(request.id));
  selected.owned_rows = closure.owned_rows();
  selected.leaving = closure.leaving();
  for (const auto& leaving : selected.leaving) selected.notes.push_back(note_on(leaving));
  if (selected.owned_rows == 0) {
    selected.unknown_owner.push_back(
        Error(Code::kNotFound, "no row belongs to {} `{}`", request.filter, request.id)
            .hint(fmt::format("list the ids: psql -c '{}' {}", listing_of_ids(selection->rules()),
                              source.database)));
  }
  selected.selection = std::move(selection);
  return selected;
}

bool is_missing_everywhere(const std::vector<const SelectedRows*>& selected, const std::string& name) {
  for (const auto* one : selected) {
    if (!one->missing.contains(name)) return false;
  }
  return true;
}

}  // namespace

Result<SelectedRows> select_rows(const SelectionSource& source, const SelectionRequest& request) {
  return request.filter == "core" ? select_core(source, request) : select_owner(source, request);
}

Result<void> check_selected(const std::vector<const SelectedRows*>& selected) {
  if (selected.empty()) return {};
  for (const auto& [name, error] : selected.front()->missing) {
    if (is_missing_everywhere(selected, name)) return error;
  }
  const bool unknown =
      std::ranges::all_of(selected, [](const SelectedRows* one) { return !one->unknown_owner.empty(); });
  if (unknown) return selected.front()->unknown_owner.front();
  return {};
}

}  // namespace summit::postgres
