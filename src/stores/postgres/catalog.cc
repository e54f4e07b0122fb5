#include "stores/postgres/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

// Of pg_class c joined with pg_namespace n: what users made. TimescaleDB keeps chunks and compressed data in
// schemas of its own; the hypertables among them are added by name.
constexpr std::string_view kOfUsers = R"sql(
  n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'summit_dr')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))sql";

bool is_timescale_schema(std::string_view schema) { return schema.substr(0, 13) == "_timescaledb_"; }

// The table of a continuous aggregate's rows: before TimescaleDB's catalogs are restored nothing else tells
// it from what is internal.
bool holds_aggregate(const RelationName& table) {
  return table.name.starts_with("_materialized_hypertable_");
}

struct Timescale {
  std::vector<Hypertable> hypertables;
  std::vector<RelationName> chunks;
};

Result<Timescale> read_timescale(Connection& connection) {
  Timescale found;
  // compression_state 2 marks the hidden table that holds another's compressed rows.
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT h.schema_name, h.table_name,
             (SELECT count(*) FROM _timescaledb_catalog.chunk c WHERE c.hypertable_id = h.id AND NOT c.dropped),
             (SELECT d.column_name FROM _timescaledb_catalog.dimension d WHERE d.hypertable_id = h.id ORDER BY d.id LIMIT 1)
      FROM _timescaledb_catalog.hypertable h WHERE h.compression_state <> 2 ORDER BY 1, 2)sql"));
  for (size_t i = 0; i < rows.size(); ++i) {
    found.hypertables.push_back(
        {{rows.string(i, 0), rows.string(i, 1)}, rows.number(i, 2), rows.string(i, 3)});
  }
  ASSIGN_OR_RETURN(auto chunks,
                   connection.query("SELECT schema_name, table_name FROM _timescaledb_catalog.chunk"));
  for (size_t i = 0; i < chunks.size(); ++i)
    found.chunks.push_back({chunks.string(i, 0), chunks.string(i, 1)});
  std::sort(found.chunks.begin(), found.chunks.end());
  return found;
}

Result<std::vector<Extension>> read_extensions(Connection& connection) {
  ASSIGN_OR_RETURN(
      auto rows,
      connection.query("SELECT extname, extversion FROM pg_catalog.pg_extension ORDER BY extname"));
  std::vector<Extension> extensions;
  for (size_t i = 0; i < rows.size(); ++i) extensions.push_back({rows.string(i, 0), rows.string(i, 1)});
  return extensions;
}

// Columns by table oid, in their order.
Result<std::map<std::string, std::vector<Column>, std::less<>>> read_columns(Connection& connection) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attgenerated <> ''
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'm') AND a.attnum > 0 AND NOT a.attisdropped
        AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      ORDER BY a.attrelid, a.attnum)sql"));
  std::map<std::string, std::vector<Column>, std::less<>> columns;
  for (size_t i = 0; i < rows.size(); ++i) {
    columns[rows.string(i, 0)].push_back({rows.string(i, 1), rows.string(i, 2), rows.truth(i, 3)});
  }
  return columns;
}

// Leaf partitions by the oid of their root; foreign ones hold no rows of ours.
Result<std::map<std::string, std::vector<RelationName>, std::less<>>> read_partitions(
    Connection& connection) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT root.oid, n.nspname, leaf.relname
      FROM pg_catalog.pg_class root
      CROSS JOIN LATERAL pg_catalog.pg_partition_tree(root.oid) t
      JOIN pg_catalog.pg_class leaf ON leaf.oid = t.relid AND leaf.relkind = 'r'
      JOIN pg_catalog.pg_namespace n ON n.oid = leaf.relnamespace
      WHERE root.relkind = 'p' AND NOT root.relispartition AND t.isleaf
      ORDER BY 1, 2, 3)sql"));
  std::map<std::string, std::vector<RelationName>, std::less<>> parts;
  for (size_t i = 0; i < rows.size(); ++i)
    parts[rows.string(i, 0)].push_back({rows.string(i, 1), rows.string(i, 2)});
  return parts;
}

