#include "masking/date_text.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>

#include "core/text.h"

namespace summit::masking {
namespace {

constexpr size_t kDateSize = 10;

bool has_date_form(std::string_view text) {
  if (text.size() < kDateSize) return false;
  for (size_t i = 0; i < kDateSize; ++i) {
    const bool hyphen = i == 4 || i == 7;
    if (hyphen ? text[i] != '-' : !is_digit(text[i])) return false;
  }
  const auto rest = text.substr(kDateSize);
  return (rest.empty() || rest[0] == ' ' || rest[0] == 'T') && !rest.ends_with("BC");
}

int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

}  // namespace

Outcome shift_date(std::string_view text, int days, std::string& out) {
  using namespace std::chrono;
  if (text == "infinity" || text == "-infinity") return Outcome::kKept;
  if (!has_date_form(text)) return Outcome::kMalformed;
  const year_month_day date(year(number(text.substr(0, 4))),
                            month(static_cast<unsigned>(number(text.substr(5, 2)))),
                            day(static_cast<unsigned>(number(text.substr(8, 2)))));
  if (!date.ok()) return Outcome::kMalformed;
  const year_month_day moved(sys_days(date) + std::chrono::days(days));
  if (moved.year() < year(1) || moved.year() > year(9999)) return Outcome::kMalformed;
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}{}", static_cast<int>(moved.year()),
                 static_cast<unsigned>(moved.month()), static_cast<unsigned>(moved.day()),
                 text.substr(kDateSize));
  return Outcome::kValue;
}

}  // namespace summit::masking
