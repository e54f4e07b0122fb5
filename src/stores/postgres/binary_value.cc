#include "stores/postgres/binary_value.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <limits>
#include <utility>

#include "core/byte_order.h"
#include "core/bytes.h"
#include "core/text.h"

namespace summit::postgres {

namespace {

using Form = BinaryType::Form;

constexpr int64_t kMicroseconds = 1000000;

template <typename Signed>
void append_signed(std::string& out, Signed value) {
  append_big_endian(out, static_cast<std::make_unsigned_t<Signed>>(value));
}

// Keeps room for a length, and fills it in once the value is complete.
class Length {
 public:
  explicit Length(std::string& out) : out_(out), at_(out.size()) { out.append(sizeof(uint32_t), '\0'); }
  void set() {
    store_big_endian(out_.data() + at_, static_cast<uint32_t>(out_.size() - at_ - sizeof(uint32_t)));
  }

 private:
  std::string& out_;
  size_t at_;
};

template <typename Integer>
bool append_integer(std::string_view text, std::string& out) {
  const auto value = parse_number<Integer>(text);
  if (!value) return false;
  append_big_endian(out, static_cast<uint32_t>(sizeof(Integer)));
  append_signed(out, *value);
  return true;
}

// Of the server's words: parse_number() takes others as well.
template <typename Float>
bool read_float(std::string_view text, Float& value) {
  const bool negative = text.starts_with('-');
  if (text.substr(negative ? 1 : 0) == "Infinity") {
    value = negative ? -std::numeric_limits<Float>::infinity() : std::numeric_limits<Float>::infinity();
    return true;
  }
  if (text == "NaN") {
    value = std::numeric_limits<Float>::quiet_NaN();
    return true;
  }
  const size_t first = negative ? 1 : 0;
  const auto number = first < text.size() && is_digit(text[first]) ? parse_number<Float>(text) : std::nullopt;
  value = number.value_or(0);
  return number.has_value();
}

template <typename Float, typename Bits>
bool append_float(std::string_view text, std::string& out) {
  Float value = 0;
  if (!read_float(text, value)) return false;
  append_big_endian(out, static_cast<uint32_t>(sizeof value));
  append_big_endian(out, std::bit_cast<Bits>(value));
  return true;
}

bool append_boolean(std::string_view text, std::string& out) {
  if (text != "t" && text != "f") return false;
  append_big_endian(out, uint32_t{1});
  out += text == "t" ? '\1' : '\0';
  return true;
}

// Groups of four decimal digits around the point, without those that are zero at either end.
class DecimalGroups {
 public:
  // False when `text` is not "-123.4500".
  bool read(std::string_view text) {
    negative_ = text.starts_with('-');
    if (negative_) text.remove_prefix(1);
    const size_t point = text.find('.');
    const auto whole = text.substr(0, point);
    const auto fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
    if (whole.empty() || text.size() > kMostDigits || text.ends_with('.')) return false;
    scale_ = fraction.size();
    weight_ = static_cast<int>((whole.size() + 3) / 4) - 1;
    in_group_ = (4 - whole.size() % 4) % 4;
    if (!add(whole) || !add(fraction)) return false;
    while (in_group_ != 0) add('0');
    strip();
    return true;
  }
  void append_to(std::string& out) const {
    constexpr uint16_t kNegative = 0x4000;
    append_big_endian(out, static_cast<uint32_t>(2 * (4 + end_ - begin_)));
    append_big_endian(out, static_cast<uint16_t>(end_ - begin_));
    append_signed(out, static_cast<int16_t>(weight_));
    append_big_endian(out, negative_ ? kNegative : uint16_t{0});
    append_big_endian(out, static_cast<uint16_t>(scale_));
    for (size_t i = begin_; i < end_; ++i) append_big_endian(out, groups_[i]);
  }

 private:
  static constexpr size_t kMostDigits = 256;

  bool add(std::string_view digits) {
    for (const char digit : digits) {
      if (!is_digit(digit)) return false;
      add(digit);
    }
    return true;
  }
  void add(char digit) {
    group_ = static_cast<uint16_t>(group_ * 10 + (digit - '0'));
    if (++in_group_ < 4) return;
    groups_[end_++] = std::exchange(group_, 0);
    in_group_ = 0;
  }
  void strip() {
    for (; begin_ < end_ && groups_[begin_] == 0; ++begin_) --weight_;
    while (end_ > begin_ && groups_[end_ - 1] == 0) --end_;
    if (begin_ < end_) return;
    weight_ = 0;
    negative_ = false;
  }

