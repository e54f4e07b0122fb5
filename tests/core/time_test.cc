#include "core/time.h"

#include <gtest/gtest.h>

#include <random>

namespace summit {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

Instant at(int64_t seconds, int64_t micros = 0) {
  return Instant(microseconds(seconds * 1'000'000 + micros));
}

TEST(Rfc3339, IsWrittenInUtcWithMicroseconds) {
  EXPECT_EQ(to_rfc3339(at(1795230648, 123456)), "2026-11-21T03:10:48.123456Z");
  EXPECT_EQ(to_rfc3339(at(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_rfc3339(at(-1, 999999)), "1969-12-31T23:59:59.999999Z");
}

TEST(Rfc3339, IsReadWithAnyOffsetAndPrecision) {
  const Instant expected = at(1795230648);
  for (const char* text : {"2026-11-21T03:10:48Z", "2026-11-21t03:10:48z", "2026-11-21 03:10:48Z",
                           "2026-11-21T03:10:48.0Z", "2026-11-21T03:10:48+00:00", "2026-11-21T05:40:48+02:30",
                           "2026-11-20T22:10:48-05:00", "2026-11-21T03:10:48.000000999Z"}) {
    EXPECT_EQ(from_rfc3339(text), expected) << text;
  }
  EXPECT_EQ(from_rfc3339("2026-11-21T03:10:48.5Z"), at(1795230648, 500000));
}

TEST(Rfc3339, WhatIsNoInstantIsRefused) {
  for (const char* text : {"",
                           "2026",
                           "2026-11-21",
                           "2026-11-21T03:10:48",
                           "2026-11-21T03:10Z",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-10T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:60Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00Zulu",
                           "2026-01-01T00:00:00+2:00",
                           "2026-01-01T00:00:00+25:00",
                           "2026-01-01T00:00:00+02:60",
                           "26-01-01T00:00:00Z",
                           " 2026-01-01T00:00:00Z",
                           "2026-1-1T00:00:00Z",
                           "-2026-01-01T00:00:00Z",
                           "2026-01-01T00:00:00,5Z",
                           "yesterday"}) {
    EXPECT_FALSE(from_rfc3339(text)) << text;
  }
}

TEST(Rfc3339, EveryInstantIsReadBackAsItself) {
  std::mt19937_64 random(11);
  // The years 0000 to 9999, the range of the format.
  std::uniform_int_distribution<int64_t> micros(-62167219200'000000, 253402300799'999999);
  for (int i = 0; i < 20'000; ++i) {
    const Instant instant{microseconds(micros(random))};
    EXPECT_EQ(from_rfc3339(to_rfc3339(instant)), instant);
  }
}

TEST(Rfc3339, ADamagedTextIsRefusedOrReadButNeverMisread) {
  std::mt19937_64 random(13);
  const std::string original = "2026-11-21T03:10:48.123456Z";
  for (int i = 0; i < 50'000; ++i) {
    std::string text = original;
    text[random() % text.size()] = static_cast<char>(random() % 256);
    if (random() % 4 == 0) text.resize(random() % text.size());
    const auto instant = from_rfc3339(text);
    if (!instant) continue;
    // Still an instant: then it says what its digits say.
    EXPECT_EQ(to_rfc3339(*instant).substr(0, 10), text.substr(0, 10)) << text;
    EXPECT_EQ(to_rfc3339(*instant).substr(11, 8), text.substr(11, 8)) << text;
  }
}

TEST(CompactTime, IsTheFormOfBackupIds) {
  EXPECT_EQ(to_compact(at(1795230648, 999999)), "20261121T031048Z");
  EXPECT_EQ(from_compact("20261121T031048Z"), at(1795230648));
  for (const char* text : {"", "20261121T031048", "20261121_031048Z", "20261121T031048ZZ", "20261321T031048Z",
                           "20261121T251048Z", "2026112 T031048Z"}) {
    EXPECT_FALSE(from_compact(text)) << text;
  }
}

TEST(Duration, IsShownAsPeopleSayIt) {
  const std::pair<double, const char*> cases[] = {
      {0, "0 ms"},          {0.85, "850 ms"},    {0.9999, "1 s"},        {12.34, "12.3 s"},
      {59.97, "1 min 0 s"}, {250, "4 min 10 s"}, {3599.6, "1 h 00 min"}, {7500, "2 h 05 min"},
      {86370, "1 d 0 h"},   {273600, "3 d 4 h"}, {-1, "unknown"},        {1e300, "unknown"},
  };
  for (const auto& [seconds, expected] : cases)
    EXPECT_EQ(human_duration(Seconds(seconds)), expected) << seconds;
}

TEST(Duration, IsReadInEveryUsualUnit) {
  const std::pair<const char*, int64_t> cases[] = {
      {"850ms", 850},          {"90s", 90'000},
      {"1.5 s", 1500},         {"30 minutes", 1'800'000},
      {"15 min", 900'000},     {"5m", 300'000},
      {"4h", 14'400'000},      {"1 hour", 3'600'000},
      {"7 days", 604'800'000}, {"2 weeks", 1209'600'000},
      {"1h30m", 5'400'000},    {" 4 min 10 s ", 250'000},
      {"3 Days", 259'200'000}, {"0s", 0},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(parse_duration(text), milliseconds(expected)) << text;
}

TEST(Duration, WhatIsNoDurationIsRefused) {
  for (const char* text :
       {"", " ", "15", "min", "-5 min", "5 minutos", "5 min later", "1..5 s", "1e9 s", "5 m s",
        "999999999999 days", "9999999999999999999999999999 ms", "NaN s", "inf h"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, ShownDurationsAreReadBackWithinTheirPrecision) {
  std::mt19937_64 random(17);
  std::uniform_real_distribution<double> magnitude(-3, 8);
  for (int i = 0; i < 10'000; ++i) {
    const double seconds = std::pow(10, magnitude(random));
    const std::string shown = human_duration(Seconds(seconds));
    const auto read = parse_duration(shown);
    ASSERT_TRUE(read) << shown;
    EXPECT_NEAR(static_cast<double>(read->count()) / 1000, seconds, std::max(0.0006, seconds * 0.051))
        << shown;
  }
}

TEST(Duration, ArbitraryBytesNeverCrashTheParser) {
  std::mt19937_64 random(19);
  const std::string alphabet = "0123456789. \tmshdwinutesoyMSH-+eE\xff\0";
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    for (size_t length = random() % 12; length > 0; --length) text += alphabet[random() % alphabet.size()];
    const auto duration = parse_duration(text);
    EXPECT_TRUE(!duration || *duration >= milliseconds(0)) << text;
  }
}

TEST(Stopwatch, CountsUp) {
  const Stopwatch stopwatch;
  const Seconds first = stopwatch.elapsed();
  EXPECT_GE(first.count(), 0);
  EXPECT_GE(stopwatch.elapsed(), first);
}

}  // namespace
}  // namespace summit
