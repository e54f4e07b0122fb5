#include "stores/postgres/merge/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "stores/postgres/sql.h"

namespace summit::postgres::merge {

namespace {

using Indexes = std::map<std::string, size_t, std::less<>>;  // of tables by oid

Result<void> read_columns(Connection& connection, const Indexes& indexes, Target& target) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
             a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', a.attgenerated <> '', a.attidentity = 'a',
             CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END
      FROM pg_catalog.pg_attribute a
      LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      WHERE a.attnum > 0 AND NOT a.attisdropped
      ORDER BY a.attrelid, a.attnum)sql"));
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto found = indexes.find(rows.text(i, 0));
    if (found == indexes.end()) continue;
    TargetColumn column;
    column.name = rows.string(i, 1);
    column.type = rows.string(i, 2);
    column.required = rows.truth(i, 3);
    column.generated = rows.truth(i, 4);
    column.identity_always = rows.truth(i, 5);
    if (!rows.is_null(i, 6)) column.expression = rows.string(i, 6);
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

}  // namespace

const TargetColumn* TargetTable::column(std::string_view column) const {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == column; });
  return found == columns.end() ? nullptr : &*found;
}

Result<Target> read_target(Connection& connection, const config::RowSpec& spec) {
  Target target;
  ASSIGN_OR_RETURN(auto graph, read_schema_graph(connection));
  ASSIGN_OR_RETURN(target.rules, apply_selection(std::move(graph), spec));
  Indexes indexes;
  for (size_t i = 0; i < target.rules.graph.tables.size(); ++i) indexes[target.graph(i).oid] = i;
  target.tables.resize(indexes.size());
  RETURN_IF_ERROR(read_columns(connection, indexes, target));
  RETURN_IF_ERROR(read_unique_indexes(connection, indexes, target));
  RETURN_IF_ERROR(read_rules(connection, indexes, target));
  RETURN_IF_ERROR(read_sequences(connection, indexes, target));
  return target;
}

std::string refers(const Reference& reference, std::string_view from_alias, std::string_view to_alias) {
  const auto column = [](std::string_view alias, const std::string& name) {
    return fmt::format("{}.{}", alias, quote_identifier(name));
  };
  std::string text;
  for (size_t i = 0; i < reference.equalities.size(); ++i) {
    text += (i ? " AND " : "") + reference.equalities[i].of(column(to_alias, reference.to.columns[i]),
                                                            column(from_alias, reference.from.columns[i]));
  }
  if (!reference.when_column.empty()) {
    text += fmt::format(" AND {}::pg_catalog.text = {}", column(from_alias, reference.when_column),
                        quote_literal(reference.when_equals));
  }
  return text;
}

}  // namespace summit::postgres::merge
