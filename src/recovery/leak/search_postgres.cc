// Rows are searched in blocks, whatever columns they have: the places are looked for only where something was
// found.
#include <optional>

#include "core/process.h"
#include "core/task_group.h"
#include "masking/copy_rows.h"
#include "recovery/leak/leak_scan.h"
#include "recovery/leak/leak_words.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/large_objects.h"
#include "stores/postgres/row_splitter.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/tools.h"

namespace summit::recovery {
namespace {

using masking::TextSearch;

constexpr size_t kCopyBlock = 256 * KiB;

struct SearchColumn {
  std::string name;
  bool is_number = false;  // numbers, dates, uuids, vectors: full of digits that mean nothing
  std::optional<uint32_t> own_place;
};

struct SearchTable {
  postgres::RelationName name;
  std::vector<SearchColumn> columns;
  bool has_own_values = false;
};

// All that has rows of its own: also partitions, chunks, unlogged tables and extensions' tables. The
// environment's marker is no data. Rules and places name the table that a partition belongs to.
constexpr const char* kRelations = R"(
SELECT n.nspname, c.relname, a.attname,
       t.typcategory IN ('N', 'D', 'T', 'B') OR t.typname IN ('uuid', 'vector', 'halfvec', 'sparsevec', 'oid')
       OR coalesce(e.typcategory IN ('N', 'D', 'T', 'B') OR e.typname = 'uuid', false),
       coalesce(rn.nspname, n.nspname), coalesce(r.relname, c.relname)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_class r ON r.oid = pg_catalog.pg_partition_root(c.oid)
  LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
  LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
 WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND (c.relkind = 'r' OR c.relispopulated)
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname <> $1
 ORDER BY pg_catalog.pg_relation_size(c.oid) DESC, c.oid, a.attnum)";

// What COPY cannot read here.
constexpr const char* kForeignTables = R"(
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'f')";

Result<std::vector<SearchTable>> list_tables(postgres::Connection& connection,
                                             const masking::ReplacedTable& replaced) {
  ASSIGN_OR_RETURN(const auto rows, connection.query(kRelations, {std::string(postgres::kMarkerSchema)}),
                   "while listing tables");
  std::vector<SearchTable> tables;
  for (size_t row = 0; row < rows.size(); ++row) {
    const postgres::RelationName name{rows.string(row, 0), rows.string(row, 1)};
    if (tables.empty() || tables.back().name != name) {
      tables.emplace_back();
      tables.back().name = name;
    }
    auto& table = tables.back();
    SearchColumn column{.name = rows.string(row, 2), .is_number = rows.truth(row, 3), .own_place = {}};
    const postgres::RelationName whole{rows.string(row, 4), rows.string(row, 5)};
    column.own_place = replaced.place_number(fmt::format("postgresql:{}.{}", whole.display(), column.name));
    if (column.own_place && replaced.has_own_values(*column.own_place)) table.has_own_values = true;
    table.columns.push_back(std::move(column));
  }
  return tables;
}

class TableSearch {
 public:
  TableSearch(const SearchTable& table, const SearchedDatabase& database, const LeakScan& scan)
      : table_(table), database_(database.shown_as), scan_(scan), search_(scan.table) {}

  // Blocks may end within a row.
  Result<void> write(ByteView block) {
    RETURN_IF_ERROR(scan_.cancellation.check());
    counts_.bytes += block.size();
    pending_.append(as_text(block));
    const size_t end = pending_.rfind('\n');
    if (end == std::string::npos) return {};
    look_through(std::string_view(pending_).substr(0, end + 1));
    pending_.erase(0, end + 1);
    return {};
  }

  LeakCounts counts() const { return counts_; }

 private:
  void look_through(std::string_view rows) {
    counts_.elements += postgres::count_rows(rows);
    const bool suspicious = search_.holds_any(rows, TextSearch::Separators::kTabAndBreak);
    if (!suspicious && !table_.has_own_values) return;
    for (size_t at = 0; at < rows.size();) {
      const size_t end = rows.find('\n', at);
      const auto row = rows.substr(at, end - at);
      at = end + 1;
      const bool is_suspicious = suspicious && search_.holds_any(row, TextSearch::Separators::kTabAndBreak);
      if (is_suspicious || table_.has_own_values) look_at_row(row, is_suspicious);
    }
  }

  void look_at_row(std::string_view row, bool is_suspicious) {
    size_t at = 0;
    for (const auto& column : table_.columns) {
      const size_t end = std::min(row.find('\t', at), row.size());
      if (is_suspicious || column.own_place) look_at_field(column, row.substr(at, end - at), is_suspicious);
      at = std::min(end + 1, row.size());
    }
  }

  std::string place_of(const SearchColumn& column) const {
    return fmt::format("postgresql:{}.{}.{}", database_, table_.name.display(), column.name);
  }

  void look_at_field(const SearchColumn& column, std::string_view field, bool is_suspicious) {
    if (field == "\\N") return;
    if (is_suspicious && report_text(search_, scan_.report, field, place_of(column), column.is_number))
      return;
    // A backslash at the end is no COPY text; the server does not write one.
    if (column.own_place && masking::decode_copy_field(field, decoded_) &&
        holds_own(search_, column.own_place, decoded_))
      scan_.report.found(place_of(column), scan_.table.place(*column.own_place));
  }

  const SearchTable& table_;
  const std::string& database_;
  const LeakScan& scan_;
  TextSearch search_;
  std::string pending_;
  std::string decoded_;
  LeakCounts counts_;
};

