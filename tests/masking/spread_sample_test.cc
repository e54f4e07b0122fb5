#include "masking/spread_sample.h"

#include <gtest/gtest.h>

namespace summit::masking {
namespace {

std::vector<std::string> sample_of(size_t count, size_t most) {
  SpreadSample sample(most);
  for (size_t i = 0; i < count; ++i) {
    if (sample.wants_next()) sample.add(std::to_string(i));
  }
  return sample.values();
}

TEST(SpreadSample, TakesEverythingOfAShortStream) {
  EXPECT_TRUE(sample_of(0, 4).empty());
  EXPECT_EQ(sample_of(4, 4), (std::vector<std::string>{"0", "1", "2", "3"}));
}

TEST(SpreadSample, SpreadsOverAStreamOfAnyLength) {
  for (const size_t count : {5, 7, 8, 9, 100, 1000, 12345}) {
    const auto values = sample_of(count, 8);
    ASSERT_GE(values.size(), 4U) << count;
    ASSERT_LE(values.size(), 8U) << count;
    const size_t stride = std::stoul(values[1]);
    for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], std::to_string(i * stride)) << count;
    EXPECT_GE(std::stoul(values.back()) + stride, count) << "the end is left out";
  }
}

}  // namespace
}  // namespace summit::masking
