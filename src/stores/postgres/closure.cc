#include "stores/postgres/closure.h"

#include <fmt/format.h>

#include <algorithm>

#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

using config::OutsidePolicy;

// Whose a row is.
enum class Owner { kOwn = 0, kShared = 1, kForeign = 2 };

// Columns of the temporary tables. They stand beside a table's own columns when rows are read, so they have
// names that no table has.
constexpr std::string_view kPart = "summit_dr_part";
constexpr std::string_view kRow = "summit_dr_row";
constexpr std::string_view kRound = "summit_dr_round";
constexpr std::string_view kOwner = "summit_dr_owner";

// From here on a plan made for an empty table is a bad one.
constexpr uint64_t kRowsWorthAnalysing = 5000;

std::string value_name(size_t position) { return fmt::format("summit_dr_value_{}", position); }
std::string emptied_name(size_t reference) { return fmt::format("summit_dr_null_{}", reference); }

std::string among_parts(std::string_view alias, std::string_view column,
                        const std::vector<std::string>& parts) {
  if (parts.empty()) return {};
  return fmt::format(" AND {}.{} = ANY ('{{{}}}'::pg_catalog.oid[])", alias, column, fmt::join(parts, ","));
}

std::string not_null(const std::vector<std::string>& expressions) {
  std::string text;
  for (const auto& expression : expressions) text += fmt::format(" AND {} IS NOT NULL", expression);
  return text;
}

std::vector<std::string> qualified(std::string_view alias, const std::vector<std::string>& columns) {
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const auto& column : columns) names.push_back(fmt::format("{}.{}", alias, quote_identifier(column)));
  return names;
}

Error leaving_error(const std::vector<std::string>& sentences, const std::string& name) {
  return Error(Code::kRefused, "{}", fmt::join(sentences, "; "))
      .hint(fmt::format("write `{}: include` to take those rows, or `{}: null` to empty the column, under "
                        "`outside` of the component's selection in config/backup-sets.yaml",
                        name, name));
}

}  // namespace

Closure::Closure(Connection& connection, const SelectionRules& rules)
    : connection_(connection), rules_(rules), taken_(rules.tables.size()) {
  choose_tracked();
}

// Tables of which rows can come in: those with owners, then everything that is referred to from there.
// Shared tables only when they refer to something of which not everything is taken.
void Closure::choose_tracked() {
  std::vector<size_t> open;
  for (size_t i = 0; i < taken_.size(); ++i) {
    const bool leads_out = std::any_of(
        rules_.graph.references.begin(), rules_.graph.references.end(),
        [&](const Reference& r) { return r.from.table == i && !rules_.tables[r.to.table].whole; });
    taken_[i].tracked = rules_.tables[i].has_owners() || (rules_.tables[i].whole && leads_out);
    if (taken_[i].tracked) open.push_back(i);
  }
  while (!open.empty()) {
    const size_t from = open.back();
    open.pop_back();
    for (const auto& next : rules_.graph.references) {
      const auto& rule = rules_.tables[next.to.table];
      auto& to = taken_[next.to.table];
      if (next.from.table != from || to.tracked || rule.whole || rule.excluded) continue;
      to.tracked = true;
      open.push_back(next.to.table);
    }
  }
  for (const auto& known : rules_.graph.references) {
    keep_columns(known.from.table, known.from.columns);
    if (!known.when_column.empty()) keep_columns(known.from.table, {known.when_column});
    keep_columns(known.to.table, known.to.columns);
  }
}

void Closure::keep_columns(size_t index, const std::vector<std::string>& columns) {
  auto& kept = taken_[index].columns;
  for (const auto& column : columns) {
    if (std::find(kept.begin(), kept.end(), column) == kept.end()) kept.push_back(column);
  }
}

Result<void> Closure::run(const std::string& id) {
  RETURN_IF_ERROR(check_id(id));
  for (size_t i = 0; i < taken_.size(); ++i) {
    if (taken_[i].tracked) RETURN_IF_ERROR(create(i));
  }
  RETURN_IF_ERROR(take_owned(id), "while finding owned rows");
  RETURN_IF_ERROR(take_whole_tables(), "while listing shared tables");
  RETURN_IF_ERROR(take_referenced(), "while following references");
  RETURN_IF_ERROR(treat_leaving(), "while looking for references that leave the selection");
  return count_rows();
}

