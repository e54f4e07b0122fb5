#include "stores/postgres/merge/conflicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "stores/postgres/sql.h"

namespace summit::postgres::merge {

namespace {

std::string rows_word(uint64_t number) { return fmt::format("{} {}", number, number == 1 ? "row" : "rows"); }

class Checker {
 public:
  Checker(Workspace& workspace, const std::map<size_t, Changes>& all) : workspace_(workspace), all_(all) {}

  Result<void> check() {
    for (const auto& [table, changes] : all_) {
      if (!changes.any()) continue;
      RETURN_IF_ERROR(check_kind(table));
      RETURN_IF_ERROR(check_unique_values(table));
      RETURN_IF_ERROR(check_hands(table));
      if (changes.remove > 0) RETURN_IF_ERROR(check_referrers(table));
      if (changes.change > 0) RETURN_IF_ERROR(check_followers(table));
    }
    if (!conflicts_.empty()) {
      return Error(Code::kRefused, "nothing was changed: {}", fmt::join(conflicts_, "; "))
          .hint(
              "settle these rows by hand, or restore the backup into a database of its own with --into=NAME");
    }
    for (const auto& [table, changes] : all_) {
      if (changes.change > 0) RETURN_IF_ERROR(choose_rewrites(table));
    }
    return {};
  }

 private:
  const TargetTable& target(size_t table) const { return workspace_.target.tables[table]; }

  Result<void> check_kind(size_t table) const {
    const auto& name = workspace_.target.name(table);
    const auto& changes = all_.at(table);
    for (const auto& rule : target(table).rules) {
      const bool acts = changes.change > 0 || (rule.event == '3' && changes.insert + changes.lend > 0) ||
                        (rule.event == '4' && changes.remove > 0);
      if (!acts) continue;
      return Error(Code::kUnsupported, "the rule {} of {} rewrites what would be written", rule.name,
                   name.display())
          .hint(fmt::format("ALTER TABLE {} DISABLE RULE {}, and enable it again afterwards", name.display(),
                            quote_identifier(rule.name)));
    }
    if (workspace_.target.graph(table).compressed) {
      return Error(Code::kUnsupported, "{} has compressed chunks, whose rows cannot be changed one by one",
                   name.display())
          .hint(fmt::format("SELECT decompress_chunk(c, true) FROM show_chunks('{}') c", name.display()));
    }
    return {};
  }

  // The key comes first among the indexes that identify; live rows of the owner were matched with it before,
  // so any other row with the same value is somebody else's.
  Result<void> check_unique_values(size_t table) {
    for (const auto& index : target(table).unique) {
      if (!held(table, index)) continue;
      ASSIGN_OR_RETURN(
          const uint64_t taken,
          count(workspace_.connection,
                fmt::format("SELECT count(*) FROM {} c JOIN {} b ON b.ctid = c.source JOIN {} l ON {} "
                            "WHERE c.action <> '{}' AND {}",
                            changes_table(table), staged_table(table), workspace_.rows_of(Side::kLive, table),
                            key_condition(index, "b", "l"), kRemove,
                            workspace_.ownership.not_owned(Side::kLive, table, "l"))));
      if (taken > 0) {
        conflicts_.push_back(fmt::format("{} of {} {} values of {} ({}) that belong to somebody else now",
                                         rows_word(taken), workspace_.target.name(table).display(),
                                         taken == 1 ? "has" : "have", index.name,
                                         fmt::join(index.columns, ", ")));
      }
    }
    return {};
  }

  Result<void> check_hands(size_t table) {
    const auto* key = workspace_.key(table);
    if (!key || all_.at(table).remove == 0) return {};
    ASSIGN_OR_RETURN(
        const uint64_t moved,
        count(workspace_.connection,
              fmt::format("SELECT count(*) FROM {} c JOIN {} l ON l.tableoid = c.part AND l.ctid = c.place "
                          "JOIN {} b ON {} WHERE c.action = '{}' AND {}",
                          changes_table(table), workspace_.rows_of(Side::kLive, table), staged_table(table),
                          key_condition(*key, "b", "l"), kRemove,
                          workspace_.ownership.not_owned(Side::kBackup, table, "b"))));
    if (moved > 0) {
      conflicts_.push_back(fmt::format("{} of {} belonged to somebody else when the backup was made",
                                       rows_word(moved), workspace_.target.name(table).display()));
    }
    return {};
  }

  // Rows of the owner in tables of the backup are themselves made as they were; any other row would lose what
  // it refers to.
  Result<void> check_referrers(size_t table) {
    for (const auto& reference : workspace_.target.references()) {
      if (reference.to.table != table) continue;
      ASSIGN_OR_RETURN(const uint64_t referring, count_referring(reference, kRemove, ""));
      if (referring > 0) {
        conflicts_.push_back(fmt::format(
            "{} of {} {} by {} to rows of {} that the backup does not have and that would be deleted",
            rows_word(referring), workspace_.target.name(reference.from.table).display(),
            referring == 1 ? "refers" : "refer", fmt::join(reference.from.columns, ", "),
            workspace_.target.name(table).display()));
      }
    }
    return {};
  }

