#include "stores/neo4j/temporal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace summit::neo4j {
namespace {

Value parsed(std::string_view text) {
  const auto value = parse_temporal(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value.value_or(Value{});
}

// The texts are those that 5.26 prints.
TEST(Temporal, DatesCountDaysInTheProlepticGregorianCalendar) {
  EXPECT_EQ(parsed("1970-01-01"), Value{Date{0}});
  EXPECT_EQ(parsed("1969-12-31"), Value{Date{-1}});
  EXPECT_EQ(parsed("2024-02-29"), Value{Date{19782}});
  EXPECT_EQ(parsed("0000-03-01"), Value{Date{-719468}});
  EXPECT_EQ(parsed("-0005-01-01"), Value{Date{-721354}});
  EXPECT_EQ(parsed("+12345-01-01"), Value{Date{3789391}});
}

TEST(Temporal, TimesKeepNanosecondsAndOffset) {
  EXPECT_EQ(parsed("12:00:00"), Value{LocalTime{43'200'000'000'000}});
  EXPECT_EQ(parsed("01:02:00.000000005"), Value{LocalTime{3'720'000'000'005}});
  EXPECT_EQ(parsed("12:00:01.5+01:00"), (Value{Time{43'201'500'000'000, 3600}}));
  EXPECT_EQ(parsed("01:00:00Z"), (Value{Time{3'600'000'000'000, 0}}));
  EXPECT_EQ(parsed("12:00-03:30"), (Value{Time{43'200'000'000'000, -12600}}));
}

TEST(Temporal, InstantsAreUtcWhateverTheirOffsetOrZone) {
  EXPECT_EQ(parsed("2020-01-01T00:00:00Z"), (Value{DateTime{1577836800, 0, 0, ""}}));
  EXPECT_EQ(parsed("2020-01-01T00:00:00+01:30:15"), (Value{DateTime{1577836800 - 5415, 0, 5415, ""}}));
  EXPECT_EQ(parsed("2020-01-01T00:00:00+01:00[Europe/Berlin]"),
            (Value{DateTime{1577836800 - 3600, 0, 0, "Europe/Berlin"}}));
  EXPECT_EQ(parsed("1970-01-01T00:00:00Z[UTC]"), (Value{DateTime{0, 0, 0, "UTC"}}));
  EXPECT_EQ(parsed("2020-01-01T00:00:00.123456789"), (Value{LocalDateTime{1577836800, 123456789}}));
  EXPECT_EQ(parsed("1969-12-31T23:59:59.999999999"), (Value{LocalDateTime{-1, 999999999}}));
}

TEST(Temporal, DurationsKeepMonthsDaysAndSecondsApart) {
  EXPECT_EQ(parsed("P1Y2M10DT12H45M30.25S"), (Value{Duration{14, 10, 45930, 250000000}}));
  EXPECT_EQ(parsed("PT-0.5S"), (Value{Duration{0, 0, -1, 500000000}}));
  EXPECT_EQ(parsed("P-1Y-1M3DT-5H"), (Value{Duration{-13, 3, -18000, 0}}));
  EXPECT_EQ(parsed("P1M-1DT-1H-1M-0.999999999S"), (Value{Duration{1, -1, -3661, 1}}));
  EXPECT_EQ(parsed("PT50H1M1S"), (Value{Duration{0, 0, 180061, 0}}));
  EXPECT_EQ(parsed("PT0S"), (Value{Duration{}}));
}

TEST(Temporal, RefusesWhatIsNoTemporalValue) {
  for (const char* text :
       {"", "2020", "2020-13-01", "2020-01-01T", "2020-01-01T25", "12", "12:", "P1", "PT1D", "P1X",
        "2020-01-01[x", "2020-01-01T00:00:00+01:00[Europe/Berlin", "12:00:00.1234567891", "12:00:00+1"}) {
    EXPECT_FALSE(parse_temporal(text).has_value()) << text;
  }
}

TEST(Temporal, PointsHaveTwoOrThreeCoordinates) {
  EXPECT_EQ(parse_point("SRID=7203;POINT(1.0 2.0)"), (Point{7203, {1, 2, 0}, 2}));
  EXPECT_EQ(parse_point("SRID=4979;POINT Z (2.0 1.5 3.0)"), (Point{4979, {2, 1.5, 3}, 3}));
  EXPECT_EQ(parse_point("SRID=9157;POINT Z (1.0E-20 1.0E22 3.0)"), (Point{9157, {1e-20, 1e22, 3}, 3}));
  for (const char* text : {"", "POINT(1.0 2.0)", "SRID=1;POINT(1.0)", "SRID=1;POINT(1.0 2.0 3.0)",
                           "SRID=1;POINT(1.0 2.0", "SRID=1;POINT(a b)"}) {
    EXPECT_FALSE(parse_point(text).has_value()) << text;
  }
}

TEST(Temporal, FloatsAreReadAsJavaPrintsThem) {
  EXPECT_EQ(parse_float("4.9E-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(parse_float("1.7976931348623157E308"), std::numeric_limits<double>::max());
  EXPECT_TRUE(std::signbit(parse_float("-0.0").value_or(1)));
  EXPECT_TRUE(std::isnan(parse_float("NaN").value_or(1)));
  EXPECT_EQ(parse_float("-Infinity"), -std::numeric_limits<double>::infinity());
  EXPECT_FALSE(parse_float("1.0x").has_value());
}

}  // namespace
}  // namespace summit::neo4j