// Asked before anything else, because a value that does not fit ends the transaction.
Result<void> Closure::check_id(const std::string& id) {
  const auto check = [&](size_t index, const std::string& column) -> Result<void> {
    const auto& type = table(index).column(column)->type;
    auto cast = connection_.query(fmt::format("SELECT $1::{}", type), {id});
    if (cast.ok()) return {};
    if (cast.error().code() != Code::kFailed) return std::move(cast).error();
    const auto& name = table(index).name;
    return Error(Code::kUsage, "`{}` is no id: column {} of {} is of type {}", id, column, name.display(),
                 type)
        .hint(
            fmt::format("list the ids: SELECT DISTINCT {} FROM {}", quote_identifier(column), name.quoted()));
  };
  for (size_t i = 0; i < taken_.size(); ++i) {
    const auto& rule = rules_.tables[i];
    if (!rule.has_owners()) continue;
    if (!rule.owner_column.empty()) RETURN_IF_ERROR(check(i, rule.owner_column));
    if (rule.start) RETURN_IF_ERROR(check(i, rules_.start_column));
  }
  return {};
}

Result<void> Closure::create(size_t index) {
  auto& taken = taken_[index];
  taken.relation = fmt::format("pg_temp.summit_dr_rows_{}", index);
  std::string columns;
  for (size_t i = 0; i < taken.columns.size(); ++i)
    columns += fmt::format(", t.{} AS {}", quote_identifier(taken.columns[i]), value_name(i));
  for (size_t i = 0; i < rules_.references.size(); ++i) {
    if (reference(i).from.table == index && rules_.references[i].outside == OutsidePolicy::kNull)
      columns += fmt::format(", false AS {}", emptied_name(i));
  }
  RETURN_IF_ERROR(connection_.execute(
      fmt::format("CREATE TEMPORARY TABLE {0} ON COMMIT DROP AS SELECT t.tableoid AS {1}, t.ctid AS {2}, "
                  "0::bigint AS {3}, "
                  "0::smallint AS {4}{5} FROM {6} t WITH NO DATA",
                  taken.relation, kPart, kRow, kRound, kOwner, columns, table(index).scan())));
  return connection_.execute(
      fmt::format("ALTER TABLE {0} ADD PRIMARY KEY ({1}, {2}); CREATE INDEX ON {0} ({3})", taken.relation,
                  kPart, kRow, kRound));
}

// The value of a column of the table at `index`, as the temporary table holds it.
std::string Closure::value(size_t index, std::string_view alias, const std::string& column) const {
  const auto& columns = taken_[index].columns;
  const auto found = std::find(columns.begin(), columns.end(), column);
  return fmt::format("{}.{}", alias, value_name(static_cast<size_t>(found - columns.begin())));
}

std::vector<std::string> Closure::values(size_t index, std::string_view alias,
                                         const std::vector<std::string>& columns) const {
  std::vector<std::string> expressions;
  expressions.reserve(columns.size());
  for (const auto& column : columns) expressions.push_back(value(index, alias, column));
  return expressions;
}

// Inserts the rows `t` of `from`, which is "FROM … WHERE …"; those that are there already stay as they are.
Result<uint64_t> Closure::insert(size_t index, const std::string& owner, const std::string& from,
                                 const Parameters& parameters) {
  auto& taken = taken_[index];
  std::string names;
  std::string columns;
  for (size_t i = 0; i < taken.columns.size(); ++i) {
    names += ", " + value_name(i);
    columns += ", t." + quote_identifier(taken.columns[i]);
  }
  ASSIGN_OR_RETURN(
      auto inserted,
      connection_.query(
          fmt::format("INSERT INTO {} ({}, {}, {}, {}{}) SELECT t.tableoid, t.ctid, {}, {}{} "
                      "{} ON CONFLICT DO NOTHING",
                      taken.relation, kPart, kRow, kRound, kOwner, names, round_, owner, columns, from),
          parameters),
      "in {}", table(index).name.display());
  const auto count = inserted.affected();
  if (count > 0) taken.fresh = true;
  if (count >= kRowsWorthAnalysing) RETURN_IF_ERROR(connection_.execute("ANALYZE " + taken.relation));
  return count;
}

