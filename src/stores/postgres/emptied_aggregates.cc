#include "stores/postgres/emptied_aggregates.h"

#include <fmt/format.h>

#include <map>

#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

struct Aggregate {
  RelationName name;
  bool has_chunks = false;
  bool taken = false;
};

bool is_taken(const RowSelection& selection, const RelationName& table) {
  return selection.rows_of(table).take != TableRows::Take::kNothing;
}

// As for an aggregate that was never refreshed: nothing before the least value is materialized, so one that
// adds what is not reads all rows.
constexpr std::string_view kWatermarks = R"sql(
    SELECT w.mat_hypertable_id,
           CASE WHEN w.mat_hypertable_id NOT IN ({}) THEN w.watermark
                ELSE (SELECT CASE d.column_type WHEN 'smallint'::pg_catalog.regtype THEN -32768
                                                WHEN 'integer'::pg_catalog.regtype THEN -2147483648
                                                WHEN 'bigint'::pg_catalog.regtype THEN '-9223372036854775808'::bigint
                                                ELSE -210866803200000000 END
                      FROM _timescaledb_catalog.dimension d WHERE d.hypertable_id = w.mat_hypertable_id
                      ORDER BY d.id LIMIT 1) END AS watermark
    FROM _timescaledb_catalog.continuous_aggs_watermark w)sql";

// And the next refresh has everything to do.
constexpr std::string_view kToRefresh = R"sql(
    SELECT l.materialization_id, l.lowest_modified_value, l.greatest_modified_value
    FROM _timescaledb_catalog.continuous_aggs_materialization_invalidation_log l
    WHERE l.materialization_id NOT IN ({0})
    UNION ALL
    SELECT h.id, '-9223372036854775808'::bigint, 9223372036854775807
    FROM _timescaledb_catalog.hypertable h WHERE h.id IN ({0}))sql";

}  // namespace

Result<EmptiedAggregates> EmptiedAggregates::find(Connection& connection, const Inventory& inventory,
                                                  const RowSelection& selection) {
  EmptiedAggregates emptied;
  if (!inventory.extension("timescaledb")) return emptied;
  ASSIGN_OR_RETURN(const auto rows, connection.query(R"sql(
      SELECT a.mat_hypertable_id, a.user_view_schema, a.user_view_name, h.schema_name, h.table_name,
             k.schema_name, k.table_name
      FROM _timescaledb_catalog.continuous_agg a
      JOIN _timescaledb_catalog.hypertable h ON h.id = a.mat_hypertable_id
      LEFT JOIN _timescaledb_catalog.chunk k ON k.hypertable_id = h.id AND NOT k.dropped
      ORDER BY 1)sql"));
  std::map<int64_t, Aggregate> aggregates;
  for (size_t i = 0; i < rows.size(); ++i) {
    auto& aggregate = aggregates[rows.number(i, 0)];
    aggregate.name = {rows.string(i, 1), rows.string(i, 2)};
    aggregate.taken = aggregate.taken || is_taken(selection, {rows.string(i, 3), rows.string(i, 4)});
    if (rows.is_null(i, 5)) continue;
    aggregate.has_chunks = true;
    aggregate.taken = aggregate.taken || is_taken(selection, {rows.string(i, 5), rows.string(i, 6)});
  }
  for (const auto& [id, aggregate] : aggregates) {
    if (aggregate.taken || !aggregate.has_chunks) continue;
    emptied.ids_.push_back(id);
    emptied.names_.push_back(aggregate.name);
  }
  return emptied;
}

std::optional<std::string> EmptiedAggregates::rows_of(const RelationName& catalog,
                                                      const std::string& columns) const {
  if (ids_.empty() || catalog.schema != "_timescaledb_catalog") return std::nullopt;
  const auto ids = fmt::format("{}", fmt::join(ids_, ", "));
  std::string rows;
  if (catalog.name == "continuous_aggs_watermark") rows = fmt::format(kWatermarks, ids);
  if (catalog.name == "continuous_aggs_materialization_invalidation_log") rows = fmt::format(kToRefresh, ids);
  if (rows.empty()) return std::nullopt;
  return fmt::format("(SELECT {} FROM ({}) AS stored)", columns, rows);
}

std::vector<std::string> EmptiedAggregates::notes() const {
  std::vector<std::string> notes;
  for (const auto& name : names_) {
    notes.push_back(
        fmt::format("the continuous aggregate {} comes without rows: after a restore, CALL "
                    "refresh_continuous_aggregate({}, "
                    "NULL, NULL)",
                    name.display(), quote_literal(name.quoted())));
  }
  return notes;
}

}  // namespace summit::postgres