Table::Kind kind_of(std::string_view relkind, bool hypertable) {
  if (hypertable) return Table::Kind::kHypertable;
  if (relkind == "p") return Table::Kind::kPartitioned;
  return relkind == "m" ? Table::Kind::kMaterializedView : Table::Kind::kOrdinary;
}

Result<std::vector<Table>> read_tables(Connection& connection, const Timescale& timescale) {
  ASSIGN_OR_RETURN(auto columns, read_columns(connection));
  ASSIGN_OR_RETURN(auto partitions, read_partitions(connection));
  // A view that was never filled has no rows to protect, and reading it is an error.
  ASSIGN_OR_RETURN(auto rows, connection.query(fmt::format(R"sql(
      SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples::bigint,
             (SELECT coalesce(sum(pg_catalog.pg_total_relation_size(t.relid)), 0)
              FROM (SELECT c.oid AS relid
                    UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid
                    UNION SELECT p.relid FROM pg_catalog.pg_partition_tree(c.oid) p WHERE p.isleaf) t)::bigint
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND c.relispopulated AND {}
      ORDER BY 2, 3)sql",
                                                           kOfUsers)));
  std::vector<Table> tables;
  for (size_t i = 0; i < rows.size(); ++i) {
    Table table;
    table.name = {rows.string(i, 1), rows.string(i, 2)};
    const bool hypertable = std::any_of(timescale.hypertables.begin(), timescale.hypertables.end(),
                                        [&](const Hypertable& h) { return h.name == table.name; });
    if (!hypertable) {
      if (is_timescale_schema(table.name.schema) && !holds_aggregate(table.name)) continue;
      if (std::binary_search(timescale.chunks.begin(), timescale.chunks.end(), table.name)) continue;
    }
    table.kind = kind_of(rows.text(i, 3), hypertable);
    table.estimated_rows = rows.number(i, 4);
    table.bytes = static_cast<uint64_t>(rows.number(i, 5));
    table.columns = columns[rows.string(i, 0)];
    table.parts = partitions[rows.string(i, 0)];
    tables.push_back(std::move(table));
  }
  return tables;
}

// One query a note: it gives the count and the names of what a dump leaves out.
struct Omission {
  std::string_view sql;  // one column of names
  std::string_view sentence;
};

constexpr Omission kOmissions[] = {
    {R"sql(SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n
           ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.relpersistence = 'u'
           AND NOT pg_catalog.pg_is_in_recovery() ORDER BY 1)sql",
     "unlogged tables are in this backup as they are now, but the server empties them when it crashes"},
    {R"sql(SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n
           ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.relpersistence = 'u'
           AND pg_catalog.pg_is_in_recovery() ORDER BY 1)sql",
     "unlogged tables have no rows on a standby: only their definitions are in this backup"},
    {R"sql(SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n
           ON n.oid = c.relnamespace WHERE c.relkind = 'f' ORDER BY 1)sql",
     "foreign tables are defined, their rows live on another server and are not in this backup"},
    {"SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database() ORDER BY 1",
     "prepared transactions are not in this backup: they were neither committed nor rolled back"},
    {"SELECT slot_name FROM pg_catalog.pg_replication_slots WHERE slot_type = 'logical' "
     "AND database = pg_catalog.current_database() ORDER BY 1",
     "logical replication slots are not in this backup: create them again after a restore"},
    {R"sql(SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_index i
           JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           WHERE NOT i.indisvalid AND c.relkind = 'i' ORDER BY 1)sql",
     "invalid indexes are left out of the dump"},
    {"SELECT subname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid "
     "WHERE d.datname = pg_catalog.current_database() ORDER BY 1",
     "subscriptions are restored disabled: enable them by hand"},
};