// Children of children are found in later rounds, each from the rows that the round before added.
Result<void> Closure::take_owned(const std::string& id) {
  const auto take = [&](size_t index, const std::string& column_name) -> Result<void> {
    const auto& column = *table(index).column(column_name);
    ASSIGN_OR_RETURN(auto added,
                     insert(index, "0",
                            fmt::format("FROM {} t WHERE t.{} {} $1::{}", table(index).scan(),
                                        quote_identifier(column.name), column.equality, column.type),
                            {id}));
    owned_rows_ += added;
    return {};
  };
  for (size_t i = 0; i < taken_.size(); ++i) {
    const auto& rule = rules_.tables[i];
    if (!rule.has_owners()) continue;
    if (!rule.owner_column.empty()) RETURN_IF_ERROR(take(i, rule.owner_column));
    if (rule.start) RETURN_IF_ERROR(take(i, rules_.start_column));
  }
  for (bool any = owned_rows_ > 0; any;) {
    const auto parents = begin_round();
    any = false;
    for (size_t i = 0; i < rules_.references.size(); ++i) {
      if (!rules_.references[i].finds_owned || !parents[reference(i).to.table]) continue;
      ASSIGN_OR_RETURN(auto added, take_children(i));
      owned_rows_ += added;
      any = any || added > 0;
    }
  }
  return {};
}

// Which tables had rows added in the round that ends here.
std::vector<bool> Closure::begin_round() {
  std::vector<bool> fresh(taken_.size());
  for (size_t i = 0; i < taken_.size(); ++i) fresh[i] = std::exchange(taken_[i].fresh, false);
  ++round_;
  return fresh;
}

Result<uint64_t> Closure::take_children(size_t index) {
  const auto& by = reference(index);
  const auto to = values(by.to.table, "p", by.to.columns);
  const auto from = qualified("t", by.from.columns);
  std::string sql = fmt::format("FROM {} t WHERE EXISTS (SELECT FROM {} p WHERE p.{} = {}{}{})", by.from.scan,
                                taken_[by.to.table].relation, kRound, round_ - 1, matches(by, to, from),
                                among_parts("p", kPart, by.to.parts));
  Parameters parameters;
  if (!by.when_column.empty()) {
    sql += fmt::format(" AND t.{}::pg_catalog.text = $1", quote_identifier(by.when_column));
    parameters.emplace_back(by.when_equals);
  }
  return insert(by.from.table, "0", sql, parameters);
}

Result<void> Closure::take_whole_tables() {
  for (size_t i = 0; i < taken_.size(); ++i) {
    if (!taken_[i].tracked || !rules_.tables[i].whole) continue;
    ASSIGN_OR_RETURN([[maybe_unused]] auto added, insert(i, "1", fmt::format("FROM {} t", table(i).scan())));
  }
  return {};
}

// The first round starts from every row that is there; each later one from what the round before added.
Result<void> Closure::take_referenced() {
  for (auto& taken : taken_) taken.fresh = taken.tracked;
  uint64_t first_round = 0;
  for (bool any = true; any;) {
    const auto sources = begin_round();
    any = false;
    for (size_t i = 0; i < rules_.references.size(); ++i) {
      const auto to = reference(i).to.table;
      if (!sources[reference(i).from.table] || !taken_[to].tracked || rules_.tables[to].whole) continue;
      ASSIGN_OR_RETURN(auto added, take_referenced_by(i, first_round));
      any = any || added > 0;
    }
    first_round = round_;
  }
  return {};
}

