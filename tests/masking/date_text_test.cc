#include "masking/date_text.h"

#include <gtest/gtest.h>

namespace summit::masking {
namespace {

std::string moved(std::string_view text, int days) {
  std::string out;
  switch (shift_date(text, days, out)) {
    case Outcome::kValue:
      return out;
    case Outcome::kKept:
      return "kept";
    default:
      return "malformed";
  }
}

TEST(DateText, MovesTheDateAndKeepsWhatFollows) {
  EXPECT_EQ(moved("2026-11-21", 10), "2026-12-01");
  EXPECT_EQ(moved("2024-03-01 03:10:48.5+00", -1), "2024-02-29 03:10:48.5+00");
  EXPECT_EQ(moved("2026-01-01T00:00:00Z", -1), "2025-12-31T00:00:00Z");
  EXPECT_EQ(moved("infinity", 3), "kept");
}

TEST(DateText, LetsNothingThroughThatIsNoDate) {
  for (const char* text :
       {"", "21.11.2026", "2026-13-01", "2026-02-30", "2026-11-21x", "0044-03-15 BC", "12026-01-01"})
    EXPECT_EQ(moved(text, 1), "malformed") << text;
  EXPECT_EQ(moved("9999-12-31", 1), "malformed");
}

}  // namespace
}  // namespace summit::masking
