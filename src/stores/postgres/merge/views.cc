#include "stores/postgres/merge/views.h"

#include <fmt/format.h>

namespace summit::postgres::merge {

namespace {

// Directly or through other views; those that others read come first.
constexpr std::string_view kDependents = R"sql(
    WITH RECURSIVE dependents(relation, depth) AS (
      SELECT t.relation, 0
      FROM (SELECT unnest($1::oid[]) AS relation
            UNION SELECT p.relid FROM unnest($1::oid[]) o(oid), pg_catalog.pg_partition_tree(o.oid::regclass) p) t
      UNION
      SELECT r.ev_class, p.depth + 1
      FROM dependents p
      JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = p.relation
                                 AND d.classid = 'pg_catalog.pg_rewrite'::regclass
      JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid AND r.ev_class <> p.relation)
    SELECT n.nspname, c.relname,
           EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
                   AND i.indpred IS NULL AND i.indexprs IS NULL) AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
    FROM (SELECT relation, max(depth) AS depth FROM dependents GROUP BY 1) v
    JOIN pg_catalog.pg_class c ON c.oid = v.relation AND c.relkind = 'm' AND c.relispopulated
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    ORDER BY v.depth, 1, 2)sql";

}  // namespace

Result<std::vector<std::string>> refresh_views(Workspace& workspace,
                                               const std::map<size_t, Changes>& changes) {
  std::string written;
  for (const auto& [table, planned] : changes) {
    if (planned.any()) written += (written.empty() ? "" : ",") + workspace.target.graph(table).oid;
  }
  std::vector<std::string> notes;
  if (written.empty()) return notes;
  ASSIGN_OR_RETURN(auto rows, workspace.connection.query(std::string(kDependents), {"{" + written + "}"}));
  for (size_t i = 0; i < rows.size(); ++i) {
    const RelationName view{rows.string(i, 0), rows.string(i, 1)};
    if (!rows.truth(i, 2)) {
      notes.push_back(
          fmt::format("the materialized view {} shows the rows as they were before: REFRESH "
                      "MATERIALIZED VIEW {}, which keeps its readers waiting",
                      view.display(), view.display()));
      continue;
    }
    auto refreshed = workspace.connection.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY " + view.quoted());
    notes.push_back(refreshed.ok() ? fmt::format("refreshed the materialized view {}", view.display())
                                   : fmt::format("the materialized view {} could not be refreshed: {}",
                                                 view.display(), refreshed.error().message()));
  }
  return notes;
}

}  // namespace summit::postgres::merge