// pg_subscription is readable in part only without superuser rights; the columns used here are public.
Result<std::vector<std::string>> read_omissions(Connection& connection) {
  constexpr size_t kShown = 5;
  std::vector<std::string> notes;
  for (const auto& omission : kOmissions) {
    ASSIGN_OR_RETURN(auto rows, connection.query(std::string(omission.sql)));
    if (rows.empty()) continue;
    std::string names;
    for (size_t i = 0; i < std::min(rows.size(), kShown); ++i) names += (i ? ", " : "") + rows.string(i, 0);
    if (rows.size() > kShown) names += fmt::format(" and {} more", rows.size() - kShown);
    notes.push_back(fmt::format("database {}: {} ({})", connection.database(), omission.sentence, names));
  }
  return notes;
}

}  // namespace

std::string RelationName::display() const { return display_name(schema, name); }
std::string RelationName::quoted() const { return quote_qualified(schema, name); }

const Extension* Inventory::extension(std::string_view name) const {
  auto found =
      std::find_if(extensions.begin(), extensions.end(), [&](const Extension& e) { return e.name == name; });
  return found == extensions.end() ? nullptr : &*found;
}

const Table* Inventory::table(const RelationName& name) const {
  auto found = std::find_if(tables.begin(), tables.end(), [&](const Table& t) { return t.name == name; });
  return found == tables.end() ? nullptr : &*found;
}

Result<std::string> server_version_text(Connection& connection) {
  ASSIGN_OR_RETURN(auto text, connection.scalar("SHOW server_version"));
  return text.substr(0, text.find(' '));
}

Result<Inventory> read_inventory(Connection& connection) {
  Inventory inventory;
  ASSIGN_OR_RETURN(inventory.server_version, server_version_text(connection));
  ASSIGN_OR_RETURN(inventory.extensions, read_extensions(connection));
  Timescale timescale;
  if (inventory.extension("timescaledb")) {
    ASSIGN_OR_RETURN(timescale, read_timescale(connection));
  }
  ASSIGN_OR_RETURN(inventory.tables, read_tables(connection, timescale));
  inventory.hypertables = std::move(timescale.hypertables);
  ASSIGN_OR_RETURN(auto totals, connection.query(fmt::format(R"sql(
      SELECT pg_catalog.pg_database_size(pg_catalog.current_database()),
             (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind = 'S' AND {}),
             (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata),
             pg_catalog.pg_relation_size('pg_catalog.pg_largeobject'::regclass))sql",
                                                             kOfUsers)));
  inventory.database_bytes = static_cast<uint64_t>(totals.number(0, 0));
  inventory.sequences = totals.number(0, 1);
  inventory.large_objects = totals.number(0, 2);
  inventory.large_object_bytes = static_cast<uint64_t>(totals.number(0, 3));
  ASSIGN_OR_RETURN(inventory.notes, read_omissions(connection));
  return inventory;
}

Result<std::vector<RelationName>> tables_to_lock(Connection& connection) {
  ASSIGN_OR_RETURN(auto rows, connection.query(fmt::format(R"sql(
      SELECT n.nspname, c.relname
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND (({}) OR EXISTS (
          SELECT FROM pg_catalog.pg_extension e WHERE c.oid = ANY (e.extconfig)))
      ORDER BY 1, 2)sql",
                                                           kOfUsers)));
  std::vector<RelationName> tables;
  for (size_t i = 0; i < rows.size(); ++i) tables.push_back({rows.string(i, 0), rows.string(i, 1)});
  return tables;
}

Result<std::vector<DatabaseSize>> list_databases(Connection& connection) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT d.datname, CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT')
                             THEN pg_catalog.pg_database_size(d.oid) ELSE 0 END
      FROM pg_catalog.pg_database d WHERE d.datallowconn AND NOT d.datistemplate ORDER BY 1)sql"));
  std::vector<DatabaseSize> databases;
  for (size_t i = 0; i < rows.size(); ++i) {
    databases.push_back({rows.string(i, 0), static_cast<uint64_t>(rows.number(i, 1))});
  }
  return databases;
}

}  // namespace summit::postgres
