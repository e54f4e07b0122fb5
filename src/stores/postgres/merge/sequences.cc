#include "stores/postgres/merge/sequences.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace summit::postgres::merge {

namespace {

struct State {
  int64_t last = 0;  // the last value given out
  int64_t increment = 1;
  int64_t least = 0;
  int64_t most = 0;
};

// Nothing when there is no such sequence.
Result<std::optional<State>> read_state(Connection& connection, const RelationName& name) {
  ASSIGN_OR_RETURN(auto known, connection.query("SELECT s.seqincrement, s.seqmin, s.seqmax "
                                                "FROM pg_catalog.pg_sequence s WHERE s.seqrelid = "
                                                "pg_catalog.to_regclass($1)",
                                                {name.quoted()}));
  if (known.empty()) return std::optional<State>();
  ASSIGN_OR_RETURN(auto value, connection.query("SELECT last_value, is_called FROM " + name.quoted()));
  State state{value.number(0, 0), known.number(0, 0), known.number(0, 1), known.number(0, 2)};
  // Before its first call a sequence has given out nothing, not even its start.
  if (!value.truth(0, 1)) state.last -= state.increment;
  return std::optional<State>(state);
}

bool is_behind(const State& state, int64_t wanted) {
  return state.increment > 0 ? state.last < wanted : state.last > wanted;
}

}  // namespace

Result<std::vector<SequenceMove>> find_moves(Workspace& workspace,
                                             const std::vector<ArchivedSequence>& archived) {
  std::map<RelationName, std::pair<State, int64_t>> wanted;  // the furthest value
  const auto want = [&](const RelationName& name, int64_t value, bool given_out) -> Result<void> {
    if (!wanted.contains(name)) {
      ASSIGN_OR_RETURN(const auto state, read_state(workspace.connection, name));
      if (!state) return {};
      wanted[name] = {*state, state->last};
    }
    auto& [state, furthest] = wanted[name];
    if (!given_out) value -= state.increment;
    value = std::clamp(value, std::min(state.least, state.last), state.most);
    if (is_behind({furthest, state.increment, 0, 0}, value)) furthest = value;
    return {};
  };
  for (const auto& sequence : archived)
    RETURN_IF_ERROR(want(sequence.name, sequence.last_value, sequence.is_called));
  for (const auto& column : workspace.target.sequences) {
    const auto staged = workspace.staged.find(column.table);
    if (staged == workspace.staged.end() || staged->second.rows == 0) continue;
    if (!staged->second.archived(column.column)) continue;
    const std::string name = column_list({column.column}, "x");
    ASSIGN_OR_RETURN(auto keys,
                     workspace.connection.query(fmt::format(
                         "SELECT min({0}), max({0}) FROM {1} x WHERE {2}", name, staged_table(column.table),
                         workspace.ownership.owned(Side::kBackup, column.table, "x"))));
    if (keys.is_null(0, 0)) continue;
    RETURN_IF_ERROR(want(column.sequence, keys.number(0, 0), true));
    RETURN_IF_ERROR(want(column.sequence, keys.number(0, 1), true));
  }
  std::vector<SequenceMove> moves;
  for (const auto& [name, both] : wanted) {
    if (is_behind(both.first, both.second)) moves.push_back({name, both.first.last, both.second});
  }
  return moves;
}

Result<void> move_sequences(Workspace& workspace, const std::vector<SequenceMove>& moves) {
  // Drawing values can never set a sequence back, whoever else draws; setval() could, by as many values as
  // others draw between its look and its write. So far away, nobody gets there in between.
  constexpr int64_t kMostDrawn = 10'000;
  for (const auto& move : moves) {
    ASSIGN_OR_RETURN(const auto state, read_state(workspace.connection, move.sequence));
    if (!state || !is_behind(*state, move.to)) continue;
    const std::string name = move.sequence.quoted();
    const auto distance = static_cast<uint64_t>(state->increment > 0 ? move.to : state->last) -
                          static_cast<uint64_t>(state->increment > 0 ? state->last : move.to);
    const auto step = static_cast<uint64_t>(std::abs(state->increment));
    const uint64_t values = distance / step + (distance % step != 0 ? 1 : 0);
    const bool room = state->increment > 0 ? move.to <= state->most - state->increment
                                           : move.to >= state->least - state->increment;
    Result<Rows> moved =
        values <= kMostDrawn && room
            ? workspace.connection.query(
                  "SELECT count(pg_catalog.nextval($1::regclass)) "
                  "FROM pg_catalog.generate_series(1, $2::bigint)",
                  {name, std::to_string(values)})
            : workspace.connection.query("SELECT pg_catalog.setval($1::regclass, $2::bigint)",
                                         {name, std::to_string(move.to)});
    if (!moved.ok()) return std::move(moved).error().at("while moving on " + move.sequence.display());
  }
  return {};
}

}  // namespace summit::postgres::merge
