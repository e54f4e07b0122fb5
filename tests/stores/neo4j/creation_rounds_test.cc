#include "stores/neo4j/creation_rounds.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>

namespace summit::neo4j {
namespace {

TEST(CreationRounds, TheConnectionsOfARoundHaveNoNodeInCommonAndAboutTheSameToDo) {
  std::array<std::array<std::set<int64_t>, kCreationLanes>, kCreationRounds> nodes;
  std::array<std::array<int, kCreationLanes>, kCreationRounds> counts{};
  std::mt19937_64 random(7);
  for (int i = 0; i < 40000; ++i) {
    const auto start = static_cast<int64_t>(random() % 5000);
    const auto end = static_cast<int64_t>(random() % 5000);
    const auto turn = creation_turn(start, end);
    const auto back = creation_turn(end, start);
    EXPECT_TRUE(turn.round == back.round && turn.lane == back.lane);
    nodes[turn.round][turn.lane].insert({start, end});
    ++counts[turn.round][turn.lane];
  }
  for (size_t round = 0; round < kCreationRounds; ++round) {
    for (const int64_t node : nodes[round][0]) EXPECT_FALSE(nodes[round][1].contains(node)) << node;
    EXPECT_NEAR(counts[round][0], counts[round][1], counts[round][0] / 10);
  }
}

}  // namespace
}  // namespace summit::neo4j
