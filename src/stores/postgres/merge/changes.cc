#include "stores/postgres/merge/changes.h"

#include <fmt/format.h>

#include <vector>

#include "stores/postgres/sql.h"

namespace summit::postgres::merge {

namespace {

// Rows of others in the backup that are missing here: (place tid, round integer); round is set for those that
// are the owner's as well, and for those that are needed.
std::string missing_table(size_t table) { return fmt::format("pg_temp.summit_missing_{}", table); }

// The owner's rows of both sides, matched: b of the backup, l of the live table, with their places.
std::string matched(const Workspace& workspace, size_t table) {
  const auto& columns = workspace.staged.at(table).columns;
  const auto rows = [&](Side side, std::string_view more) {
    return fmt::format("(SELECT x.tableoid AS summit_part, x.ctid AS summit_place{} FROM {} x WHERE {})",
                       more, workspace.rows_of(side, table), workspace.ownership.owned(side, table, "x"));
  };
  if (const auto* key = workspace.key(table)) {
    const std::string list = columns.empty() ? "" : ", " + column_list(columns, "x");
    return fmt::format(
        "{} b FULL JOIN {} l ON {} WHERE b.summit_place IS NULL OR l.summit_place IS NULL OR "
        "{} OPERATOR(pg_catalog.*<>) {}",
        rows(Side::kBackup, list), rows(Side::kLive, list), key_condition(*key, "b", "l"),
        record_of(columns, "b"), record_of(columns, "l"));
  }
  // Equal rows count: the n-th of one side is matched with the n-th of the other.
  const std::string image = image_of(columns, "x");
  const std::string numbered =
      fmt::format(", {0} AS summit_image, row_number() OVER (PARTITION BY {0}) AS summit_number", image);
  return fmt::format(
      "{} b FULL JOIN {} l ON b.summit_image = l.summit_image AND b.summit_number = l.summit_number "
      "WHERE b.summit_place IS NULL OR l.summit_place IS NULL",
      rows(Side::kBackup, numbered), rows(Side::kLive, numbered));
}

class Finder {
 public:
  explicit Finder(Workspace& workspace) : workspace_(workspace) {}

  Result<std::map<size_t, Changes>> find() {
    for (const auto& [table, staged] : workspace_.staged) RETURN_IF_ERROR(compare(table));
    RETURN_IF_ERROR(find_missing());
    if (any_missing_) RETURN_IF_ERROR(find_needed());
    for (const auto& [table, staged] : workspace_.staged) RETURN_IF_ERROR(count_changes(table));
    return std::move(changes_);
  }

 private:
  Result<void> compare(size_t table) {
    return workspace_.connection.execute(fmt::format(
        "DROP TABLE IF EXISTS {0}; CREATE TEMP TABLE {0} ON COMMIT DROP AS "
        "SELECT CASE WHEN l.summit_place IS NULL THEN '{1}' WHEN b.summit_place IS NULL THEN '{2}' ELSE "
        "'{3}' "
        "END::\"char\" AS action, l.summit_part AS part, l.summit_place AS place, b.summit_place AS source "
        "FROM {4}; ANALYZE {0}",
        changes_table(table), kInsert, kRemove, kChange, matched(workspace_, table)));
  }

  // Only what somebody can refer to, hence has a key, can be missed.
  Result<void> find_missing() {
    for (const auto& [table, staged] : workspace_.staged) {
      const auto* key = workspace_.key(table);
      if (!key || staged.rows == 0) continue;
      ASSIGN_OR_RETURN(
          const uint64_t others,
          count(workspace_.connection,
                fmt::format(
                    "SELECT count(*) FROM {} b JOIN {} l ON {} WHERE {} AND {} OPERATOR(pg_catalog.*<>) {}",
                    staged_table(table), workspace_.rows_of(Side::kLive, table),
                    key_condition(*key, "b", "l"), workspace_.ownership.not_owned(Side::kBackup, table, "b"),
                    record_of(staged.columns, "b"), record_of(staged.columns, "l"))));
      changes_[table].differing = others;
      RETURN_IF_ERROR(workspace_.connection.execute(fmt::format(
          "DROP TABLE IF EXISTS {0}; CREATE TEMP TABLE {0} ON COMMIT DROP AS "
          "SELECT b.ctid AS place, CASE WHEN {5} THEN 1 END AS round FROM {1} b WHERE {2} AND "
          "NOT EXISTS (SELECT FROM {3} l WHERE {4}); ANALYZE {0}",
          missing_table(table), staged_table(table),
          workspace_.ownership.not_owned(Side::kBackup, table, "b"), workspace_.rows_of(Side::kLive, table),
          key_condition(*key, "b", "l"), workspace_.ownership.partly_owned(Side::kBackup, table, "b"))));
      ASSIGN_OR_RETURN(changes_[table].lacking,
                       count(workspace_.connection, "SELECT count(*) FROM " + missing_table(table)));
      any_missing_ = any_missing_ || changes_[table].lacking > 0;
    }
    return {};
  }

