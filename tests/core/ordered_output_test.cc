#include "core/ordered_output.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

#include "core/task_group.h"

namespace summit {
namespace {

struct Piece {
  std::string bytes;
};
using Output = OrderedOutput<Piece>;

Piece piece_of(std::string bytes) { return {std::move(bytes)}; }

// All units written by `readers` that take them in order, as one text.
std::string written_by(size_t readers, size_t units, size_t pieces, size_t piece_bytes, uint64_t budget) {
  Output output(units, budget);
  std::atomic<size_t> next{0};
  std::string text;
  TaskGroup group;
  for (size_t reader = 0; reader < readers; ++reader) {
    group.spawn([&]() -> Result<void> {
      for (size_t unit = next++; unit < units; unit = next++) {
        // Early units are the long ones, so that readers run ahead.
        for (size_t i = 0; i < pieces + units - unit; ++i) {
          std::string bytes = fmt::format("{}.{};", unit, i);
          bytes.resize(std::max(bytes.size(), piece_bytes), '-');
          RETURN_IF_ERROR(output.put(unit, piece_of(std::move(bytes)), group.cancellation()));
        }
        output.end(unit);
      }
      return {};
    });
  }
  for (size_t unit = 0; unit < units; ++unit) {
    for (;;) {
      auto piece = output.take(unit, group.cancellation());
      EXPECT_TRUE(piece.ok());
      if (!piece.ok() || !*piece) break;
      text += (*piece)->bytes.substr(0, (*piece)->bytes.find(';') + 1);
      output.give_back(std::move((*piece)->bytes));
    }
  }
  EXPECT_TRUE(group.join().ok());
  return text;
}

std::string expected(size_t units, size_t pieces) {
  std::string text;
  for (size_t unit = 0; unit < units; ++unit) {
    for (size_t i = 0; i < pieces + units - unit; ++i) text += fmt::format("{}.{};", unit, i);
  }
  return text;
}

TEST(OrderedOutput, PiecesComeInTheOrderOfTheirUnits) {
  EXPECT_EQ(written_by(4, 40, 5, 10, 1000), expected(40, 5));
}

TEST(OrderedOutput, ABudgetSmallerThanAnyPieceBlocksNobodyForEver) {
  EXPECT_EQ(written_by(3, 20, 3, 100, 1), expected(20, 3));
  EXPECT_EQ(written_by(1, 20, 3, 100, 0), expected(20, 3));
}

TEST(OrderedOutput, WhatIsNotNextWaitsWhenTheBudgetIsUsedUp) {
  Output output(2, 10);
  ASSERT_TRUE(output.put(1, piece_of("12345678"), {}).ok());
  std::atomic<bool> second_is_in{false};
  TaskGroup group;
  group.spawn([&]() -> Result<void> {
    RETURN_IF_ERROR(output.put(1, piece_of("abcdefgh"), group.cancellation()));
    second_is_in = true;
    output.end(1);
    return {};
  });
  // The unit that is next is not held up by it.
  ASSERT_TRUE(output.put(0, piece_of("0123456789"), {}).ok());
  EXPECT_EQ((*output.take(0, {}))->bytes, "0123456789");
  EXPECT_FALSE(second_is_in);
  output.end(0);
  EXPECT_FALSE(output.take(0, {})->has_value());
  EXPECT_EQ((*output.take(1, {}))->bytes, "12345678");
  EXPECT_EQ((*output.take(1, {}))->bytes, "abcdefgh");
  EXPECT_FALSE(output.take(1, {})->has_value());
  EXPECT_TRUE(group.join().ok());
}

TEST(OrderedOutput, ARequestToStopEndsEveryWait) {
  Output output(2, 1);
  Cancellation cancellation;
  ASSERT_TRUE(output.put(0, piece_of("x"), cancellation).ok());
  TaskGroup group;
  group.spawn([&]() -> Result<void> {
    EXPECT_EQ(output.put(0, piece_of("xx"), cancellation).error().code(), Code::kCancelled);
    return {};
  });
  group.spawn([&]() -> Result<void> {
    EXPECT_EQ(output.put(1, piece_of("xx"), cancellation).error().code(), Code::kCancelled);
    return {};
  });
  cancellation.request();
  EXPECT_TRUE(group.join().ok());
  EXPECT_EQ(Output(1, 1).take(0, cancellation).error().code(), Code::kCancelled);
}

TEST(OrderedOutput, KeepsNoStringThatGrewForALargeValue) {
  Output output(1, MiB);
  for (const size_t capacity : {100 * KiB, 5 * MiB}) {
    std::string bytes;
    bytes.reserve(capacity);
    output.give_back(std::move(bytes));
  }
  EXPECT_GE(output.put(0, piece_of("a"), {}).value().capacity(), 100 * KiB);
  EXPECT_LT(output.put(0, piece_of("b"), {}).value().capacity(), 100 * KiB);
}

}  // namespace
}  // namespace summit
