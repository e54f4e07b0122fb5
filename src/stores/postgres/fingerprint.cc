#include "stores/postgres/fingerprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <numeric>

#include "core/task_group.h"
#include "stores/postgres/large_objects.h"
#include "stores/postgres/row_hasher.h"
#include "stores/postgres/snapshot.h"
#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

// What one worker reads in one go: a table, one partition of it, or all large objects.
struct Reading {
  const Table* table = nullptr;  // null: large objects
  std::string from;              // "ONLY \"public\".\"users\""
  uint64_t bytes = 0;
  SetHash hash;
};

std::string_view kind_name(Table::Kind kind) {
  switch (kind) {
    case Table::Kind::kHypertable:
      return "hypertable";
    case Table::Kind::kMaterializedView:
      return "materialized_view";
    case Table::Kind::kOrdinary:
    case Table::Kind::kPartitioned:
      return "table";
  }
  return "table";
}

std::string select_list(const std::vector<Column>& columns) {
  std::string list;
  for (const auto& column : columns) {
    if (!list.empty()) list += ", ";
    list += quote_identifier(column.name);
  }
  return list;
}

// Adds every row that `from` gives.
Result<void> hash_rows(Connection& connection, const std::vector<Column>& columns, const std::string& from,
                       SetHash& hash) {
  RowHasher hasher(columns);
  const std::string copy =
      fmt::format("COPY (SELECT {} FROM {}) TO STDOUT WITH (ENCODING {})", select_list(columns), from,
                  quote_literal(connection.server_encoding()));
  RETURN_IF_ERROR(connection.copy_out_blocks(copy, 256 * KiB, [&](ByteView block) -> Result<void> {
    hasher.add(block);
    return {};
  }));
  hash.merge(hasher.hash());
  return {};
}

std::vector<Reading> units_of(const Inventory& inventory) {
  std::vector<Reading> units;
  for (const auto& table : inventory.tables) {
    if (table.kind == Table::Kind::kPartitioned) {
      // Sums of partitions add up to the table's, so partitions are read in parallel.
      const uint64_t share = table.parts.empty() ? 0 : table.bytes / table.parts.size();
      for (const auto& part : table.parts) units.push_back({&table, "ONLY " + part.quoted(), share, {}});
    } else {
      // An inheritance parent is read alone, its children are tables of their own; a hypertable is read with
      // its chunks.
      const bool whole = table.kind == Table::Kind::kHypertable;
      units.push_back({&table, (whole ? "" : "ONLY ") + table.name.quoted(), table.bytes, {}});
    }
  }
  if (inventory.large_objects > 0) units.push_back({nullptr, "", inventory.large_object_bytes, {}});
  std::stable_sort(units.begin(), units.end(),
                   [](const Reading& a, const Reading& b) { return a.bytes > b.bytes; });
  return units;
}

// Takes every lock that the units need at once. A schema change that begins to wait for the snapshot's locks
// blocks whoever comes after it; taken one by one, in the course of hours, our own locks would come after it.
Result<void> lock_units(Connection& connection, const std::vector<Reading>& units) {
  std::string tables;
  for (const auto& unit : units) {
    if (!unit.table || unit.table->kind == Table::Kind::kMaterializedView) continue;
    tables += (tables.empty() ? "" : ", ") + unit.from;
  }
  if (tables.empty()) return {};
  return connection.execute("LOCK TABLE " + tables + " IN ACCESS SHARE MODE");
}

std::vector<Fingerprint> collect(const std::vector<Reading>& units, const Inventory& inventory,
                                 const FingerprintScope& scope) {
  std::vector<Fingerprint> fingerprints;
  for (const auto& table : inventory.tables) {
    SetHash total;
    for (const auto& unit : units) {
      if (unit.table == &table) total.merge(unit.hash);
    }
    fingerprints.push_back(table_fingerprint(table, scope, total));
  }
  SetHash large_objects;
  for (const auto& unit : units) {
    if (!unit.table) large_objects = unit.hash;
  }
  fingerprints.push_back(large_objects_fingerprint(scope, large_objects));
  return fingerprints;
}

Fingerprint sequence_fingerprint(const FingerprintScope& scope, const RelationName& name,
                                 std::string_view last_value, bool is_called) {
  SetHash hash;
  hash.add(as_bytes(fmt::format("{},{}", last_value, is_called ? "true" : "false")));
  return {scope.store, "sequence", scope.prefix + name.display(), 1, hash.hex()};
}

struct SetvalArguments {
  std::string last_value;
  bool is_called = false;
};

// SELECT pg_catalog.setval('public.users_id_seq', 42, true);
std::optional<SetvalArguments> setval_arguments(std::string_view definition) {
  std::vector<std::string> arguments;  // after the name, which is one literal
  for (const auto& word : words_of(definition)) {
    if (word.text == ",") {
      arguments.emplace_back();
    } else if (word.text == ")") {
      break;
    } else if (!arguments.empty()) {
      arguments.back() += word.text;
    }
  }
  if (arguments.size() != 2 || (arguments[1] != "true" && arguments[1] != "false")) return std::nullopt;
  return SetvalArguments{arguments[0], arguments[1] == "true"};
}

}  // namespace

