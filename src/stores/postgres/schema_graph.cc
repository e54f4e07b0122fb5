#include "stores/postgres/schema_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "stores/postgres/sql.h"
#include "stores/postgres/timescale.h"

namespace summit::postgres {

namespace {

// Relations that hold rows, or whose partitions do. Extensions bring their own rows.
constexpr std::string_view kRelations = R"sql(
    SELECT c.oid, n.nspname, c.relname, c.relkind,
           CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid)::oid ELSE c.oid END AS root
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'
      AND n.nspname NOT IN ('information_schema', 'summit_dr')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
                        AND d.deptype = 'e'))sql";

// A domain's base type is what values are cast to: a cast to the domain itself would cut them to its length.
constexpr std::string_view kColumns = R"sql(
    WITH RECURSIVE base(oid, target, filled) AS (
      SELECT oid, oid, false FROM pg_catalog.pg_type WHERE typtype <> 'd'
      UNION ALL
      SELECT t.oid, b.target, b.filled OR t.typnotnull
      FROM base b JOIN pg_catalog.pg_type t ON t.typbasetype = b.oid AND t.typtype = 'd')
    SELECT a.attrelid, a.attname, pg_catalog.format_type(b.target, -1), eq.nspname, eq.oprname,
           cn.nspname, co.collname,
           NOT (a.attnotnull OR b.filled OR a.attgenerated <> '')
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i
                           WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey))
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_partition_tree(a.attrelid) t
                           JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = t.relid
                           JOIN pg_catalog.pg_attribute k ON k.attrelid = p.partrelid AND k.attnum = ANY (p.partattrs)
                           WHERE k.attname = a.attname)
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    JOIN base b ON b.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation
    LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
    LEFT JOIN LATERAL (
      SELECT o.oprname, opn.nspname
      FROM pg_catalog.pg_opclass oc
      JOIN pg_catalog.pg_am am ON am.oid = oc.opcmethod AND am.amname = 'btree'
      JOIN pg_catalog.pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amopstrategy = 3
        AND ao.amoplefttype = oc.opcintype AND ao.amoprighttype = oc.opcintype
      JOIN pg_catalog.pg_operator o ON o.oid = ao.amopopr
      JOIN pg_catalog.pg_namespace opn ON opn.oid = o.oprnamespace
      WHERE oc.opcdefault AND oc.opcintype = b.target LIMIT 1) eq ON true
    WHERE a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum)sql";

// One row a column of each foreign key. Copies of a key in and for partitions are the server's business.
constexpr std::string_view kForeignKeys = R"sql(
    SELECT k.oid, k.conrelid, k.confrelid, k.confmatchtype, f.attname, t.attname,
           opn.nspname, o.oprname, tn.nspname, tc.collname, f.attcollation <> t.attcollation, k.confdeltype,
           k.confupdtype
    FROM pg_catalog.pg_constraint k
    CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey),
                                  pg_catalog.unnest(k.conpfeqop)) WITH ORDINALITY AS u(f, t, op, position)
    JOIN pg_catalog.pg_attribute f ON f.attrelid = k.conrelid AND f.attnum = u.f
    JOIN pg_catalog.pg_attribute t ON t.attrelid = k.confrelid AND t.attnum = u.t
    JOIN pg_catalog.pg_operator o ON o.oid = u.op
    JOIN pg_catalog.pg_namespace opn ON opn.oid = o.oprnamespace
    LEFT JOIN pg_catalog.pg_collation tc ON tc.oid = t.attcollation
    LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = tc.collnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0
    ORDER BY k.oid, u.position)sql";

// Chunks of hypertables and of the hidden tables that hold their compressed rows.
constexpr std::string_view kChunkRelations = R"sql(
    SELECT pg_catalog.format('%I.%I', k.schema_name, k.table_name)::pg_catalog.regclass::oid,
           pg_catalog.format('%I.%I', h.schema_name, h.table_name)::pg_catalog.regclass::oid,
           k.compressed_chunk_id IS NOT NULL
    FROM _timescaledb_catalog.chunk k
    JOIN _timescaledb_catalog.hypertable own ON own.id = k.hypertable_id
    JOIN _timescaledb_catalog.hypertable h
      ON h.id = own.id AND own.compression_state <> 2 OR h.compressed_hypertable_id = own.id
    WHERE NOT k.dropped)sql";

struct Relation {
  std::string oid;
  RelationName name;
  bool partitioned = false;
  std::string root;
};

// Builds the graph; keeps what is needed on the way only.
class Builder {
 public:
  explicit Builder(Connection& connection) : connection_(connection) {}

