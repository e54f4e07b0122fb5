#include "stores/neo4j/creation_rounds.h"

#include <algorithm>
#include <array>

namespace summit::neo4j {

namespace {

// By all bits of an id: neighbours in a store are often neighbours in the graph.
size_t group_of(int64_t node) {
  return static_cast<size_t>(static_cast<uint64_t>(node) * 0x9e3779b97f4a7c15U >> 62);
}

}  // namespace

CreationTurn creation_turn(int64_t start, int64_t end) {
  const auto [low, high] = std::minmax({group_of(start), group_of(end)});
  // {0, 1} beside {2, 3}, {0, 2} beside {1, 3}, {0, 3} beside {1, 2}; a group by itself is in the first.
  static constexpr std::array<std::array<CreationTurn, 4>, 4> kTurns = {{
      {{{0, 0}, {0, 0}, {1, 0}, {2, 0}}},
      {{{0, 0}, {0, 0}, {2, 1}, {1, 1}}},
      {{{1, 0}, {2, 1}, {0, 1}, {0, 1}}},
      {{{2, 0}, {1, 1}, {0, 1}, {0, 1}}},
  }};
  return kTurns[low][high];
}

}  // namespace summit::neo4j
