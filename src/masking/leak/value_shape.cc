#include "masking/leak/value_shape.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/text.h"

namespace summit::masking {
namespace {

constexpr size_t kDateLength = 10;

// The first two numbers of an address of four; nothing when it is none.
std::optional<std::array<unsigned, 2>> ipv4_head(std::string_view text) {
  std::array<unsigned, 2> head{};
  for (size_t part = 0; part < 4; ++part) {
    const size_t end = std::min(text.find('.'), text.size());
    const auto digits = text.substr(0, end);
    if (digits.empty() || digits.size() > 3 || !std::all_of(digits.begin(), digits.end(), is_digit))
      return {};
    unsigned number = 0;
    for (const char digit : digits) number = number * 10 + static_cast<unsigned>(digit - '0');
    if (number > 255 || (part < 3) != (end < text.size())) return {};
    if (part < 2) head[part] = number;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return head;
}

}  // namespace

bool is_date(std::string_view normalized) {
  if (normalized.size() < kDateLength) return false;
  constexpr std::string_view kForm = "dddd-dd-dd";
  for (size_t i = 0; i < kForm.size(); ++i) {
    if (kForm[i] == 'd' ? !is_digit(normalized[i]) : normalized[i] != kForm[i]) return false;
  }
  return normalized.find_first_not_of("0123456789:.,+-tz", kDateLength) == std::string_view::npos;
}

std::string_view without_zero_fraction(std::string_view normalized) {
  const auto digits_end = std::find_if_not(normalized.begin(), normalized.end(), is_digit);
  const auto point = static_cast<size_t>(digits_end - normalized.begin());
  const bool fraction =
      point >= kShortestTellingNumber && point + 1 < normalized.size() && normalized[point] == '.';
  const bool zero = fraction && normalized.find_first_not_of('0', point + 1) == std::string_view::npos;
  return zero ? normalized.substr(0, point) : normalized;
}

bool is_local_address(std::string_view normalized) {
  if (normalized == "::1") return true;
  if (normalized.empty() || !is_digit(normalized.front())) return false;
  const auto head = ipv4_head(normalized.substr(0, normalized.find('/')));
  if (!head) return false;
  const auto [first, second] = *head;
  return first == 0 || first == 10 || first == 127 || (first == 172 && second >= 16 && second < 32) ||
         (first == 192 && second == 168) || (first == 169 && second == 254);
}

Reach reach_of(std::string_view normalized) {
  if (normalized.empty() || is_date(normalized)) return Reach::kNowhere;
  if (normalized.size() < kShortestAnywhere) return Reach::kOwnPlace;
  const bool one_sign = normalized.find_first_not_of(normalized.front()) == std::string_view::npos;
  if (one_sign || is_local_address(normalized)) return Reach::kOwnPlace;
  return Reach::kAnywhere;
}

}  // namespace summit::masking
