// Which lists of numbers are embeddings, and how they are cut.
#include "masking/embedding.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace summit::masking {
namespace {

using testing::ElementsAre;

std::string list_of(size_t count, const std::string& number, const std::string& last) {
  std::string list = "[";
  for (size_t i = 1; i < count; ++i) list += number + ",";
  return list + last + "]";
}

bool is_embedding(const std::string& value) {
  std::vector<std::string_view> pieces;
  return split_embedding(value, pieces);
}

TEST(Embedding, NumbersStandAsServersAndLibrariesPrintThem) {
  for (const char* number : {"0.1", "-0.123456789012345678", " 0.25", "3.1e-05", "-9.5E+3", "1.5e3"})
    EXPECT_TRUE(is_embedding(list_of(64, number, number))) << number;
}

TEST(Embedding, OneThatIsNoNumberOfThisKindMakesItNone) {
  for (const char* odd :
       {"", "x", "0.", ".5", "12.5", "0.5x", "0.5e", "0.5e-", "0.5 ", "0..5", "--0.5", "-", "0.5]"})
    EXPECT_FALSE(is_embedding(list_of(70, "0.5", odd))) << odd;
  EXPECT_FALSE(is_embedding(list_of(63, "0.5", "0.5")));
  EXPECT_FALSE(is_embedding(list_of(70, "5", "0.5"))) << "most are fractions";
  EXPECT_FALSE(is_embedding(""));
  EXPECT_FALSE(is_embedding("["));
  EXPECT_FALSE(is_embedding("[]"));
}

TEST(Embedding, IsCutBehindEach32ndNumberAndTheLastPieceHasTheRest) {
  std::string numbers[3];
  for (int i = 0; i < 100; ++i) {
    auto& piece = numbers[std::min(i / 32, 2)];
    piece += fmt::format("{}0.{}", piece.empty() ? "" : ",", 100 + i);
  }
  const auto value = fmt::format("{{{},{},{}}}", numbers[0], numbers[1], numbers[2]);
  std::vector<std::string_view> pieces;
  ASSERT_TRUE(split_embedding(value, pieces));
  EXPECT_THAT(pieces, ElementsAre(numbers[0], numbers[1], numbers[2]));
}

}  // namespace
}  // namespace summit::masking
