#include "stores/postgres/merge/write.h"

#include <fmt/format.h>

#include "stores/postgres/sql.h"

namespace summit::postgres::merge {

namespace {

struct Trigger {
  std::string relation;  // quoted
  std::string name;
  char enabled = 'O';  // as pg_trigger.tgenabled: 'O' origin, 'A' always
};

// Of the table and its partitions. Those of extensions keep their own books, and the server's own are the
// foreign keys.
constexpr std::string_view kTriggers = R"sql(
    SELECT n.nspname, c.relname, t.tgname, t.tgenabled, pg_catalog.pg_has_role(c.relowner, 'USAGE')
    FROM pg_catalog.pg_trigger t
    JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
      AND (c.oid = $1::oid OR c.oid IN (SELECT relid FROM pg_catalog.pg_partition_tree($1::oid::regclass)))
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = t.tgfoid AND d.deptype = 'e')
    ORDER BY 1, 2, 3)sql";

class Writer {
 public:
  Writer(Workspace& workspace, const std::map<size_t, Changes>& all) : workspace_(workspace), all_(all) {}

  Result<void> write(std::vector<std::string>& notes) {
    for (const auto& [table, changes] : all_) {
      if (changes.any()) RETURN_IF_ERROR(disable_triggers(table, notes));
    }
    for (const auto& [table, changes] : all_) {
      if (changes.any()) RETURN_IF_ERROR(add_table(table));
    }
    RETURN_IF_ERROR(run());
    // Deferred constraints speak now, and not when the proof has been given already.
    RETURN_IF_ERROR(workspace_.connection.execute("SET CONSTRAINTS ALL IMMEDIATE"));
    return enable_triggers();
  }

 private:
  struct Expected {
    size_t table = 0;
    std::string what;
    uint64_t rows = 0;
  };

  Result<void> disable_triggers(size_t table, std::vector<std::string>& notes) {
    const bool hypertable = workspace_.target.graph(table).kind == Table::Kind::kHypertable;
    ASSIGN_OR_RETURN(
        auto rows, workspace_.connection.query(std::string(kTriggers), {workspace_.target.graph(table).oid}));
    for (size_t i = 0; i < rows.size(); ++i) {
      const RelationName relation{rows.string(i, 0), rows.string(i, 1)};
      Trigger trigger{relation.quoted(), rows.string(i, 2), rows.text(i, 3).front()};
      if (!rows.truth(i, 4)) {
        notes.push_back(fmt::format("the trigger {} of {} fires: this role does not own the table",
                                    trigger.name, relation.display()));
        continue;
      }
      if (hypertable) {
        notes.push_back(fmt::format("the trigger {} of {} fires: TimescaleDB cannot disable it", trigger.name,
                                    relation.display()));
        continue;
      }
      RETURN_IF_ERROR(
          workspace_.connection.execute(fmt::format("ALTER TABLE ONLY {} DISABLE TRIGGER {}",
                                                    trigger.relation, quote_identifier(trigger.name))),
          "while disabling the triggers of {}", relation.display());
      disabled_.push_back(std::move(trigger));
    }
    return {};
  }

  Result<void> enable_triggers() {
    for (const auto& trigger : disabled_) {
      RETURN_IF_ERROR(workspace_.connection.execute(
          fmt::format("ALTER TABLE ONLY {} ENABLE {}TRIGGER {}", trigger.relation,
                      trigger.enabled == 'A' ? "ALWAYS " : "", quote_identifier(trigger.name))));
    }
    return {};
  }

  Result<void> add_table(size_t table) {
    ASSIGN_OR_RETURN(auto rows, workspace_.connection.query(fmt::format(
                                    "SELECT action, count(*) FROM {} GROUP BY 1", changes_table(table))));
    std::map<char, uint64_t> actions;
    for (size_t i = 0; i < rows.size(); ++i)
      actions[rows.text(i, 0).front()] = static_cast<uint64_t>(rows.number(i, 1));
    const auto number = [&](char action) { return actions.contains(action) ? actions.at(action) : 0; };

    std::string first;  // what has to be done before: the number of its rows is asked for
    if (number(kRemove) + number(kRewrite) > 0) {
      add(table, "deleted", number(kRemove) + number(kRewrite), remove(table), true);
      first = steps_.back().name;
    }
    if (number(kChange) > 0) {
      add(table, "changed", number(kChange), change(table, first), true);
      first = steps_.back().name;
    }
    if (number(kInsert) + number(kRewrite) > 0)
      add(table, "inserted", number(kInsert) + number(kRewrite), insert(table, {kInsert, kRewrite}, first),
          true);
    if (number(kLend) > 0)
      add(table, "inserted for others", number(kLend), insert(table, {kLend}, first), false);
    return {};
  }