  std::array<uint16_t, kMostDigits / 4 + 2> groups_{};
  size_t begin_ = 0;
  size_t end_ = 0;
  uint16_t group_ = 0;  // that is being read, and how many digits it has
  size_t in_group_ = 0;
  int weight_ = 0;  // of the first group, as a power of 10,000
  size_t scale_ = 0;
  bool negative_ = false;
};

bool append_numeric(std::string_view text, std::string& out) {
  // Without digits; sign and scale as the server itself sends them.
  static constexpr std::array<std::pair<std::string_view, uint32_t>, 3> kWords = {
      {{"NaN", 0xc0000000}, {"Infinity", 0xd0000020}, {"-Infinity", 0xf0000020}}};
  for (const auto& [word, sign_and_scale] : kWords) {
    if (text != word) continue;
    for (const uint32_t part : {uint32_t{8}, uint32_t{0}, sign_and_scale}) append_big_endian(out, part);
    return true;
  }
  DecimalGroups groups;
  if (!groups.read(text)) return false;
  groups.append_to(out);
  return true;
}

// Reads dates and times from the left.
class Clock {
 public:
  explicit Clock(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  // "2024-02-29": days since 2000-01-01. Years of four digits, of our era.
  bool date(int64_t& days) {
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    if (!digits(4, year) || !skip('-') || !digits(2, month) || !skip('-') || !digits(2, day)) return false;
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || year == 0) return false;
    constexpr std::chrono::sys_days kEpoch{std::chrono::year(2000) / 1 / 1};
    days = (std::chrono::sys_days(date) - kEpoch).count();
    return true;
  }
  // "23:59:59.999999"
  bool time(int64_t& microseconds) {
    int64_t hours = 0;
    int64_t minutes = 0;
    int64_t seconds = 0;
    if (!digits(2, hours) || !skip(':') || !digits(2, minutes) || !skip(':') || !digits(2, seconds))
      return false;
    if (hours > 23 || minutes > 59 || seconds > 59) return false;
    microseconds = ((hours * 60 + minutes) * 60 + seconds) * kMicroseconds;
    if (!skip('.')) return true;
    int64_t unit = kMicroseconds / 10;
    for (; unit > 0 && !text_.empty() && is_digit(text_.front()); unit /= 10) {
      microseconds += (text_.front() - '0') * unit;
      text_.remove_prefix(1);
    }
    return unit < kMicroseconds / 10;
  }
  bool timestamp(int64_t& microseconds) {
    int64_t days = 0;
    int64_t time_of_day = 0;
    if (!date(days) || !skip(' ') || !time(time_of_day)) return false;
    microseconds = days * 86400 * kMicroseconds + time_of_day;
    return true;
  }
  // "+02", "-03:30", "+00:19:32": east of Greenwich.
  bool zone(int64_t& microseconds) {
    const bool west = skip('-');
    int64_t hours = 0;
    int64_t minutes = 0;
    int64_t seconds = 0;
    if ((!west && !skip('+')) || !digits(2, hours)) return false;
    if (skip(':') && !digits(2, minutes)) return false;
    if (skip(':') && !digits(2, seconds)) return false;
    if (hours > 15 || minutes > 59 || seconds > 59) return false;
    microseconds = ((hours * 60 + minutes) * 60 + seconds) * kMicroseconds;
    if (west) microseconds = -microseconds;
    return true;
  }

 private:
  bool skip(char expected) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool digits(size_t count, int64_t& value) {
    if (text_.size() < count) return false;
    value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!is_digit(text_[i])) return false;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return true;
  }

