#include "stores/postgres/merge/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "stores/postgres/sql.h"

namespace summit::postgres::merge {

namespace {

using Indexes = std::map<std::string, size_t, std::less<>>;  // of tables by oid

// Of pg_class c joined with pg_namespace n: tables that users made and that are nobody's part.
constexpr std::string_view kOfUsers = R"sql(
  c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname !~ '^(pg_|_timescaledb_)' AND n.nspname NOT IN ('information_schema', 'summit_dr')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))sql";

Result<Indexes> read_tables(Connection& connection, Target& target) {
  ASSIGN_OR_RETURN(auto rows, connection.query(fmt::format(R"sql(
      SELECT c.oid, n.nspname, c.relname, c.relkind = 'p'
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE {} ORDER BY 2, 3)sql",
                                                           kOfUsers)));
  Indexes indexes;
  for (size_t i = 0; i < rows.size(); ++i) {
    TargetTable table;
    table.oid = rows.string(i, 0);
    table.name = {rows.string(i, 1), rows.string(i, 2)};
    table.spread = rows.truth(i, 3);
    indexes[table.oid] = i;
    target.tables.push_back(std::move(table));
  }
  return indexes;
}

Result<void> read_columns(Connection& connection, const Indexes& indexes, Target& target) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      WITH RECURSIVE base(type, root) AS (
        SELECT oid, oid FROM pg_catalog.pg_type WHERE typtype <> 'd'
        UNION ALL
        SELECT t.oid, b.root FROM pg_catalog.pg_type t JOIN base b ON t.typbasetype = b.type WHERE t.typtype = 'd')
      SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.format_type(b.root, -1),
             a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', a.attgenerated <> '', a.attidentity = 'a'
      FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      JOIN base b ON b.type = a.atttypid
      WHERE a.attnum > 0 AND NOT a.attisdropped
      ORDER BY a.attrelid, a.attnum)sql"));
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto found = indexes.find(rows.text(i, 0));
    if (found == indexes.end()) continue;
    TargetColumn column;
    column.name = rows.string(i, 1);
    column.type = rows.string(i, 2);
    column.plain_type = rows.string(i, 3);
    column.required = rows.truth(i, 4);
    column.generated = rows.truth(i, 5);
    column.identity_always = rows.truth(i, 6);
    target.tables[found->second].columns.push_back(std::move(column));
  }
  return {};
}

std::string operator_in(const Rows& rows, size_t row, size_t schema) {
  return fmt::format("OPERATOR({}.{})", quote_identifier(rows.text(row, schema)), rows.text(row, schema + 1));
}

// One row a key column. Partial and expression indexes, and exclusion constraints, only mark their table.
Result<void> read_unique_indexes(Connection& connection, const Indexes& indexes, Target& target) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT i.indrelid, ic.relname, i.indexrelid,
             i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND o.oid IS NOT NULL,
             i.indisprimary, a.attname, coalesce(a.attnotnull, false), onsp.nspname, o.oprname
      FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
      CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) WITH ORDINALITY AS k(attribute, class, n)
      LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attribute AND k.attribute > 0
      LEFT JOIN pg_catalog.pg_opclass oc ON oc.oid = k.class
      LEFT JOIN pg_catalog.pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amoplefttype = oc.opcintype
                                     AND ao.amoprighttype = oc.opcintype AND ao.amopstrategy = 3
                                     AND ao.amopmethod = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'btree')
      LEFT JOIN pg_catalog.pg_operator o ON o.oid = ao.amopopr
      LEFT JOIN pg_catalog.pg_namespace onsp ON onsp.oid = o.oprnamespace
      WHERE (i.indisunique OR i.indisexclusion) AND i.indisvalid AND i.indislive AND k.n <= i.indnkeyatts
      ORDER BY i.indrelid, i.indisprimary DESC, i.indnkeyatts, i.indexrelid, k.n)sql"));
  std::string last;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto found = indexes.find(rows.text(i, 0));
    if (found == indexes.end()) continue;
    auto& table = target.tables[found->second];
    if (!rows.truth(i, 3)) {
      table.other_uniqueness = true;
      continue;
    }
    if (rows.text(i, 2) != last) {
      last = rows.string(i, 2);
      table.unique.push_back({rows.string(i, 1), {}, {}, true, rows.truth(i, 4)});
    }
    auto& index = table.unique.back();
    index.columns.push_back(rows.string(i, 5));
    index.equality.push_back(operator_in(rows, i, 7));
    index.identifies = index.identifies && rows.truth(i, 6);
  }
  return {};
}

// One row a column of a foreign key. One that a partition has by itself counts for the table that it is a
// part of.
Result<void> read_foreign_keys(Connection& connection, const Indexes& indexes, Target& target) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT con.oid, con.conname,
             coalesce(pg_catalog.pg_partition_root(con.conrelid), con.conrelid)::oid,
             coalesce(pg_catalog.pg_partition_root(con.confrelid), con.confrelid)::oid,
             con.confdeltype, f.attname, t.attname, n.nspname, o.oprname
      FROM pg_catalog.pg_constraint con
      CROSS JOIN LATERAL unnest(con.conkey, con.confkey, con.conpfeqop) WITH ORDINALITY AS k(here, there, operator, n)
      JOIN pg_catalog.pg_attribute f ON f.attrelid = con.conrelid AND f.attnum = k.here
      JOIN pg_catalog.pg_attribute t ON t.attrelid = con.confrelid AND t.attnum = k.there
      JOIN pg_catalog.pg_operator o ON o.oid = k.operator
      JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
      WHERE con.contype = 'f' AND con.conparentid = 0
      ORDER BY con.oid, k.n)sql"));
  std::string last;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto from = indexes.find(rows.text(i, 2));
    const auto to = indexes.find(rows.text(i, 3));
    if (from == indexes.end() || to == indexes.end()) continue;
    if (rows.text(i, 0) != last) {
      last = rows.string(i, 0);
      Reference reference;
      reference.name = rows.string(i, 1);
      reference.from = from->second;
      reference.to = to->second;
      reference.on_delete = rows.text(i, 4).front();
      target.references.push_back(std::move(reference));
    }
    auto& reference = target.references.back();
    reference.columns.push_back(rows.string(i, 5));
    reference.to_columns.push_back(rows.string(i, 6));
    reference.equality.push_back(operator_in(rows, i, 7));
  }
  return {};
}

