#include "masking/copy_rows.h"

#include <algorithm>
#include <cstring>

#include "core/text.h"

namespace summit::masking {
namespace {

constexpr std::string_view kNull = "\\N";
constexpr std::string_view kEscaped = "\b\f\n\r\t\v\\";
constexpr std::string_view kLetters = "bfnrtv\\";

int octal(char c) { return c >= '0' && c <= '7' ? c - '0' : -1; }

// Up to `most` digits from `at`; `at` comes to stand behind them.
char number(std::string_view text, size_t& at, size_t most, int base, int (*digit)(char)) {
  int value = 0;
  for (size_t count = 0; count < most && at < text.size() && digit(text[at]) >= 0; ++count, ++at)
    value = value * base + digit(text[at]);
  return static_cast<char>(value & 0xff);
}

bool may_need_escape(char c) { return c == '\\' || (c >= '\b' && c <= '\r'); }

}  // namespace

void append_copy_field(std::string_view value, std::string& out) {
  if (std::none_of(value.begin(), value.end(), [](char c) { return may_need_escape(c); })) {
    out += value;
    return;
  }
  for (const char c : value) {
    const size_t found = kEscaped.find(c);
    if (found == std::string_view::npos) {
      out += c;
    } else {
      out += '\\';
      out += kLetters[found];
    }
  }
}

bool decode_copy_field(std::string_view field, std::string& value) {
  value.clear();
  for (size_t at = 0;;) {
    const size_t escape = std::min(field.find('\\', at), field.size());
    value += field.substr(at, escape - at);
    if (escape == field.size()) return true;
    at = escape + 1;
    if (at == field.size()) return false;
    const char sign = field[at];
    const size_t letter = kLetters.find(sign);
    if (octal(sign) >= 0) {
      value += number(field, at, 3, 8, octal);
    } else if (sign == 'x' && at + 1 < field.size() && hex_value(field[at + 1]) >= 0) {
      value += number(field, ++at, 2, 16, hex_value);
    } else {
      value += letter == std::string_view::npos ? sign : kEscaped[letter];
      ++at;
    }
  }
}

Result<std::vector<std::optional<std::string>>> decode_copy_row(std::string_view row, size_t columns) {
  const auto damaged = [](const char* how) {
    return Error(Code::kCorrupt, "a row to mask {}", how).hint("run `summit-dr verify` on the backup");
  };
  std::vector<std::optional<std::string>> values(columns);
  for (size_t column = 0; column < columns; ++column) {
    const size_t tab = row.find('\t');
    const bool is_last = column + 1 == columns;
    if (tab == std::string_view::npos && !is_last) return damaged("has fewer columns than its table");
    const auto field = row.substr(0, tab);
    if (field != kNull) {
      if (!decode_copy_field(field, values[column].emplace()))
        return damaged("ends in the middle of an escape");
    }
    row.remove_prefix(is_last ? row.size() : tab + 1);
  }
  return values;
}

CopyRowMask::CopyRowMask(RowMask mask)
    : mask_(std::move(mask)),
      places_(mask_.inputs().size()),
      fields_(mask_.inputs().size()),
      decoded_(mask_.inputs().size()) {
  const auto& inputs = mask_.inputs();
  for (const auto& target : mask_.targets())
    input_of_target_.push_back(
        static_cast<size_t>(std::lower_bound(inputs.begin(), inputs.end(), target.column) - inputs.begin()));
}

Result<void> CopyRowMask::mask(std::string_view rows, std::string& out) {
  if (mask_.empty()) {
    out += rows;
    return {};
  }
  while (!rows.empty()) {
    const size_t end = rows.find('\n');
    if (end == std::string_view::npos)
      return Error(Code::kCorrupt, "the last row of a block to mask has no end")
          .hint("run `summit-dr verify` on the backup");
    const auto row = rows.substr(0, end);
    // The line that pg_dump puts behind the last row.
    if (row == "\\.")
      out += row;
    else
      RETURN_IF_ERROR(mask_row(row, out));
    out += '\n';
    rows.remove_prefix(end + 1);
  }
  return {};
}

bool CopyRowMask::find_fields(std::string_view row) {
  size_t column = 0;
  size_t begin = 0;
  const char* const text = row.data();
  for (size_t i = 0; i < places_.size();) {
    const auto* tab = static_cast<const char*>(std::memchr(text + begin, '\t', row.size() - begin));
    const size_t end = tab == nullptr ? row.size() : static_cast<size_t>(tab - text);
    if (column == mask_.inputs()[i]) places_[i++] = {begin, end};
    if (tab == nullptr) return i == places_.size();
    begin = end + 1;
    ++column;
  }
  return true;
}

void CopyRowMask::report_to(ReplacedValues* listener, const std::vector<std::string>& places) {
  listeners_.clear();
  if (listener == nullptr) return;
  for (const auto& place : places) listeners_.push_back(listener->at(place));
}

void CopyRowMask::report() {
  for (size_t i = 0; i < mask_.targets().size(); ++i) {
    const auto& target = mask_.targets()[i];
    const auto& original = fields_[input_of_target_[i]];
    if (!target.touched || !original) continue;
    report_.add(*listeners_[i], *original, target.null ? Field() : Field(target.value));
  }
}

Result<void> CopyRowMask::mask_row(std::string_view row, std::string& out) {
  if (!find_fields(row))
    return Error(Code::kCorrupt, "a row to mask has fewer columns than its table")
        .hint("run `summit-dr verify` on the backup");
  for (size_t i = 0; i < places_.size(); ++i) {
    const auto field = row.substr(places_[i].begin, places_[i].end - places_[i].begin);
    if (field == kNull) {
      fields_[i] = std::nullopt;
    } else if (field.find('\\') == std::string_view::npos) {
      fields_[i] = field;
    } else {
      if (!decode_copy_field(field, decoded_[i]))
        return Error(Code::kCorrupt, "a value to mask ends in the middle of an escape")
            .hint("run `summit-dr verify` on the backup");
      fields_[i] = decoded_[i];
    }
  }
  RETURN_IF_ERROR(mask_.apply(fields_));
  if (!listeners_.empty()) report();

  size_t copied = 0;
  for (size_t i = 0; i < mask_.targets().size(); ++i) {
    const auto& target = mask_.targets()[i];
    if (!target.touched) continue;
    const Place place = places_[input_of_target_[i]];
    out += row.substr(copied, place.begin - copied);
    if (target.null)
      out += kNull;
    else
      append_copy_field(target.value, out);
    copied = place.end;
  }
  out += row.substr(copied);
  return {};
}

}  // namespace summit::masking
