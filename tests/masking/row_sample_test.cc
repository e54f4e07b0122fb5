#include "masking/row_sample.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "tests/masking/make_rules.h"

namespace summit::masking {
namespace {

TEST(KeySampler, KeepsAboutItsShareAndTheSameKeysEveryTime) {
  auto first = KeySampler::create(test_key(), 10);
  auto again = KeySampler::create(test_key(), 10);
  auto other = KeySampler::create(test_key('o'), 10);
  ASSERT_TRUE(first.ok() && again.ok() && other.ok());
  int kept = 0;
  int differ = 0;
  for (int i = 0; i < 10000; ++i) {
    const auto key = std::to_string(i);
    const auto keeps = first->keeps(key);
    EXPECT_EQ(keeps, again->keeps(key));
    kept += keeps ? 1 : 0;
    differ += keeps != other->keeps(key) ? 1 : 0;
  }
  EXPECT_NEAR(kept, 1000, 150);
  EXPECT_GT(differ, 1000) << "the sample says nothing about the key";
}

TEST(KeySampler, KeepsAllOfAHundredPercentAndNoneOfNone) {
  auto all = KeySampler::create(test_key(), 100);
  auto none = KeySampler::create(test_key(), 0);
  ASSERT_TRUE(all.ok() && none.ok());
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(all->keeps(std::to_string(i)));
    EXPECT_FALSE(none->keeps(std::to_string(i)));
  }
}

TEST(KeySet, ContainsWhatWasAddedAndLittleElse) {
  KeySet set;
  int new_ones = 0;
  for (int i = 0; i < 100000; ++i) new_ones += set.add("key " + std::to_string(i)) ? 1 : 0;
  EXPECT_GT(new_ones, 99990);
  int by_chance = 0;
  for (int i = 0; i < 100000; ++i) {
    EXPECT_TRUE(set.contains("key " + std::to_string(i)));
    EXPECT_FALSE(set.add("key " + std::to_string(i)));
    by_chance += set.contains("other " + std::to_string(i)) ? 1 : 0;
  }
  EXPECT_LT(by_chance, 10);
}

TEST(InstantOf, ReadsWhatPostgresqlWrites) {
  const auto text = [](std::string_view written) {
    const auto instant = instant_of(written);
    return instant ? to_rfc3339(*instant).substr(0, 19) : std::string("none");
  };
  EXPECT_EQ(text("2026-11-21 03:10:48+00"), "2026-11-21T03:10:48");
  EXPECT_EQ(text("2026-11-21 03:10:48.123456+05:30"), "2026-11-20T21:40:48");
  EXPECT_EQ(text("2026-11-21 03:10:48-08"), "2026-11-21T11:10:48");
  EXPECT_EQ(text("2026-11-21 03:10:48"), "2026-11-21T03:10:48");
  EXPECT_EQ(text("2026-11-21"), "2026-11-21T00:00:00");
  for (const char* odd : {"", "infinity", "-infinity", "0044-03-15 00:00:00+00 BC", "2026-13-01",
                          "2026-11-21 03", "12026-11-21", "yesterday", "2026-11-21 03:10:48+x"})
    EXPECT_EQ(text(odd), "none") << odd;
}

TEST(InstantLimit, SaysOfEveryTextWhatItsInstantSays) {
  const auto limit = *instant_of("2026-11-21 03:10:48.5+00") + std::chrono::milliseconds(500);
  std::vector<std::string> texts = {"infinity",
                                    "-infinity",
                                    "",
                                    "2026-11-21",
                                    "2026-11-20",
                                    "yesterday+00",
                                    "0044-03-15 00:00:00+00 BC",
                                    "12026-11-21 00:00:00+00",
                                    "2026-11-21T03:10:47+00",
                                    "0000-00-00 00:00:00+00",
                                    "2026-02-30 00:00:00+00",
                                    "2026-13-01 00:00:00+00",
                                    "2026-11-20 31:00:00+00",
                                    "2026-11-31 00:00:00.5+00",
                                    "20x6-11-20 00:00:00+00",
                                    "2026-11-20 24:00:00+00",
                                    "2026-11-29 00:00:00+00",
                                    "2026-11-20 00:60:00+00",
                                    "2026-11-20 00:00:6\xb5+00",
                                    "2026-11-2/ 00:00:00+00",
                                    "2026-11-2: 00:00:00+00",
                                    "\xb2\xb0\xb2\xb6-11-20 00:00:00+00"};
  for (const char* day :
       {"2026-11-20", "2026-11-21", "2026-11-22", "2026-11-30", "2026-10-31", "0001-01-01", "9999-12-31"}) {
    for (const char* time : {"00:00:00", "03:10:47", "03:10:48", "03:10:49", "23:59:59"}) {
      for (const char* zone : {"", "+00", ".25+00", "+05:30", "-08", ".999999-08"})
        texts.push_back(fmt::format("{} {}{}", day, time, zone));
    }
  }
  for (const auto whole : {limit, std::chrono::time_point_cast<Instant::duration>(
                                      std::chrono::floor<std::chrono::seconds>(limit))}) {
    const InstantLimit before(whole);
    for (const auto& text : texts) {
      const auto instant = instant_of(text);
      EXPECT_EQ(before.is_before(text), instant && *instant < whole) << text;
    }
  }
}

}  // namespace
}  // namespace summit::masking