  // A key that changes a referring row when its own changes would write to rows of others.
  Result<void> check_followers(size_t table) {
    for (const auto& reference : workspace_.target.references()) {
      const bool acts =
          reference.on_update == 'c' || reference.on_update == 'n' || reference.on_update == 'd';
      if (reference.to.table != table || !acts || !workspace_.has(Side::kBackup, reference.to)) continue;
      ASSIGN_OR_RETURN(
          const uint64_t following,
          count_referring(reference, kChange,
                          fmt::format(" AND EXISTS (SELECT FROM {} b WHERE b.ctid = c.source AND {} "
                                      "OPERATOR(pg_catalog.*<>) {})",
                                      staged_table(table), record_of(reference.to.columns, "b"),
                                      record_of(reference.to.columns, "parent"))));
      if (following > 0) {
        conflicts_.push_back(
            fmt::format("{} of {} {} by {} to values of {} that would change, and would be changed with them",
                        rows_word(following), workspace_.target.name(reference.from.table).display(),
                        following == 1 ? "refers" : "refer", fmt::join(reference.from.columns, ", "),
                        workspace_.target.name(table).display()));
      }
    }
    return {};
  }

  // Rows that are not the owner's and refer to rows of which `action` and `which` hold.
  Result<uint64_t> count_referring(const Reference& reference, char action, const std::string& which) const {
    const bool known = workspace_.staged.contains(reference.from.table);
    return count(
        workspace_.connection,
        fmt::format("SELECT count(*) FROM {} c JOIN {} parent ON parent.tableoid = c.part AND "
                    "parent.ctid = c.place JOIN {} child ON {} WHERE c.action = '{}' AND {}{}",
                    changes_table(reference.to.table), workspace_.rows_of(Side::kLive, reference.to.table),
                    workspace_.rows_of(Side::kLive, reference.from.table),
                    refers(reference, "child", "parent"), action,
                    known ? workspace_.ownership.not_owned(Side::kLive, reference.from.table, "child")
                          : std::string("true"),
                    which));
  }

  bool held(size_t table, const UniqueIndex& index) const {
    return workspace_.staged.at(table).archived(index);
  }

  // An UPDATE meets unique values in the order of the rows: one that moves to the value that another row is
  // about to leave would fail.
  Result<void> choose_rewrites(size_t table) {
    bool needed = target(table).other_uniqueness;
    const auto* key = workspace_.key(table);
    for (const auto& index : target(table).unique) {
      if (needed || &index == key || !held(table, index)) continue;
      ASSIGN_OR_RETURN(
          const uint64_t passing,
          count(workspace_.connection,
                fmt::format("SELECT count(*) FROM {0} c JOIN {1} b ON b.ctid = c.source JOIN {2} l ON {3} "
                            "JOIN {0} o ON o.part = l.tableoid AND o.place = l.ctid AND o.action = '{4}' "
                            "WHERE c.action = '{4}' AND (c.part, c.place) <> (o.part, o.place)",
                            changes_table(table), staged_table(table), workspace_.rows_of(Side::kLive, table),
                            key_condition(index, "b", "l"), kChange)));
      needed = passing > 0;
    }
    ASSIGN_OR_RETURN(const bool fixed, changes_fixed_columns(table));
    if (!needed && !fixed) return {};
    if (const auto* acting = acting_reference(table)) {
      if (!fixed && target(table).other_uniqueness)
        return {};  // an UPDATE will do, unless the server objects
      return Error(Code::kUnsupported,
                   "rows of {} exchange unique values or identities, and {} of {} acts when they are deleted",
                   workspace_.target.name(table).display(), fmt::join(acting->from.columns, ", "),
                   workspace_.target.name(acting->from.table).display())
          .hint(
              "restore the backup into a database of its own with --into=NAME, and move these rows by hand");
    }
    return workspace_.connection.execute(fmt::format("UPDATE {} SET action = '{}' WHERE action = '{}'",
                                                     changes_table(table), kRewrite, kChange));
  }

  // GENERATED ALWAYS identities take values on insertion only.
  Result<bool> changes_fixed_columns(size_t table) {
    std::string differs;
    for (const auto& column : workspace_.staged.at(table).columns) {
      if (!target(table).column(column)->identity_always) continue;
      const std::string quoted = quote_identifier(column);
      differs += fmt::format("{}b.{} <> l.{}", differs.empty() ? "" : " OR ", quoted, quoted);
    }
    if (differs.empty()) return false;
    ASSIGN_OR_RETURN(
        const uint64_t changed,
        count(
            workspace_.connection,
            fmt::format("SELECT count(*) FROM {} c JOIN {} b ON b.ctid = c.source JOIN {} l ON l.tableoid = "
                        "c.part AND l.ctid = c.place WHERE c.action = '{}' AND ({})",
                        changes_table(table), staged_table(table), workspace_.rows_of(Side::kLive, table),
                        kChange, differs)));
    return changed > 0;
  }

  // A foreign key that would not let a row go for a moment, or would take others along.
  const Reference* acting_reference(size_t table) const {
    const auto& references = workspace_.target.references();
    const auto found = std::find_if(references.begin(), references.end(), [&](const Reference& reference) {
      return reference.to.table == table && !reference.declared && reference.on_delete != 'a';
    });
    return found == references.end() ? nullptr : &*found;
  }

  Workspace& workspace_;
  const std::map<size_t, Changes>& all_;
  std::vector<std::string> conflicts_;
};

}  // namespace

Result<void> check_conflicts(Workspace& workspace, const std::map<size_t, Changes>& changes) {
  return Checker(workspace, changes).check();
}

}  // namespace summit::postgres::merge
