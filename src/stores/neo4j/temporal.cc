#include "stores/neo4j/temporal.h"

#include <charconv>
#include <chrono>
#include <limits>

#include "core/text.h"

namespace summit::neo4j {
namespace {

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr int64_t kSecondsPerDay = 86400;

// Takes the front of a text piece by piece; every take leaves the text alone when it does not fit.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  std::string_view rest() const { return rest_; }

  bool take(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  // Digits only; `exactly` 0 means one or more.
  std::optional<int64_t> digits(size_t exactly = 0) {
    size_t length = 0;
    while (length < rest_.size() && is_digit(rest_[length]) && (exactly == 0 || length < exactly)) ++length;
    if (length == 0 || (exactly != 0 && length != exactly)) return {};
    const auto value = parse_integer(rest_.substr(0, length));
    if (value) rest_.remove_prefix(length);
    return value;
  }
  // After a point: up to nine digits as nanoseconds.
  std::optional<int32_t> fraction() {
    int32_t value = 0;
    size_t length = 0;
    while (length < rest_.size() && is_digit(rest_[length])) {
      if (length == 9) return {};
      value = value * 10 + (rest_[length] - '0');
      ++length;
    }
    if (length == 0) return {};
    for (size_t i = length; i < 9; ++i) value *= 10;
    rest_.remove_prefix(length);
    return value;
  }

 private:
  std::string_view rest_;
};

// Days since 1970-01-01 in the proleptic Gregorian calendar, for any year (std::chrono::year ends at 32767,
// Neo4j's do not).
int64_t days_of(int64_t year, int64_t month, int64_t day) {
  const int64_t shifted = month <= 2 ? year - 1 : year;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
  const int64_t year_of_era = shifted - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

std::optional<int64_t> take_date(Reader& reader) {
  const bool negative = reader.take('-');
  if (!negative) reader.take('+');
  const auto year = reader.digits();
  if (!year || !reader.take('-')) return {};
  const auto month = reader.digits(2);
  if (!month || !reader.take('-')) return {};
  const auto day = reader.digits(2);
  if (!day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return {};
  return days_of(negative ? -*year : *year, *month, *day);
}

struct ClockTime {
  int64_t seconds = 0;  // of the day
  int32_t nanoseconds = 0;
};

std::optional<ClockTime> take_clock(Reader& reader) {
  const auto hour = reader.digits(2);
  if (!hour || !reader.take(':')) return {};
  const auto minute = reader.digits(2);
  if (!minute) return {};
  ClockTime time{*hour * 3600 + *minute * 60, 0};
  if (reader.take(':')) {
    const auto second = reader.digits(2);
    if (!second) return {};
    time.seconds += *second;
    if (reader.take('.')) {
      const auto fraction = reader.fraction();
      if (!fraction) return {};
      time.nanoseconds = *fraction;
    }
  }
  return time;
}

// "Z", "+01:00", "+01:30:15"
std::optional<int32_t> take_offset(Reader& reader) {
  if (reader.take('Z')) return 0;
  const bool negative = reader.peek() == '-';
  if (!reader.take('-') && !reader.take('+')) return {};
  const auto hours = reader.digits(2);
  if (!hours || !reader.take(':')) return {};
  const auto minutes = reader.digits(2);
  if (!minutes) return {};
  int64_t seconds = *hours * 3600 + *minutes * 60;
  if (reader.take(':')) {
    const auto more = reader.digits(2);
    if (!more) return {};
    seconds += *more;
  }
  return static_cast<int32_t>(negative ? -seconds : seconds);
}

int64_t nanoseconds_of(const ClockTime& time) {
  return time.seconds * kNanosecondsPerSecond + time.nanoseconds;
}

std::optional<Value> parse_time(std::string_view text) {
  Reader reader(text);
  const auto clock = take_clock(reader);
  if (!clock) return {};
  if (reader.done()) return Value{LocalTime{nanoseconds_of(*clock)}};
  const auto offset = take_offset(reader);
  if (!offset || !reader.done()) return {};
  return Value{Time{nanoseconds_of(*clock), *offset}};
}

std::optional<Value> parse_date_time(int64_t days, Reader& reader) {
  const auto clock = take_clock(reader);
  if (!clock) return {};
  const int64_t local_seconds = days * kSecondsPerDay + clock->seconds;
  if (reader.done()) return Value{LocalDateTime{local_seconds, clock->nanoseconds}};
  const auto offset = take_offset(reader);
  if (!offset) return {};
  DateTime value{local_seconds - *offset, clock->nanoseconds, *offset};
  if (reader.take('[')) {
    const auto rest = reader.rest();
    if (rest.size() < 2 || rest.back() != ']') return {};
    value.zone = std::string(rest.substr(0, rest.size() - 1));
    value.offset = 0;
    return Value{std::move(value)};
  }
  if (!reader.done()) return {};
  return Value{std::move(value)};
}

// One number of a duration: a sign of its own, perhaps a fraction.
struct Amount {
  int64_t whole = 0;
  int32_t nanoseconds = 0;  // of the same sign as the number
};

std::optional<Amount> take_amount(Reader& reader) {
  const bool negative = reader.take('-');
  const auto whole = reader.digits();
  if (!whole) return {};
  Amount amount{negative ? -*whole : *whole, 0};
  if (reader.take('.')) {
    const auto fraction = reader.fraction();
    if (!fraction) return {};
    amount.nanoseconds = negative ? -*fraction : *fraction;
  }
  return amount;
}

// "P1Y2M10DT12H45M30.25S"; parts may be missing and each has its own sign.
std::optional<Value> parse_duration(std::string_view text) {
  Reader reader(text);
  if (!reader.take('P')) return {};
  Duration duration;
  bool in_time = false;
  while (!reader.done()) {
    if (!in_time && reader.take('T')) in_time = true;
    const auto amount = take_amount(reader);
    if (!amount) return {};
    if (!in_time && reader.take('Y')) {
      duration.months += amount->whole * 12;
    } else if (!in_time && reader.take('M')) {
      duration.months += amount->whole;
    } else if (!in_time && reader.take('W')) {
      duration.days += amount->whole * 7;
    } else if (!in_time && reader.take('D')) {
      duration.days += amount->whole;
    } else if (in_time && reader.take('H')) {
      duration.seconds += amount->whole * 3600;
    } else if (in_time && reader.take('M')) {
      duration.seconds += amount->whole * 60;
    } else if (in_time && reader.take('S')) {
      duration.seconds += amount->whole;
      duration.nanoseconds = amount->nanoseconds;
    } else {
      return {};
    }
  }
  if (duration.nanoseconds < 0) {
    duration.seconds -= 1;
    duration.nanoseconds += static_cast<int32_t>(kNanosecondsPerSecond);
  }
  return Value{duration};
}

}  // namespace

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return {};
  return value;
}

std::optional<double> parse_float(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return {};
  return value;
}

std::optional<Value> parse_temporal(std::string_view text) {
  if (text.starts_with('P')) return parse_duration(text);
  // A time has its first colon before any 'T'; years may be longer than four digits and negative.
  if (text.size() > 2 && text[2] == ':') return parse_time(text);
  Reader reader(text);
  const auto days = take_date(reader);
  if (!days) return {};
  if (reader.done()) return Value{Date{*days}};
  if (!reader.take('T')) return {};
  return parse_date_time(*days, reader);
}

std::optional<Point> parse_point(std::string_view text) {
  Reader reader(text);
  if (!reader.take("SRID=")) return {};
  const auto srid = reader.digits();
  if (!srid || !reader.take(";POINT")) return {};
  Point point;
  point.srid = static_cast<int32_t>(*srid);
  reader.take(' ');
  if (reader.take('Z')) point.dimensions = 3;
  reader.take(' ');
  if (!reader.take('(')) return {};
  std::string_view rest = reader.rest();
  if (rest.empty() || rest.back() != ')') return {};
  rest.remove_suffix(1);
  for (size_t i = 0; i < static_cast<size_t>(point.dimensions); ++i) {
    const size_t blank = rest.find(' ');
    const auto coordinate = parse_float(rest.substr(0, blank));
    if (!coordinate) return {};
    point.coordinates[i] = *coordinate;
    rest = blank == std::string_view::npos ? std::string_view() : rest.substr(blank + 1);
  }
  if (!rest.empty()) return {};
  return point;
}

}  // namespace summit::neo4j
