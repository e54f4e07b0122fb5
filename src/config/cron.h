// Cron expressions of five fields: minute, hour, day of month, month, day of week. Times are UTC.
#pragma once

#include <string>
#include <string_view>

namespace summit::config {

// Empty when `expression` is valid, else what is wrong with it: "hour `25` is not within 0 and 23". Fields
// are `*`, numbers, ranges a-b, lists a,b and steps */n or a-b/n; months and days of week may be three-letter
// names.
std::string cron_problem(std::string_view expression);

}  // namespace summit::config