  Result<SchemaGraph> build() {
    RETURN_IF_ERROR(read_relations());
    RETURN_IF_ERROR(read_chunks());
    add_tables();
    RETURN_IF_ERROR(read_columns());
    RETURN_IF_ERROR(read_foreign_keys());
    return std::move(graph_);
  }

 private:
  Result<void> read_relations() {
    ASSIGN_OR_RETURN(auto rows, connection_.query(std::string(kRelations)));
    for (size_t i = 0; i < rows.size(); ++i) {
      relations_[rows.string(i, 0)] = {rows.string(i, 0),
                                       {rows.string(i, 1), rows.string(i, 2)},
                                       rows.text(i, 3) == "p",
                                       rows.string(i, 4)};
    }
    return {};
  }

  Result<void> read_chunks() {
    ASSIGN_OR_RETURN(const bool timescale, has_timescale(connection_));
    if (!timescale) return {};
    ASSIGN_OR_RETURN(auto hypertables, connection_.query(R"sql(
        SELECT pg_catalog.format('%I.%I', schema_name, table_name)::pg_catalog.regclass::oid
        FROM _timescaledb_catalog.hypertable WHERE compression_state <> 2)sql"));
    for (size_t i = 0; i < hypertables.size(); ++i) hypertables_.insert(hypertables.string(i, 0));
    ASSIGN_OR_RETURN(auto rows, connection_.query(std::string(kChunkRelations)));
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto chunk = relations_.find(rows.string(i, 0));
      if (chunk == relations_.end()) continue;
      chunk->second.root = rows.string(i, 1);
      chunks_.insert(chunk->first);
      if (rows.truth(i, 2)) compressed_.insert(rows.string(i, 1));
    }
    return {};
  }

  bool is_hidden(const Relation& relation) const {
    return relation.name.schema.starts_with("_timescaledb_") && !hypertables_.contains(relation.oid) &&
           !chunks_.contains(relation.oid);
  }

  void add_tables() {
    for (const auto& [oid, relation] : relations_) {
      if (relation.root != oid || is_hidden(relation)) continue;
      GraphTable table;
      table.name = relation.name;
      table.oid = oid;
      table.compressed = compressed_.contains(oid);
      if (hypertables_.contains(oid))
        table.kind = Table::Kind::kHypertable;
      else if (relation.partitioned)
        table.kind = Table::Kind::kPartitioned;
      by_oid_[oid] = graph_.tables.size();
      graph_.tables.push_back(std::move(table));
    }
    for (const auto& [oid, relation] : relations_) {
      const auto root = by_oid_.find(relation.root);
      if (root == by_oid_.end()) continue;
      auto& table = graph_.tables[root->second];
      table.definitions.push_back(relation.name);
      if (!relation.partitioned) table.parts.push_back({oid, relation.name});
      graph_.index[relation.name] = root->second;
    }
  }

