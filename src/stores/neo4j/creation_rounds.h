// The order in which relationships are created over two connections that seldom wait for each other.
//
// A transaction that creates a relationship locks both its nodes until it is committed, and the relationship
// that was the first of each, which may lead to a node of the other connection. Nodes are in four groups, and
// a round gives each connection two groups of its own: after three rounds all pairs of groups have met.
#pragma once

#include <cstddef>
#include <cstdint>

namespace summit::neo4j {

inline constexpr size_t kCreationRounds = 3;
inline constexpr size_t kCreationLanes = 2;

struct CreationTurn {
  size_t round = 0;
  size_t lane = 0;
};

// The relationships of two turns that differ in their lane alone have no node in common.
CreationTurn creation_turn(int64_t start, int64_t end);

}  // namespace summit::neo4j
