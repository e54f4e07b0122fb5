#include "stores/postgres/merge/proof.h"

#include <fmt/format.h>

#include "stores/postgres/merge/closure.h"

namespace summit::postgres::merge {

namespace {

// A row version that this transaction made.
constexpr std::string_view kOurs = "x.xmin = pg_catalog.pg_current_xact_id()::xid";

struct Others {
  OthersFingerprint untouched;
  uint64_t written = 0;  // by this transaction
};

Result<Others> read_others(Workspace& workspace, size_t table) {
  std::vector<std::string> columns;
  for (const auto& column : workspace.target.tables[table].columns) columns.push_back(column.name);
  const std::string image = fmt::format("ROW({})::text", column_list(columns, "x"));
  ASSIGN_OR_RETURN(
      auto rows,
      workspace.connection.query(fmt::format(
          "SELECT count(*) FILTER (WHERE NOT ours), count(*) FILTER (WHERE ours), "
          "coalesce(sum(pg_catalog.hashtextextended(image, 0)::numeric) FILTER (WHERE NOT ours), 0) || ' ' "
          "|| "
          "coalesce(sum(pg_catalog.hashtextextended(image, 1)::numeric) FILTER (WHERE NOT ours), 0) "
          "FROM (SELECT {} AS image, {} AS ours FROM {} x WHERE {}) others",
          image, kOurs, workspace.rows_of(Side::kLive, table),
          workspace.ownership.not_owned(Side::kLive, table, "x"))));
  return Others{{static_cast<uint64_t>(rows.number(0, 0)), rows.string(0, 2)},
                static_cast<uint64_t>(rows.number(0, 1))};
}

Error mismatch(const Workspace& workspace, size_t table, const std::string& what) {
  const auto name = workspace.target.name(table).display();
  return Error(Code::kMismatch, "nothing was changed: {} {}", name, what)
      .hint(fmt::format("see which triggers and foreign keys of {} act on rows of several owners", name));
}

}  // namespace

Result<OthersFingerprints> fingerprint_others(Workspace& workspace,
                                              const std::map<size_t, Changes>& changes) {
  OthersFingerprints fingerprints;
  for (const auto& [table, planned] : changes) {
    if (!planned.any()) continue;
    ASSIGN_OR_RETURN(auto others, read_others(workspace, table));
    fingerprints[table] = std::move(others.untouched);
  }
  return fingerprints;
}

Result<void> prove(Workspace& workspace, const std::map<size_t, Changes>& changes,
                   const OthersFingerprints& before) {
  RETURN_IF_ERROR(find_owned_rows(workspace, Side::kLive));
  for (const auto& [table, staged] : workspace.staged) {
    ASSIGN_OR_RETURN(const uint64_t different, count_differences(workspace, table));
    if (different > 0)
      return mismatch(workspace, table,
                      fmt::format("would have {} rows that are not as in the backup", different));
  }
  for (const auto& [table, fingerprint] : before) {
    ASSIGN_OR_RETURN(const auto others, read_others(workspace, table));
    if (others.untouched != fingerprint)
      return mismatch(workspace, table,
                      fmt::format("would have {} untouched rows of others instead of {}, or changed ones",
                                  others.untouched.rows, fingerprint.rows));
    const uint64_t lent = changes.at(table).lend;
    if (others.written != lent)
      return mismatch(
          workspace, table,
          fmt::format("would have {} rows of others written instead of {}", others.written, lent));
  }
  return {};
}

}  // namespace summit::postgres::merge