Fingerprint table_fingerprint(const Table& table, const FingerprintScope& scope, const SetHash& rows) {
  return {scope.store, std::string(kind_name(table.kind)), scope.prefix + table.name.display(), rows.count(),
          rows.hex()};
}

Fingerprint large_objects_fingerprint(const FingerprintScope& scope, const SetHash& objects) {
  return {scope.store, "large_objects", scope.prefix + "large_objects", objects.count(), objects.hex()};
}

Result<std::vector<Fingerprint>> fingerprint_data(const config::PostgresEndpoint& endpoint,
                                                  const std::string& database, const std::string& snapshot,
                                                  const Inventory& inventory, const FingerprintScope& scope,
                                                  size_t jobs, const Cancellation& cancellation, Phase* phase,
                                                  std::chrono::milliseconds lock_timeout) {
  std::vector<Reading> units = units_of(inventory);
  if (phase) {
    phase->set_total(std::accumulate(units.begin(), units.end(), uint64_t{0},
                                     [](uint64_t sum, const Reading& unit) { return sum + unit.bytes; }));
  }
  const size_t workers = std::clamp<size_t>(jobs, 1, std::max<size_t>(units.size(), 1));
  std::atomic<size_t> next{0};
  TaskGroup group(cancellation);
  for (size_t worker = 0; worker < workers; ++worker) {
    group.spawn([&]() -> Result<void> {
      ASSIGN_OR_RETURN(auto connection, Snapshot::join(endpoint, database, snapshot, group.cancellation(),
                                                       true, lock_timeout));
      RETURN_IF_ERROR(lock_units(connection, units), "while locking the tables of {}", database);
      for (size_t i = next++; i < units.size(); i = next++) {
        Reading& unit = units[i];
        if (unit.table) {
          RETURN_IF_ERROR(hash_rows(connection, stored_columns(unit.table->columns), unit.from, unit.hash),
                          "while reading {}", unit.table->name.display());
        } else {
          RETURN_IF_ERROR(hash_large_objects(connection, unit.hash), "while reading large objects");
        }
        if (phase) phase->advance(unit.bytes);
      }
      return {};
    });
  }
  RETURN_IF_ERROR(group.join());
  return collect(units, inventory, scope);
}

Result<Fingerprint> fingerprint_refreshed_view(Connection& connection, const Table& view,
                                               const FingerprintScope& scope) {
  ASSIGN_OR_RETURN(auto definition,
                   connection.scalar("SELECT pg_catalog.pg_get_viewdef($1::regclass)", {view.name.quoted()}));
  if (!definition.empty() && definition.back() == ';') definition.pop_back();
  // Output names of the query may repeat or differ from the view's columns; its positions do not.
  std::string from = "(" + definition + ") AS refreshed (" + select_list(view.columns) + ")";
  SetHash hash;
  RETURN_IF_ERROR(hash_rows(connection, view.columns, from, hash), "while computing {}", view.name.display());
  return table_fingerprint(view, scope, hash);
}

Result<std::vector<Fingerprint>> fingerprint_sequences(const pgarchive::Contents& contents,
                                                       const FingerprintScope& scope) {
  std::vector<Fingerprint> fingerprints;
  for (const auto& entry : contents.entries) {
    const RelationName name{entry.schema.value_or(""), entry.tag.value_or("")};
    if (!entry.is("SEQUENCE SET") || name.schema.starts_with("_timescaledb_")) continue;
    const auto arguments = setval_arguments(entry.definition.value_or(""));
    if (!arguments) {
      return Error(Code::kCorrupt, "the dump sets sequence {} in a way that is not understood",
                   name.display());
    }
    fingerprints.push_back(sequence_fingerprint(scope, name, arguments->last_value, arguments->is_called));
  }
  return fingerprints;
}

Result<std::vector<Fingerprint>> fingerprint_sequences(Connection& connection,
                                                       const FingerprintScope& scope) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT n.nspname, c.relname
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'S' AND n.nspname !~ '^pg_' AND n.nspname !~ '^_timescaledb_'
        AND n.nspname NOT IN ('information_schema', 'summit_dr')
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
      ORDER BY 1, 2)sql"));
  std::vector<Fingerprint> fingerprints;
  for (size_t i = 0; i < rows.size(); ++i) {
    const RelationName name{rows.string(i, 0), rows.string(i, 1)};
    ASSIGN_OR_RETURN(auto value, connection.query("SELECT last_value, is_called FROM " + name.quoted()));
    fingerprints.push_back(sequence_fingerprint(scope, name, value.text(0, 0), value.truth(0, 1)));
  }
  return fingerprints;
}

}  // namespace summit::postgres
