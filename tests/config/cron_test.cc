#include "config/cron.h"

#include <gmock/gmock.h>

namespace summit::config {
namespace {

TEST(Cron, TheDocumentedSchedulesAreValid) {
  for (const auto* expression : {"0 2 * * *", "0 * * * *", "0 */6 * * *", "0 */4 * * *", "*/15 * * * *",
                                 "0 2 * * 0", "0 3 1,15 jan-mar MON-FRI", "5-55/10 0-23 1-31 1-12 0-7"}) {
    EXPECT_EQ(cron_problem(expression), "") << expression;
  }
}

TEST(Cron, WhatIsWrongIsNamed) {
  EXPECT_THAT(cron_problem("0 2 * *"), testing::HasSubstr("5 fields, this one 4"));
  EXPECT_THAT(cron_problem("0 25 * * *"), testing::HasSubstr("hour `25` is not within 0 and 23"));
  EXPECT_THAT(cron_problem("61 * * * *"), testing::HasSubstr("minute `61`"));
  EXPECT_THAT(cron_problem("0 0 0 * *"), testing::HasSubstr("day of month `0`"));
  EXPECT_THAT(cron_problem("0 0 * foo *"), testing::HasSubstr("month `foo`"));
  EXPECT_THAT(cron_problem("*/0 * * * *"), testing::HasSubstr("no usable step"));
  EXPECT_THAT(cron_problem("9-3 * * * *"), testing::HasSubstr("runs backwards"));
  EXPECT_THAT(cron_problem("1--3 * * * *"), testing::HasSubstr("minute"));
  EXPECT_THAT(cron_problem(", * * * *"), testing::HasSubstr("minute"));
}

}  // namespace
}  // namespace summit::config
