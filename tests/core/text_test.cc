#include "core/text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace summit {
namespace {

TEST(Text, ANumberIsTheWholeTextOrNone) {
  EXPECT_EQ(parse_number<int>("42"), 42);
  EXPECT_EQ(parse_number<int64_t>("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(parse_number<double>("-2.5e3"), -2500.0);
  for (const char* none : {"", " 1", "1 ", "+1", "1x", "0x1", "1.0", "-", "9223372036854775808"})
    EXPECT_FALSE(parse_number<int64_t>(none).has_value()) << none;
  EXPECT_FALSE(parse_number<uint16_t>("65536").has_value());
  EXPECT_FALSE(parse_number<uint64_t>("-1").has_value());
}

TEST(Text, CaseAndBlanksAreThoseOfAscii) {
  EXPECT_TRUE(equals_ignoring_case("Content-Length", "content-length"));
  EXPECT_FALSE(equals_ignoring_case("Ä", "ä"));
  EXPECT_EQ(to_lower("AbC Ä"), "abc Ä");
  EXPECT_EQ(trimmed(" \t a b \r\n"), "a b");
  EXPECT_EQ(trimmed(" \n"), "");
}

TEST(Text, ALeadingNumberEndsBeforeAPointThatNoDigitFollows) {
  EXPECT_EQ(leading_number("12.5 MB"), "12.5");
  EXPECT_EQ(leading_number("12.MB"), "12");
  EXPECT_EQ(leading_number(".5"), "");
}

}  // namespace
}  // namespace summit