  // Whether the row that a statement wrote is the owner's, as far as the row itself can tell.
  std::string returning(size_t table, bool owners) const {
    const bool tells = owners && workspace_.ownership.rule(table) == Ownership::Rule::kByColumn;
    return " RETURNING " + (tells ? workspace_.ownership.owned_by_column(table, "x") : std::string("true")) +
           " AS right_owner";
  }

  std::string remove(size_t table) const {
    return fmt::format(
        "DELETE FROM {} x USING {} c WHERE c.action IN ('{}', '{}') AND x.tableoid = c.part AND "
        "x.ctid = c.place",
        workspace_.rows_of(Side::kLive, table), changes_table(table), kRemove, kRewrite);
  }

  std::string after(const std::string& step) const {
    return step.empty() ? "" : fmt::format(" AND (SELECT count(*) FROM {}) >= 0", step);
  }

  std::string change(size_t table, const std::string& first) const {
    std::string assignments;
    for (const auto& column : workspace_.staged.at(table).columns) {
      if (workspace_.target.tables[table].column(column)->identity_always) continue;
      const std::string quoted = quote_identifier(column);
      assignments += fmt::format("{}{} = b.{}", assignments.empty() ? "" : ", ", quoted, quoted);
    }
    return fmt::format(
        "UPDATE {} x SET {} FROM {} c JOIN {} b ON b.ctid = c.source WHERE c.action = '{}' AND "
        "x.tableoid = c.part AND x.ctid = c.place{}",
        workspace_.rows_of(Side::kLive, table), assignments, changes_table(table), staged_table(table),
        kChange, after(first));
  }

  std::string insert(size_t table, const std::vector<char>& actions, const std::string& first) const {
    const auto& columns = workspace_.staged.at(table).columns;
    std::string list;
    for (const char action : actions) list += fmt::format("{}'{}'", list.empty() ? "" : ", ", action);
    const std::string into = columns.empty() ? "" : " (" + column_list(columns, "") + ")";
    const std::string source =
        fmt::format("FROM {} c JOIN {} b ON b.ctid = c.source WHERE c.action IN ({}){}", changes_table(table),
                    staged_table(table), list, after(first));
    return fmt::format("INSERT INTO {} AS x{} OVERRIDING SYSTEM VALUE SELECT {} {}",
                       workspace_.target.name(table).quoted(), into, column_list(columns, "b"), source);
  }

  void add(size_t table, std::string what, uint64_t rows, const std::string& statement, bool owners) {
    Step step;
    step.name = fmt::format("step_{}", steps_.size());
    step.text = fmt::format("{} AS ({}{})", step.name, statement, returning(table, owners));
    step.expected = {table, std::move(what), rows};
    steps_.push_back(std::move(step));
  }

  Result<void> run() {
    if (steps_.empty()) return {};
    std::string with;
    std::string counts;
    for (size_t i = 0; i < steps_.size(); ++i) {
      with += (i ? ", " : "WITH ") + steps_[i].text;
      counts += fmt::format("{} SELECT {}, count(*), count(*) FILTER (WHERE right_owner IS NOT TRUE) FROM {}",
                            i ? " UNION ALL" : "", i, steps_[i].name);
    }
    ASSIGN_OR_RETURN(auto rows, workspace_.connection.query(with + counts + " ORDER BY 1"),
                     "while writing the rows");
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto& expected = steps_[i].expected;
      const auto& name = workspace_.target.name(expected.table);
      const auto written = static_cast<uint64_t>(rows.number(i, 1));
      if (written == expected.rows && rows.number(i, 2) == 0) continue;
      return Error(Code::kFailed,
                   "nothing was changed: {} rows of {} would have been {} instead of {}, {} of them not the "
                   "owner's",
                   written, name.display(), expected.what, expected.rows, rows.number(i, 2))
          .hint(fmt::format("see which triggers of {} change rows while they are written", name.display()));
    }
    return {};
  }

  struct Step {
    std::string name;
    std::string text;
    Expected expected;
  };

  Workspace& workspace_;
  const std::map<size_t, Changes>& all_;
  std::vector<Trigger> disabled_;
  std::vector<Step> steps_;
};

}  // namespace

Result<void> write_changes(Workspace& workspace, const std::map<size_t, Changes>& changes,
                           std::vector<std::string>& notes) {
  return Writer(workspace, changes).write(notes);
}

}  // namespace summit::postgres::merge