  bool lacks(size_t table) const {
    const auto found = changes_.find(table);
    return found != changes_.end() && found->second.lacking > 0;
  }

  // From the owner's rows upwards, as far as what they refer to is missing. What is there already has all
  // that it refers to.
  Result<void> find_needed() {
    for (size_t round = 1;; ++round) {
      uint64_t added = 0;
      for (const auto& reference : workspace_.target.references()) {
        if (!lacks(reference.to.table) || !workspace_.has(Side::kBackup, reference)) continue;
        if (round > 1 && !lacks(reference.from.table)) continue;
        ASSIGN_OR_RETURN(const uint64_t here, add_needed(reference, round));
        added += here;
      }
      // The second starts from what was marked before the first, too.
      if (added == 0 && round > 1) break;
    }
    for (auto& [table, changes] : changes_) {
      if (changes.lacking == 0) continue;
      RETURN_IF_ERROR(workspace_.connection.execute(
          fmt::format("INSERT INTO {} SELECT '{}', NULL, NULL, place FROM {} WHERE round IS NOT NULL",
                      changes_table(table), kLend, missing_table(table))));
    }
    return {};
  }

  Result<uint64_t> add_needed(const Reference& reference, size_t round) {
    const std::string which =
        round == 1 ? workspace_.ownership.owned(Side::kBackup, reference.from.table, "child")
                   : fmt::format("EXISTS (SELECT FROM {} m WHERE m.place = child.ctid AND m.round = {})",
                                 missing_table(reference.from.table), round - 1);
    ASSIGN_OR_RETURN(auto updated,
                     workspace_.connection.query(fmt::format(
                         "UPDATE {0} missing SET round = {1} FROM {2} parent WHERE missing.round IS NULL AND "
                         "parent.ctid = missing.place AND EXISTS (SELECT FROM {3} child WHERE {4} AND {5})",
                         missing_table(reference.to.table), round, staged_table(reference.to.table),
                         staged_table(reference.from.table), refers(reference, "child", "parent"), which)));
    return updated.affected();
  }

  Result<void> count_changes(size_t table) {
    auto& changes = changes_[table];
    ASSIGN_OR_RETURN(
        changes.owned,
        count(workspace_.connection, fmt::format("SELECT count(*) FROM {} x WHERE {}", staged_table(table),
                                                 workspace_.ownership.owned(Side::kBackup, table, "x"))));
    ASSIGN_OR_RETURN(auto rows, workspace_.connection.query(fmt::format(
                                    "SELECT action, count(*) FROM {} GROUP BY 1", changes_table(table))));
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto number = static_cast<uint64_t>(rows.number(i, 1));
      switch (rows.text(i, 0).front()) {
        case kInsert:
          changes.insert = number;
          break;
        case kRemove:
          changes.remove = number;
          break;
        case kLend:
          changes.lend = number;
          break;
        default:
          changes.change += number;
      }
    }
    changes.lacking -= changes.lend;
    if (workspace_.key(table)) return {};
    ASSIGN_OR_RETURN(changes.lacking, count_unkeyed(table));
    return {};
  }

  // Without a key nothing tells whether a row of several is there in another form: it is only counted.
  Result<uint64_t> count_unkeyed(size_t table) {
    const auto& staged = workspace_.staged.at(table);
    const auto images = [&](const std::string& rows, const std::string& which) {
      return fmt::format("(SELECT {} AS image, count(*) AS number FROM {} x WHERE {} GROUP BY 1)",
                         image_of(staged.columns, "x"), rows, which);
    };
    return count(
        workspace_.connection,
        fmt::format(
            "SELECT coalesce(sum(greatest(b.number - coalesce(l.number, 0), 0)), 0)::bigint FROM {} b "
            "LEFT JOIN {} l USING (image)",
            images(staged_table(table), workspace_.ownership.partly_owned(Side::kBackup, table, "x")),
            images(workspace_.rows_of(Side::kLive, table), "true")));
  }

  Workspace& workspace_;
  bool any_missing_ = false;
  std::map<size_t, Changes> changes_;
};

}  // namespace

std::string changes_table(size_t table) { return fmt::format("pg_temp.summit_changes_{}", table); }

Result<std::map<size_t, Changes>> find_changes(Workspace& workspace) { return Finder(workspace).find(); }

Result<uint64_t> count_differences(Workspace& workspace, size_t table) {
  return count(workspace.connection, "SELECT count(*) FROM " + matched(workspace, table));
}

}  // namespace summit::postgres::merge