// Rows of others come in by references that include them, and by those of rows of others.
Result<uint64_t> Closure::take_referenced_by(size_t index, uint64_t first_round) {
  const auto& by = reference(index);
  const auto& to_rule = rules_.tables[by.to.table];
  const bool includes = rules_.references[index].outside == OutsidePolicy::kInclude;
  Parameters parameters;
  std::string keys;
  std::vector<std::string> found;
  const auto from = values(by.from.table, "c", by.from.columns);
  for (size_t i = 0; i < from.size(); ++i) {
    keys += fmt::format("{} AS key_{}, ", from[i], i);
    found.push_back(fmt::format("k.key_{}", i));
  }
  std::string sql = fmt::format(
      "FROM (SELECT DISTINCT {}c.{} = {} AS of_others FROM {} c WHERE c.{} BETWEEN {} AND {}{}) k JOIN {} t "
      "ON true{}",
      keys, kOwner, static_cast<int>(Owner::kForeign), taken_[by.from.table].relation, kRound, first_round,
      round_ - 1, refers(index, parameters), by.to.scan, matches(by, qualified("t", by.to.columns), found));
  std::string owner = fmt::format("{}", static_cast<int>(Owner::kShared));
  if (!to_rule.owner_column.empty()) {
    const auto column = "t." + quote_identifier(to_rule.owner_column);
    owner = fmt::format("CASE WHEN {} IS NULL THEN {} ELSE {} END", column, owner,
                        static_cast<int>(Owner::kForeign));
    if (!includes) sql += fmt::format(" WHERE k.of_others OR {} IS NULL", column);
  } else if (to_rule.has_owners()) {
    owner = fmt::format("{}", static_cast<int>(Owner::kForeign));
    if (!includes) sql += " WHERE k.of_others";
  }
  return insert(by.to.table, owner, sql, parameters);
}

// Each column of one side equals that of the other.
std::string Closure::matches(const Reference& by, const std::vector<std::string>& to,
                             const std::vector<std::string>& from) {
  std::string text;
  for (size_t i = 0; i < by.equalities.size(); ++i) text += " AND " + by.equalities[i].of(to[i], from[i]);
  return text;
}

// Of a taken row `c`: that it refers to something by this reference.
std::string Closure::refers(size_t index, Parameters& parameters) const {
  const auto& by = reference(index);
  std::string text =
      not_null(values(by.from.table, "c", by.from.columns)) + among_parts("c", kPart, by.from.parts);
  if (!by.when_column.empty()) {
    parameters.emplace_back(by.when_equals);
    text += fmt::format(" AND {}::pg_catalog.text = ${}", value(by.from.table, "c", by.when_column),
                        parameters.size());
  }
  return text;
}

// Of a taken row `c`: that it refers to a row that belongs to somebody else, or of which nothing is taken.
std::string Closure::leaves(size_t index, Parameters& parameters) const {
  const auto& by = reference(index);
  const auto from = values(by.from.table, "c", by.from.columns);
  const auto there = fmt::format(" AND EXISTS (SELECT FROM {} t WHERE true{})", by.to.scan,
                                 matches(by, qualified("t", by.to.columns), from));
  std::string text = refers(index, parameters);
  if (rules_.tables[by.to.table].excluded) return text + there;
  const auto among_taken = [&](std::string_view comparison) {
    return fmt::format("EXISTS (SELECT FROM {} s WHERE s.{} {} {}{}{})", taken_[by.to.table].relation, kOwner,
                       comparison, static_cast<int>(Owner::kForeign),
                       matches(by, values(by.to.table, "s", by.to.columns), from),
                       among_parts("s", kPart, by.to.parts));
  };
  text +=
      fmt::format(" AND c.{} <> {} AND NOT {}", kOwner, static_cast<int>(Owner::kForeign), among_taken("<>"));
  return text +
         (rules_.references[index].outside == OutsidePolicy::kInclude ? " AND " + among_taken("=") : there);
}