  std::string_view text_;
};

// The largest and the smallest number stand for the ends of time.
template <typename Integer>
bool read_infinity(std::string_view text, Integer& value) {
  if (text != "infinity" && text != "-infinity") return false;
  value = text[0] == '-' ? std::numeric_limits<Integer>::min() : std::numeric_limits<Integer>::max();
  return true;
}

void append_moment(std::string& out, int64_t microseconds) {
  append_big_endian(out, static_cast<uint32_t>(sizeof microseconds));
  append_signed(out, microseconds);
}

bool append_date(std::string_view text, std::string& out) {
  Clock clock(text);
  int64_t days = 0;
  int32_t day = 0;
  if (!read_infinity(text, day)) {
    if (!clock.date(days) || !clock.at_end()) return false;
    day = static_cast<int32_t>(days);
  }
  append_big_endian(out, static_cast<uint32_t>(sizeof day));
  append_signed(out, day);
  return true;
}

bool append_time(std::string_view text, std::string& out) {
  Clock clock(text);
  int64_t microseconds = 0;
  if (!clock.time(microseconds) || !clock.at_end()) return false;
  append_moment(out, microseconds);
  return true;
}

bool append_timestamp(std::string_view text, bool with_zone, std::string& out) {
  Clock clock(text);
  int64_t microseconds = 0;
  int64_t east = 0;
  if (read_infinity(text, microseconds)) {
    append_moment(out, microseconds);
    return true;
  }
  if (!clock.timestamp(microseconds) || (with_zone && !clock.zone(east)) || !clock.at_end()) return false;
  append_moment(out, microseconds - east);
  return true;
}

// Without the vector of from_hex(): half of the columns of many databases are these.
bool append_uuid(std::string_view text, std::string& out) {
  constexpr std::string_view kShape = "........-....-....-....-............";
  if (text.size() != kShape.size()) return false;
  append_big_endian(out, uint32_t{16});
  unsigned byte = 1;  // with a bit before its digits: complete when that reaches the ninth
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (kShape[i] == '-') {
      if (c != '-') return false;
      continue;
    }
    if (is_digit(c)) {
      byte = byte << 4 | static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      byte = byte << 4 | static_cast<unsigned>(c - 'a' + 10);
    } else {
      return false;
    }
    if (byte < 0x100) continue;
    out += static_cast<char>(byte & 0xff);
    byte = 1;
  }
  return true;
}

bool append_text(std::string_view text, std::string& out) {
  append_big_endian(out, static_cast<uint32_t>(text.size()));
  out += text;
  return true;
}

bool append_bytea(std::string_view text, std::string& out) {
  std::string bytes;
  return text.starts_with("\\x") && from_hex(text.substr(2), bytes) && append_text(bytes, out);
}

// "[1,-0.5,2e-07]": the number of dimensions and 16 unused bits before them.
bool append_vector(std::string_view text, std::string& out) {
  if (!text.starts_with('[') || !text.ends_with(']') || text.size() < 3) return false;
  constexpr size_t kMostDimensions = 16000;
  const size_t begin = out.size();
  Length length(out);
  out.append(4, '\0');
  size_t dimensions = 0;
  const char* at = text.data() + 1;
  const char* const end = text.data() + text.size() - 1;
  for (;; ++at) {
    const char* const digits = at + (*at == '-' ? 1 : 0);
    float value = 0;
    const auto [rest, error] = std::from_chars(at, end, value);
    if (error != std::errc() || !is_digit(*digits) || ++dimensions > kMostDimensions) return false;
    append_big_endian(out, std::bit_cast<uint32_t>(value));
    at = rest;
    if (at == end) break;
    if (*at != ',') return false;
  }
  length.set();
  store_big_endian(out.data() + begin + sizeof(uint32_t), static_cast<uint16_t>(dimensions));
  return true;
}

bool append_jsonb(std::string_view text, std::string& out) {
  append_big_endian(out, static_cast<uint32_t>(text.size() + 1));
  out += '\1';  // the version of the form
  out += text;
  return true;
}

bool append_scalar(Form form, std::string_view text, std::string& out) {
  switch (form) {
    case Form::kText:
      return append_text(text, out);
    case Form::kJsonb:
      return append_jsonb(text, out);
    case Form::kBoolean:
      return append_boolean(text, out);
    case Form::kInteger2:
      return append_integer<int16_t>(text, out);
    case Form::kInteger4:
      return append_integer<int32_t>(text, out);
    case Form::kInteger8:
      return append_integer<int64_t>(text, out);
    case Form::kFloat4:
      return append_float<float, uint32_t>(text, out);
    case Form::kFloat8:
      return append_float<double, uint64_t>(text, out);
    case Form::kNumeric:
      return append_numeric(text, out);
    case Form::kDate:
      return append_date(text, out);
    case Form::kTime:
      return append_time(text, out);
    case Form::kTimestamp:
      return append_timestamp(text, false, out);
    case Form::kTimestampWithZone:
      return append_timestamp(text, true, out);
    case Form::kUuid:
      return append_uuid(text, out);
    case Form::kBytea:
      return append_bytea(text, out);
    case Form::kVector:
      return append_vector(text, out);
  }
  return false;
}

