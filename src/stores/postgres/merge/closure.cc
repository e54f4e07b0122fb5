#include "stores/postgres/merge/closure.h"

#include <fmt/format.h>

namespace summit::postgres::merge {

namespace {

class Closure {
 public:
  Closure(Workspace& workspace, Side side) : workspace_(workspace), side_(side) {
    for (size_t i = 0; i < workspace.target.tables.size(); ++i) {
      if (workspace.ownership.rule(i) == Ownership::Rule::kThroughParents) tables_.push_back(i);
    }
  }

  Result<void> find() {
    for (const size_t table : tables_) RETURN_IF_ERROR(create(table));
    for (size_t round = 1;; ++round) {
      uint64_t added = 0;
      for (const size_t table : tables_) {
        ASSIGN_OR_RETURN(const uint64_t here, add_children(table, round));
        added += here;
      }
      if (added == 0) break;
    }
    for (uint64_t marked = 1; marked > 0;) {
      marked = 0;
      for (const size_t table : tables_) {
        ASSIGN_OR_RETURN(const uint64_t here, mark_shared(table));
        marked += here;
      }
    }
    return {};
  }

 private:
  Result<void> create(size_t table) {
    return workspace_.connection.execute(
        fmt::format("DROP TABLE IF EXISTS {0}; CREATE TEMP TABLE {0} (part oid, place tid, round integer, "
                    "whole boolean NOT NULL DEFAULT true) ON COMMIT DROP",
                    owned_table(side_, table)));
  }

  // Children of rows that became owned in the round before; in the first, of rows that are owned by a column.
  Result<uint64_t> add_children(size_t table, size_t round) {
    uint64_t added = 0;
    if (!workspace_.has(side_, table)) return added;
    for (const size_t index : workspace_.ownership.owning_references(table)) {
      const auto& reference = workspace_.target.references()[index];
      if (round == 1 && side_ == Side::kLive) {
        ASSIGN_OR_RETURN(const uint64_t orphans, add_orphans(reference));
        added += orphans;
      }
      const bool by_column = workspace_.ownership.rule(reference.to.table) == Ownership::Rule::kByColumn;
      if (by_column != (round == 1) || !workspace_.has(side_, reference)) continue;
      const std::string is_owned =
          by_column ? workspace_.ownership.owned_by_column(reference.to.table, "parent")
                    : fmt::format(
                          "EXISTS (SELECT FROM {} o WHERE o.part = parent.tableoid AND o.place = parent.ctid "
                          "AND o.round = {})",
                          owned_table(side_, reference.to.table), round - 1);
      ASSIGN_OR_RETURN(
          const uint64_t here,
          insert_children(reference, round, workspace_.rows_of(side_, reference.to.table), is_owned));
      added += here;
    }
    return added;
  }

  // Children of rows that the owner has lost: who they belong to is still told by the backup.
  Result<uint64_t> add_orphans(const Reference& reference) {
    if (!workspace_.has(Side::kBackup, reference.to)) return 0;
    return insert_children(
        reference, 1, workspace_.rows_of(Side::kBackup, reference.to.table),
        workspace_.ownership.owned(Side::kBackup, reference.to.table, "parent") + is_lost(reference));
  }

  // Of a parent in the backup.
  std::string is_lost(const Reference& reference) const {
    return fmt::format(" AND NOT EXISTS (SELECT FROM {} here WHERE {})",
                       workspace_.rows_of(Side::kLive, reference.to.table),
                       refers(reference, "child", "here"));
  }

  Result<uint64_t> insert_children(const Reference& reference, size_t round, const std::string& parents,
                                   const std::string& which) {
    const std::string own = owned_table(side_, reference.from.table);
    ASSIGN_OR_RETURN(auto added, workspace_.connection.query(fmt::format(
                                     "INSERT INTO {0} (part, place, round) SELECT DISTINCT child.tableoid, "
                                     "child.ctid, {1} FROM {2} child JOIN {3} parent ON {4} "
                                     "WHERE {5} AND NOT EXISTS (SELECT FROM {0} o WHERE o.part = "
                                     "child.tableoid AND o.place = child.ctid)",
                                     own, round, workspace_.rows_of(side_, reference.from.table), parents,
                                     refers(reference, "child", "parent"), which)));
    if (added.affected() > 0) RETURN_IF_ERROR(analyze(workspace_.connection, own));
    return added.affected();
  }

  Result<uint64_t> mark_shared(size_t table) {
    uint64_t marked = 0;
    if (!workspace_.has(side_, table)) return marked;
    for (const size_t index : workspace_.ownership.owning_references(table)) {
      const auto& reference = workspace_.target.references()[index];
      if (!workspace_.has(side_, reference.from)) continue;
      if (workspace_.has(side_, reference.to)) {
        ASSIGN_OR_RETURN(const uint64_t here, mark_children(reference, side_, ""));
        marked += here;
      }
      if (side_ == Side::kLive && workspace_.has(Side::kBackup, reference.to)) {
        ASSIGN_OR_RETURN(const uint64_t here, mark_children(reference, Side::kBackup, is_lost(reference)));
        marked += here;
      }
    }
    return marked;
  }

  Result<uint64_t> mark_children(const Reference& reference, Side parents, const std::string& which) {
    ASSIGN_OR_RETURN(
        auto updated,
        workspace_.connection.query(fmt::format(
            "UPDATE {} own SET whole = false FROM {} child, {} parent WHERE own.whole AND "
            "child.tableoid = own.part AND child.ctid = own.place AND {} AND {}{}",
            owned_table(side_, reference.from.table), workspace_.rows_of(side_, reference.from.table),
            workspace_.rows_of(parents, reference.to.table), refers(reference, "child", "parent"),
            workspace_.ownership.of_others(parents, reference.to.table, "parent"), which)));
    return updated.affected();
  }

  Workspace& workspace_;
  Side side_;
  std::vector<size_t> tables_;
};

}  // namespace

Result<void> find_owned_rows(Workspace& workspace, Side side) { return Closure(workspace, side).find(); }

}  // namespace summit::postgres::merge