Result<postgres::Connection> open(const config::PostgresEndpoint& endpoint, const std::string& database,
                                  const LeakScan& scan, bool binary) {
  postgres::Connection::Options options;
  options.cancellation = scan.cancellation;
  options.binary_results = binary;
  ASSIGN_OR_RETURN(auto connection, postgres::Connection::open(endpoint, database, options));
  // Rather an error than rows that a policy hides.
  RETURN_IF_ERROR(connection.execute("SET row_security = off"));
  return connection;
}

std::vector<std::string> names_of(const std::vector<SearchColumn>& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return names;
}

Result<void> search_table(postgres::Connection& connection, const SearchTable& table,
                          const SearchedDatabase& database, const LeakScan& scan, Phase& phase) {
  TableSearch search(table, database, scan);
  std::optional<postgres::RowHasher> hasher;
  if (database.rows) hasher = database.rows->begin(table.name, names_of(table.columns));
  const auto copy = fmt::format("COPY (SELECT * FROM ONLY {}) TO STDOUT", table.name.quoted());
  RETURN_IF_ERROR(connection.copy_out_blocks(copy, kCopyBlock,
                                             [&](ByteView block) {
                                               phase.advance(block.size());
                                               if (hasher) hasher->add(block);
                                               return search.write(block);
                                             }),
                  "while searching {}", table.name.display());
  if (hasher) database.rows->end(table.name, *hasher);
  scan.report.searched("postgresql", search.counts());
  return {};
}

Result<void> search_large_objects(const config::PostgresEndpoint& endpoint, const SearchedDatabase& database,
                                  const LeakScan& scan) {
  ASSIGN_OR_RETURN(auto connection, open(endpoint, database.name, scan, true));
  RETURN_IF_ERROR(connection.execute("BEGIN TRANSACTION READ ONLY ISOLATION LEVEL REPEATABLE READ"));
  ASSIGN_OR_RETURN(const auto objects, postgres::list_large_objects(connection));
  TextSearch search(scan.table);
  StreamedOriginals originals(search);
  return postgres::read_large_objects(connection, objects, [&](const auto& part) -> Result<void> {
    originals.write(part.bytes);
    scan.report.searched("postgresql", {.elements = part.last ? 1U : 0U, .bytes = part.bytes.size()});
    if (!part.last) return {};
    originals.report_at(fmt::format("postgresql:{}: large object {}", database.shown_as, part.oid),
                        scan.report);
    return {};
  });
}

// Names, defaults, constraints, functions, comments, settings: as pg_dump writes them.
Result<void> search_definitions(const config::PostgresEndpoint& endpoint, const SearchedDatabase& database,
                                int server_version, const LeakScan& scan) {
  ASSIGN_OR_RETURN(const auto tool, postgres::find_tool(endpoint, "pg_dump", server_version / 10000));
  const auto command =
      postgres::tool_command(endpoint, tool, database.name, {"--schema-only", "--create", "--no-sync"});
  TextSearch search(scan.table);
  StreamedOriginals originals(search);
  const auto take = [&](ByteView block) -> Result<void> {
    originals.write(block);
    scan.report.searched("postgresql", {.elements = 0, .bytes = block.size()});
    return {};
  };
  RETURN_IF_ERROR(run_streaming(command, take, scan.cancellation), "while searching definitions");
  RETURN_IF_ERROR(take(as_bytes("\n" + database.comment)));
  originals.report_at(fmt::format("postgresql:{}: definitions", database.shown_as), scan.report);
  return {};
}

}  // namespace

Result<void> search_postgres(const config::PostgresEndpoint& endpoint, const SearchedDatabase& database,
                             const LeakScan& scan) {
  ASSIGN_OR_RETURN(auto connection, open(endpoint, database.name, scan, false));
  ASSIGN_OR_RETURN(const auto tables, list_tables(connection, scan.table));
  ASSIGN_OR_RETURN(const auto foreign, connection.query(kForeignTables));
  for (size_t row = 0; row < foreign.size(); ++row) {
    scan.report.not_searched(fmt::format("postgresql: foreign table {}",
                                         postgres::display_name(foreign.text(row, 0), foreign.text(row, 1))));
  }

  const auto phase = scan.reporter.phase("postgresql", "looking for replaced values");
  std::atomic<size_t> next{0};
  TaskGroup group(scan.cancellation);
  LeakScan within = scan;
  within.cancellation = group.cancellation();
  const auto search_tables = [&](postgres::Connection& by) -> Result<void> {
    for (size_t index = next++; index < tables.size(); index = next++)
      RETURN_IF_ERROR(search_table(by, tables[index], database, within, *phase));
    return {};
  };
  const size_t workers = std::min(std::max<size_t>(1, scan.jobs), tables.size() + 1);
  const int version = connection.server_version();
  const auto search_part = [&](size_t worker) -> Result<void> {
    if (worker == 0) {
      RETURN_IF_ERROR(search_definitions(endpoint, database, version, within));
      RETURN_IF_ERROR(search_large_objects(endpoint, database, within), "while searching large objects");
    }
    if (worker + 1 == workers) return search_tables(connection);
    if (next >= tables.size()) return {};
    ASSIGN_OR_RETURN(auto own, open(endpoint, database.name, within, false));
    return search_tables(own);
  };
  for (size_t worker = 0; worker < workers; ++worker)
    group.spawn([&, worker] { return search_part(worker); });
  return group.join();
}

}  // namespace summit::recovery