// What ends an element that is not quoted, or may not stand in one.
bool is_special_in_array(char c) {
  return c == ',' || c == '}' || c == '{' || c == '"' || c == '\\' || c == ' ' || (c >= '\t' && c <= '\r');
}

// One element of an array literal, from the left: `text` begins with it and loses it. `quoted` tells the word
// NULL from the value.
bool take_element(std::string_view& text, std::string& element, bool& quoted) {
  element.clear();
  quoted = text.starts_with('"');
  if (!quoted) {
    const auto* const end = std::find_if(text.begin(), text.end(), is_special_in_array);
    if (end == text.begin() || end == text.end()) return false;
    element.assign(text.begin(), end);
    text.remove_prefix(element.size());
    return true;
  }
  bool escaped = false;
  for (size_t i = 1; i < text.size(); ++i) {
    if (!escaped && text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    escaped = !escaped && text[i] == '\\';
    if (!escaped) element += text[i];
  }
  return false;
}

bool is_null_word(std::string_view text) {
  return text.size() == 4 && (text[0] | 0x20) == 'n' && (text[1] | 0x20) == 'u' && (text[2] | 0x20) == 'l' &&
         (text[3] | 0x20) == 'l';
}

// "{a,\"b c\",NULL}" of one dimension that begins at 1.
bool append_array(const BinaryType& type, std::string_view text, std::string& out) {
  if (!text.starts_with('{') || !text.ends_with('}') || text.size() < 2) return false;
  const size_t begin = out.size();
  Length length(out);
  if (text == "{}") {
    for (const uint32_t word : {uint32_t{0}, uint32_t{0}, type.array_of}) append_big_endian(out, word);
    length.set();
    return true;
  }
  out.append(5 * sizeof(uint32_t), '\0');
  uint32_t count = 0;
  bool has_null = false;
  std::string element;
  for (text.remove_prefix(1);; text.remove_prefix(1)) {
    bool quoted = false;
    if (!take_element(text, element, quoted)) return false;
    ++count;
    if (!quoted && is_null_word(element)) {
      has_null = true;
      append_signed(out, int32_t{-1});
    } else if (!append_scalar(type.form, element, out)) {
      return false;
    }
    if (text == "}") break;
    if (!text.starts_with(',')) return false;
  }
  char* head = out.data() + begin + sizeof(uint32_t);
  for (const uint32_t word : {1U, has_null ? 1U : 0U, type.array_of, count, 1U}) {
    store_big_endian(head, word);
    head += sizeof word;
  }
  length.set();
  return true;
}

}  // namespace

std::optional<Form> binary_form(std::string_view input, std::string_view receive) {
  struct Known {
    std::string_view input;
    std::string_view receive;
    Form form;
  };
  static constexpr std::array<Known, 20> kKnown = {{
      {"textin", "textrecv", Form::kText},
      {"varcharin", "varcharrecv", Form::kText},
      {"bpcharin", "bpcharrecv", Form::kText},
      {"json_in", "json_recv", Form::kText},
      {"enum_in", "enum_recv", Form::kText},
      {"jsonb_in", "jsonb_recv", Form::kJsonb},
      {"boolin", "boolrecv", Form::kBoolean},
      {"int2in", "int2recv", Form::kInteger2},
      {"int4in", "int4recv", Form::kInteger4},
      {"int8in", "int8recv", Form::kInteger8},
      {"float4in", "float4recv", Form::kFloat4},
      {"float8in", "float8recv", Form::kFloat8},
      {"numeric_in", "numeric_recv", Form::kNumeric},
      {"date_in", "date_recv", Form::kDate},
      {"time_in", "time_recv", Form::kTime},
      {"timestamp_in", "timestamp_recv", Form::kTimestamp},
      {"timestamptz_in", "timestamptz_recv", Form::kTimestampWithZone},
      {"uuid_in", "uuid_recv", Form::kUuid},
      {"byteain", "bytearecv", Form::kBytea},
      {"vector_in", "vector_recv", Form::kVector},
  }};
  for (const auto& known : kKnown) {
    if (known.input == input && known.receive == receive) return known.form;
  }
  return std::nullopt;
}

bool append_binary(const BinaryType& type, std::string_view text, std::string& out) {
  return type.array_of != 0 ? append_array(type, text, out) : append_scalar(type.form, text, out);
}

}  // namespace summit::postgres