Result<void> read_rules(Connection& connection, const Indexes& indexes, Target& target) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT ev_class, rulename, ev_type FROM pg_catalog.pg_rewrite
      WHERE ev_type IN ('2', '3', '4') AND ev_enabled IN ('O', 'A') ORDER BY 1, 2)sql"));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (const auto found = indexes.find(rows.text(i, 0)); found != indexes.end())
      target.tables[found->second].rules.push_back({rows.string(i, 1), rows.text(i, 2).front()});
  }
  return {};
}

// Owned by the column (serial, identity), or named in its default.
Result<void> read_sequences(Connection& connection, const Indexes& indexes, Target& target) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT n.nspname, s.relname, u.relid, a.attname
      FROM (SELECT d.objid AS sequence, d.refobjid AS relid, d.refobjsubid AS number FROM pg_catalog.pg_depend d
            WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
              AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
            UNION
            SELECT d.refobjid, ad.adrelid, ad.adnum FROM pg_catalog.pg_depend d
            JOIN pg_catalog.pg_attrdef ad ON ad.oid = d.objid
            WHERE d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass) u
      JOIN pg_catalog.pg_class s ON s.oid = u.sequence AND s.relkind = 'S'
      JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
      JOIN pg_catalog.pg_attribute a ON a.attrelid = u.relid AND a.attnum = u.number
      WHERE a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
      ORDER BY 1, 2, 3)sql"));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (const auto found = indexes.find(rows.text(i, 2)); found != indexes.end())
      target.sequences.push_back({{rows.string(i, 0), rows.string(i, 1)}, found->second, rows.string(i, 3)});
  }
  return {};
}

Result<void> read_partitions(Connection& connection, Target& target) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT n.nspname, c.relname, rn.nspname, r.relname
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_class r ON r.oid = pg_catalog.pg_partition_root(c.oid)
      JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
      WHERE c.relispartition AND c.relkind IN ('r', 'p'))sql"));
  for (size_t i = 0; i < rows.size(); ++i)
    target.roots[{rows.string(i, 0), rows.string(i, 1)}] = {rows.string(i, 2), rows.string(i, 3)};
  return {};
}

Result<void> read_hypertables(Connection& connection, Target& target) {
  ASSIGN_OR_RETURN(auto extension,
                   connection.query("SELECT FROM pg_catalog.pg_extension WHERE extname = 'timescaledb'"));
  if (extension.empty()) return {};
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT h.schema_name, h.table_name,
             EXISTS (SELECT FROM _timescaledb_catalog.chunk c
                     WHERE c.hypertable_id = h.id AND c.compressed_chunk_id IS NOT NULL AND NOT c.dropped)
      FROM _timescaledb_catalog.hypertable h)sql"));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (const auto found = target.find({rows.string(i, 0), rows.string(i, 1)})) {
      target.tables[*found].spread = true;
      target.tables[*found].compressed_chunks = rows.truth(i, 2);
    }
  }
  return {};
}

}  // namespace

std::string TargetTable::from() const { return (spread ? "" : "ONLY ") + name.quoted(); }

const TargetColumn* TargetTable::column(std::string_view column) const {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == column; });
  return found == columns.end() ? nullptr : &*found;
}

std::string Reference::condition(std::string_view from_alias, std::string_view to_alias) const {
  std::string text;
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string_view cast = as_text ? "::text" : "";
    text += fmt::format("{}{}.{}{} {} {}.{}{}", i ? " AND " : "", to_alias, quote_identifier(to_columns[i]),
                        cast, equality[i], from_alias, quote_identifier(columns[i]), cast);
  }
  if (!when_column.empty()) {
    text += fmt::format(" AND {}.{}::text = {}", from_alias, quote_identifier(when_column),
                        quote_literal(when_equals));
  }
  return text;
}

std::optional<size_t> Target::find(const RelationName& name) const {
  const auto found =
      std::find_if(tables.begin(), tables.end(), [&](const auto& table) { return table.name == name; });
  if (found == tables.end()) return std::nullopt;
  return static_cast<size_t>(found - tables.begin());
}

Result<Target> read_target(Connection& connection) {
  Target target;
  ASSIGN_OR_RETURN(const auto indexes, read_tables(connection, target));
  RETURN_IF_ERROR(read_columns(connection, indexes, target));
  RETURN_IF_ERROR(read_unique_indexes(connection, indexes, target));
  RETURN_IF_ERROR(read_foreign_keys(connection, indexes, target));
  RETURN_IF_ERROR(read_rules(connection, indexes, target));
  RETURN_IF_ERROR(read_sequences(connection, indexes, target));
  RETURN_IF_ERROR(read_partitions(connection, target));
  RETURN_IF_ERROR(read_hypertables(connection, target));
  return target;
}

}  // namespace summit::postgres::merge
