#include "stores/postgres/merge/emptied.h"

#include <fmt/format.h>

#include <algorithm>

#include "stores/postgres/sql.h"

namespace summit::postgres::merge {

Result<uint64_t> keep_emptied_references(Workspace& workspace) {
  uint64_t kept = 0;
  const auto& references = workspace.target.references();
  for (size_t i = 0; i < references.size(); ++i) {
    const auto& rule = workspace.target.rules.references[i];
    const size_t table = references[i].from.table;
    const auto* key = workspace.key(table);
    if (rule.outside != config::OutsidePolicy::kNull || rule.replaced.empty() || !key) continue;
    const auto& staged = workspace.staged.at(table);
    std::string assignments;
    std::string empty;
    for (const auto& column : rule.replaced) {
      if (!staged.archived(column)) continue;
      const std::string quoted = quote_identifier(column);
      assignments += fmt::format("{}{} = l.{}", assignments.empty() ? "" : ", ", quoted, quoted);
      empty += fmt::format(" AND b.{} IS NULL", quoted);
    }
    if (assignments.empty()) continue;
    ASSIGN_OR_RETURN(
        auto updated,
        workspace.connection.query(fmt::format(
            "UPDATE {} b SET {} FROM {} l WHERE {}{} AND EXISTS (SELECT FROM {} parent WHERE {} AND {})",
            staged_table(table), assignments, workspace.rows_of(Side::kLive, table),
            key_condition(*key, "b", "l"), empty, workspace.rows_of(Side::kLive, references[i].to.table),
            refers(references[i], "l", "parent"),
            workspace.ownership.not_owned(Side::kLive, references[i].to.table, "parent"))));
    kept += updated.affected();
  }
  return kept;
}

}  // namespace summit::postgres::merge