Result<void> Closure::treat_leaving() {
  std::vector<std::string> refused;
  std::string refused_name;
  for (size_t i = 0; i < rules_.references.size(); ++i) {
    const auto& by = reference(i);
    const auto& to_rule = rules_.tables[by.to.table];
    if (!taken_[by.from.table].tracked || (!to_rule.has_owners() && !to_rule.excluded)) continue;
    const auto& rule = rules_.references[i];
    const bool empties = rule.outside == OutsidePolicy::kNull && !rule.replaced.empty();
    Parameters parameters;
    const auto condition = leaves(i, parameters);
    const auto& relation = taken_[by.from.table].relation;
    ASSIGN_OR_RETURN(auto found,
                     connection_.query(
                         empties ? fmt::format("UPDATE {} c SET {} = true WHERE true{}", relation,
                                               emptied_name(i), condition)
                                 : fmt::format("SELECT count(*) FROM {} c WHERE true{}", relation, condition),
                         parameters));
    const auto rows = empties ? found.affected() : static_cast<uint64_t>(found.number(0, 0));
    if (rows == 0) continue;
    leaving_.push_back({by.name, table(by.to.table).name.display(), rows, rule.outside});
    if (empties) taken_[by.from.table].emptied.push_back(i);
    const auto reason = why_refused(i);
    if (reason.empty()) continue;
    refused.push_back(fmt::format("{} rows of {} refer by {} to rows of {} that {}", rows,
                                  table(by.from.table).name.display(), fmt::join(by.from.columns, ", "),
                                  table(by.to.table).name.display(), reason));
    if (refused_name.empty())
      refused_name = fmt::format("{}.{}", table(by.from.table).name.display(), by.from.columns.front());
  }
  if (refused.empty()) return {};
  return leaving_error(refused, refused_name);
}

// Empty: a reference that leaves may do so.
std::string Closure::why_refused(size_t index) const {
  const auto& rule = rules_.references[index];
  const bool excluded = rules_.tables[reference(index).to.table].excluded;
  if (rule.outside == OutsidePolicy::kNull)
    return rule.replaced.empty() ? "are not taken, and the column cannot be empty" : "";
  if (excluded) return "are excluded";
  return rule.outside == OutsidePolicy::kFail ? "belong to others" : "";
}

Result<void> Closure::count_rows() {
  for (auto& taken : taken_) {
    if (!taken.tracked) continue;
    ASSIGN_OR_RETURN(auto rows, connection_.query(fmt::format("SELECT {0}, count(*) FROM {1} GROUP BY {0}",
                                                              kPart, taken.relation)));
    for (size_t i = 0; i < rows.size(); ++i)
      taken.rows[rows.string(i, 0)] = static_cast<uint64_t>(rows.number(i, 1));
    RETURN_IF_ERROR(connection_.execute("ANALYZE " + taken.relation));
  }
  return {};
}

TableRows Closure::rows_of(size_t index, const GraphPart& part) const {
  const auto& taken = taken_[index];
  TableRows rows;
  if (rules_.tables[index].whole && taken.emptied.empty()) return rows;
  const auto count = taken.rows.find(part.oid);
  rows.take = count == taken.rows.end() ? TableRows::Take::kNothing : TableRows::Take::kSome;
  if (rows.take == TableRows::Take::kNothing) return rows;
  if (taken.emptied.empty()) {
    rows.from = fmt::format("FROM ONLY {} WHERE ctid IN (SELECT {} FROM {} WHERE {} = {})",
                            part.name.quoted(), kRow, taken.relation, kPart, part.oid);
    return rows;
  }
  rows.from =
      fmt::format("FROM ONLY {} AS source JOIN {} AS taken ON taken.{} = {} AND taken.{} = source.ctid",
                  part.name.quoted(), taken.relation, kPart, part.oid, kRow);
  std::map<std::string, std::string> conditions;
  for (const auto reference_index : taken.emptied) {
    for (const auto& column : rules_.references[reference_index].replaced) {
      auto& condition = conditions[quote_identifier(column)];
      condition += (condition.empty() ? "" : " OR ") + ("taken." + emptied_name(reference_index));
    }
  }
  for (const auto& [column, condition] : conditions)
    rows.replaced[column] = fmt::format("CASE WHEN {} THEN NULL ELSE source.{} END", condition, column);
  return rows;
}

}  // namespace summit::postgres