  Result<void> read_columns() {
    ASSIGN_OR_RETURN(auto rows, connection_.query(std::string(kColumns)));
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto table = by_oid_.find(rows.string(i, 0));
      if (table == by_oid_.end()) continue;
      GraphColumn column;
      column.name = rows.string(i, 1);
      column.type = rows.string(i, 2);
      column.equality = rows.is_null(i, 4) ? std::string("OPERATOR(pg_catalog.=)")
                                           : operator_text(rows.string(i, 3), rows.string(i, 4));
      if (!rows.is_null(i, 6)) column.collation = quote_qualified(rows.text(i, 5), rows.text(i, 6));
      column.replaceable = rows.truth(i, 7);
      graph_.tables[table->second].columns.push_back(std::move(column));
    }
    return {};
  }

  static std::string operator_text(const std::string& schema, const std::string& name) {
    return fmt::format("OPERATOR({}.{})", quote_identifier(schema), name);
  }

  // Nothing for relations outside of the graph.
  std::optional<ReferenceEnd> end_at(const std::string& oid) const {
    const auto relation = relations_.find(oid);
    // TimescaleDB copies the keys of a hypertable to its chunks.
    if (relation == relations_.end() || chunks_.contains(oid)) return std::nullopt;
    const auto table = by_oid_.find(relation->second.root);
    if (table == by_oid_.end()) return std::nullopt;
    ReferenceEnd end;
    end.table = table->second;
    if (relation->second.root == oid) {
      end.scan = graph_.tables[end.table].scan();
      return end;
    }
    end.scan = (relation->second.partitioned ? "" : "ONLY ") + relation->second.name.quoted();
    return end;
  }

  Result<void> read_foreign_keys() {
    ASSIGN_OR_RETURN(auto rows, connection_.query(std::string(kForeignKeys)));
    std::string last;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows.text(i, 0) != last) {
        last = rows.string(i, 0);
        RETURN_IF_ERROR(begin_reference(rows.string(i, 1), rows.string(i, 2), rows.text(i, 3) == "f"));
      }
      if (!open_) continue;
      auto& reference = graph_.references.back();
      reference.on_delete = rows.text(i, 11).front();
      reference.on_update = rows.text(i, 12).front();
      reference.from.columns.push_back(rows.string(i, 4));
      reference.to.columns.push_back(rows.string(i, 5));
      Equality equality{operator_text(rows.string(i, 6), rows.string(i, 7)), {}, false};
      if (rows.truth(i, 10) && !rows.is_null(i, 9))
        equality.collation = quote_qualified(rows.text(i, 8), rows.text(i, 9));
      reference.equalities.push_back(std::move(equality));
    }
    for (auto& reference : graph_.references) {
      reference.name = fmt::format("{}.{}", graph_.tables[reference.from.table].name.display(),
                                   fmt::join(reference.from.columns, "+"));
    }
    return {};
  }

  Result<void> begin_reference(const std::string& from_oid, const std::string& to_oid, bool match_full) {
    auto from = end_at(from_oid);
    auto to = end_at(to_oid);
    open_ = from && to;
    if (!open_) return {};
    Reference reference;
    reference.from = *std::move(from);
    reference.to = *std::move(to);
    reference.match_full = match_full;
    ASSIGN_OR_RETURN(reference.from.parts, parts_below(from_oid));
    ASSIGN_OR_RETURN(reference.to.parts, parts_below(to_oid));
    graph_.references.push_back(std::move(reference));
    return {};
  }

  Result<std::vector<std::string>> parts_below(const std::string& oid) {
    std::vector<std::string> parts;
    if (relations_.at(oid).root == oid) return parts;
    ASSIGN_OR_RETURN(auto rows,
                     connection_.query(
                         "SELECT relid::oid FROM pg_catalog.pg_partition_tree($1::oid) WHERE isleaf", {oid}));
    for (size_t i = 0; i < rows.size(); ++i) parts.push_back(rows.string(i, 0));
    return parts;
  }

  Connection& connection_;
  SchemaGraph graph_;
  std::map<std::string, Relation> relations_;  // by oid
  std::map<std::string, size_t> by_oid_;       // tables
  std::set<std::string> hypertables_;
  std::set<std::string> chunks_;
  std::set<std::string> compressed_;  // hypertables
  bool open_ = false;                 // whether the foreign key that is being read is in the graph
};

}  // namespace

const GraphColumn* GraphTable::column(std::string_view column_name) const {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == column_name; });
  return found == columns.end() ? nullptr : &*found;
}

std::string GraphTable::scan() const {
  return (kind == Table::Kind::kOrdinary ? "ONLY " : "") + name.quoted();
}

std::optional<size_t> SchemaGraph::holder_index(const RelationName& relation) const {
  const auto found = index.find(relation);
  if (found == index.end()) return std::nullopt;
  return found->second;
}

const GraphTable* SchemaGraph::holder(const RelationName& relation) const {
  const auto found = holder_index(relation);
  return found ? &tables[*found] : nullptr;
}

std::optional<size_t> SchemaGraph::find(std::string_view name) const {
  std::optional<size_t> found;
  size_t same = 0;
  for (size_t i = 0; i < tables.size(); ++i) {
    const auto& table = tables[i].name;
    if (table.display() == name || table.schema + "." + table.name == name) return i;
    if (table.name != name) continue;
    ++same;
    if (!found || table.schema == "public") found = i;
  }
  if (same > 1 && tables[*found].name.schema != "public") return std::nullopt;
  return found;
}

std::vector<std::string> SchemaGraph::table_names() const {
  std::vector<std::string> names;
  names.reserve(tables.size());
  for (const auto& table : tables) names.push_back(table.name.display());
  return names;
}

std::string Equality::of(const std::string& left, const std::string& right) const {
  const std::string cast = as_text ? "::pg_catalog.text" : "";
  const std::string collate = collation.empty() ? std::string() : " COLLATE " + collation;
  return fmt::format("{}{} {} {}{}{}", left, cast, operation, right, cast, collate);
}

Equality equality_of(const GraphColumn& to, const GraphColumn& from) {
  if (to.type != from.type) return {"OPERATOR(pg_catalog.=)", "pg_catalog.\"C\"", true};
  return {to.equality, to.collation == from.collation ? "" : to.collation, false};
}

Result<SchemaGraph> read_schema_graph(Connection& connection) { return Builder(connection).build(); }

}  // namespace summit::postgres
