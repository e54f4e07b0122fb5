#include "core/time.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "core/text.h"

namespace summit {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Instant now() { return floor<microseconds>(std::chrono::system_clock::now()); }

namespace {

struct Calendar {
  int year;
  unsigned month, day;
  int64_t hour, minute, second, microsecond;
};

Calendar to_calendar(Instant instant) {
  const auto day = floor<days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<microseconds> time(instant - day);
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          time.hours().count(),
          time.minutes().count(),
          time.seconds().count(),
          time.subseconds().count()};
}

std::optional<Instant> from_calendar(const Calendar& c) {
  const std::chrono::year_month_day date(std::chrono::year(c.year), std::chrono::month(c.month),
                                         std::chrono::day(c.day));
  if (!date.ok() || c.hour > 23 || c.minute > 59 || c.second > 59) return std::nullopt;
  return Instant(std::chrono::sys_days(date).time_since_epoch()) + hours(c.hour) + minutes(c.minute) +
         seconds(c.second) + microseconds(c.microsecond);
}

// Reads a text from left to right; every step fails once one has failed.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  template <typename Integer>
  void digits(size_t count, Integer& value) {
    if (rest_.size() < count) failed_ = true;
    if (failed_) return;
    value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!is_digit(rest_[i])) failed_ = true;
      value = static_cast<Integer>(value * 10 + static_cast<Integer>(rest_[i] - '0'));
    }
    rest_.remove_prefix(count);
  }

  // Takes one character out of `allowed`, and gives it.
  char one_of(std::string_view allowed) {
    if (failed_ || rest_.empty() || allowed.find(rest_.front()) == std::string_view::npos) {
      failed_ = true;
      return '\0';
    }
    const char taken = rest_.front();
    rest_.remove_prefix(1);
    return taken;
  }

  bool next_is(char c) const { return !failed_ && !rest_.empty() && rest_.front() == c; }
  bool next_is_digit() const { return !failed_ && !rest_.empty() && is_digit(rest_.front()); }
  void fail() { failed_ = true; }
  bool finished() const { return !failed_ && rest_.empty(); }
  bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

void scan_fraction(Scanner& scanner, int64_t& microsecond) {
  scanner.one_of(".");
  int places = 0;
  while (scanner.next_is_digit() || places == 0) {
    int64_t digit = 0;
    scanner.digits(1, digit);
    if (scanner.failed()) return;
    if (places < 6) microsecond = microsecond * 10 + digit;
    ++places;
  }
  for (; places < 6; ++places) microsecond *= 10;
}

minutes scan_offset(Scanner& scanner) {
  const char sign = scanner.one_of("Zz+-");
  if (sign != '+' && sign != '-') return minutes(0);
  int hour = 0, minute = 0;
  scanner.digits(2, hour);
  scanner.one_of(":");
  scanner.digits(2, minute);
  if (hour > 23 || minute > 59) scanner.fail();
  const minutes offset = hours(hour) + minutes(minute);
  return sign == '-' ? -offset : offset;
}

}  // namespace

std::string to_rfc3339(Instant instant) {
  const Calendar c = to_calendar(instant);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", c.year, c.month, c.day, c.hour, c.minute,
                     c.second, c.microsecond);
}

std::optional<Instant> from_rfc3339(std::string_view text) {
  Scanner scanner(text);
  Calendar c{};
  scanner.digits(4, c.year);
  scanner.one_of("-");
  scanner.digits(2, c.month);
  scanner.one_of("-");
  scanner.digits(2, c.day);
  scanner.one_of("Tt ");
  scanner.digits(2, c.hour);
  scanner.one_of(":");
  scanner.digits(2, c.minute);
  scanner.one_of(":");
  scanner.digits(2, c.second);
  if (scanner.next_is('.')) scan_fraction(scanner, c.microsecond);
  const minutes offset = scan_offset(scanner);
  if (!scanner.finished()) return std::nullopt;
  const auto local = from_calendar(c);
  if (!local) return std::nullopt;
  return *local - offset;
}

std::string to_compact(Instant instant) {
  const Calendar c = to_calendar(instant);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

std::optional<Instant> from_compact(std::string_view text) {
  Scanner scanner(text);
  Calendar c{};
  scanner.digits(4, c.year);
  scanner.digits(2, c.month);
  scanner.digits(2, c.day);
  scanner.one_of("T");
  scanner.digits(2, c.hour);
  scanner.digits(2, c.minute);
  scanner.digits(2, c.second);
  scanner.one_of("Z");
  if (!scanner.finished()) return std::nullopt;
  return from_calendar(c);
}

std::string human_duration(Seconds duration) {
  const double exact = duration.count();
  if (!std::isfinite(exact) || exact < 0) return "unknown";
  if (exact < 0.9995) return fmt::format("{:.0f} ms", exact * 1000);
  if (exact < 59.95) {
    std::string number = fmt::format("{:.1f}", exact);
    if (number.ends_with(".0")) number.resize(number.size() - 2);
    return fmt::format("{} s", number);
  }
  // Beyond the range of 64 bits nobody reads seconds any more.
  if (exact > 1e15) return "unknown";
  const auto rounded = static_cast<int64_t>(std::llround(exact));
  if (rounded < 3600) return fmt::format("{} min {} s", rounded / 60, rounded % 60);
  const int64_t whole_minutes = (rounded + 30) / 60;
  if (whole_minutes < int64_t{24} * 60)
    return fmt::format("{} h {:02} min", whole_minutes / 60, whole_minutes % 60);
  const int64_t whole_hours = (whole_minutes + 30) / 60;
  return fmt::format("{} d {} h", whole_hours / 24, whole_hours % 24);
}

namespace {

std::optional<double> milliseconds_in(std::string_view unit) {
  struct Unit {
    std::string_view name;
    double length;
  };
  constexpr double second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
  static constexpr std::array<Unit, 25> kUnits = {{
      {"ms", 1},        {"millisecond", 1}, {"milliseconds", 1}, {"s", second},      {"sec", second},
      {"secs", second}, {"second", second}, {"seconds", second}, {"m", minute},      {"min", minute},
      {"mins", minute}, {"minute", minute}, {"minutes", minute}, {"h", hour},        {"hr", hour},
      {"hrs", hour},    {"hour", hour},     {"hours", hour},     {"d", day},         {"day", day},
      {"days", day},    {"w", 7 * day},     {"week", 7 * day},   {"weeks", 7 * day}, {"wk", 7 * day},
  }};
  for (const Unit& known : kUnits) {
    if (equals_ignoring_case(unit, known.name)) return known.length;
  }
  return std::nullopt;
}

std::string_view leading_letters(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && to_lower(text[end]) >= 'a' && to_lower(text[end]) <= 'z') ++end;
  return text.substr(0, end);
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  std::string_view rest = trimmed(text);
  if (rest.empty()) return std::nullopt;
  // A thousand years: longer is a slip of the finger, and sums stay far from overflow.
  constexpr double kLongest = 1000.0 * 365.25 * 24 * 3600 * 1000;
  double total = 0;
  while (!rest.empty()) {
    const std::string_view number = leading_number(rest);
    if (number.empty()) return std::nullopt;
    rest = trimmed(rest.substr(number.size()));
    const std::string_view unit = leading_letters(rest);
    rest = trimmed(rest.substr(unit.size()));

    const auto length = milliseconds_in(unit);
    const auto amount = parse_number<double>(number);
    if (!length || !amount) return std::nullopt;
    total += *amount * *length;
    if (total > kLongest) return std::nullopt;
  }
  return milliseconds(std::llround(total));
}

}  // namespace summit
