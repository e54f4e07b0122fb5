#include "masking/national_id.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/text.h"
#include "masking/number_text.h"

namespace summit::masking {
namespace {

constexpr size_t kShortest = 9;
constexpr size_t kLongest = 21;  // a NIR with its blanks

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

// A form as people read it: 9 is a digit, A a capital letter, anything else itself.
bool has_form(std::string_view text, std::string_view form) {
  return text.size() == form.size() &&
         std::equal(text.begin(), text.end(), form.begin(), [](char c, char as) {
           return as == '9' ? is_digit(c) : as == 'A' ? is_capital(c) : c == as;
         });
}

unsigned two_digits(std::string_view text, size_t at) {
  return static_cast<unsigned>((text[at] - '0') * 10 + (text[at + 1] - '0'));
}
bool is_day(unsigned day) { return day >= 1 && day <= 31; }
bool is_month(unsigned month) { return month >= 1 && month <= 12; }
bool is_day_and_month(std::string_view digits) {
  return is_day(two_digits(digits, 0)) && is_month(two_digits(digits, 2));
}

// Modulo 11, the last weight being that of the check digit itself.
template <size_t kCount>
bool is_weighted_right(std::string_view digits, const std::array<unsigned, kCount>& weights) {
  unsigned sum = 0;
  for (size_t i = 0; i < kCount; ++i) sum += weights[i] * static_cast<unsigned>(digits[i] - '0');
  return sum % 11 == 0;
}

// Day + 40 for those who are no citizens; two check digits.
bool is_norwegian(std::string_view text) {
  if (!has_form(text, "99999999999") && !has_form(text, "999999 99999")) return false;
  const auto digits = compact(text);
  const unsigned day = two_digits(digits, 0);
  return is_day(day > 40 ? day - 40 : day) && is_month(two_digits(digits, 2)) &&
         is_weighted_right<10>(digits, {3, 7, 6, 1, 8, 9, 4, 5, 2, 1}) &&
         is_weighted_right<11>(digits, {5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1});
}

// 811218-9876, 19811218-9876; + in the place of - from the hundredth year on; day + 60 as in Norway.
bool is_swedish(std::string_view text) {
  if (has_form(text, "99999999-9999") || has_form(text, "99999999+9999")) text.remove_prefix(2);
  if (!has_form(text, "999999-9999") && !has_form(text, "999999+9999")) return false;
  const unsigned day = two_digits(text, 4);
  const std::string digits = std::string(text.substr(0, 6)) + std::string(text.substr(7));
  return is_month(two_digits(text, 2)) && is_day(day > 60 ? day - 60 : day) && is_luhn_right(digits);
}

// Since 2007 without a check digit.
bool is_danish(std::string_view text) { return has_form(text, "999999-9999") && is_day_and_month(text); }

bool is_finnish(std::string_view text) {
  constexpr std::string_view kChecks = "0123456789ABCDEFHJKLMNPRSTUVWXY";
  constexpr std::string_view kCenturies = "+-UVWXYABCDEF";
  constexpr size_t kLength = 11;
  if (text.size() != kLength || kCenturies.find(text[6]) == std::string_view::npos) return false;
  const std::string digits = std::string(text.substr(0, 6)) + std::string(text.substr(7, 3));
  return all_digits(digits) && is_day_and_month(digits) &&
         kChecks[static_cast<size_t>(number_of(digits) % kChecks.size())] == text.back();
}

bool is_british(std::string_view text) {
  constexpr std::string_view kNeverFirst = "DFIQUV";
  constexpr std::string_view kNeverSecond = "DFIOQUV";
  if (!has_form(text, "AA999999A") && !has_form(text, "AA 99 99 99 A")) return false;
  constexpr auto kNeverGiven = std::to_array<std::string_view>({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"});
  return std::ranges::find(kNeverGiven, text.substr(0, 2)) == kNeverGiven.end() &&
         kNeverFirst.find(text[0]) == std::string_view::npos &&
         kNeverSecond.find(text[1]) == std::string_view::npos && text.back() <= 'D';
}

// 1 85 05 78 006 084 36: sex, year, month, department (2A and 2B in Corsica are left out), commune, order,
// key.
bool is_french(std::string_view text) {
  constexpr Wide kModulus = 97;
  if (!has_form(text, "999999999999999") && !has_form(text, "9 99 99 99 999 999 99")) return false;
  const auto digits = compact(text);
  return (digits[0] == '1' || digits[0] == '2') && is_month(two_digits(digits, 3)) &&
         kModulus - number_of(digits.substr(0, 13)) % kModulus == number_of(digits.substr(13));
}

bool is_italian(std::string_view text) {
  constexpr std::string_view kMonths = "ABCDEHLMPRST";
  if (!has_form(text, "AAAAAA99A99A999A")) return false;
  const unsigned day = two_digits(text, 9);  // + 40 for women
  return kMonths.find(text[8]) != std::string_view::npos && is_day(day > 40 ? day - 40 : day);
}

bool is_spanish(std::string_view text) {
  constexpr std::string_view kChecks = "TRWAGMYFPDXBNJZSQVHLCKE";
  std::string digits(text.substr(0, text.size() - 1));
  if (has_form(text, "A9999999A") && text[0] >= 'X')
    digits[0] = static_cast<char>('0' + (text[0] - 'X'));
  else if (!has_form(text, "99999999A"))
    return false;
  return kChecks[static_cast<size_t>(number_of(digits) % kChecks.size())] == text.back();
}

bool is_brazilian(std::string_view text) {
  if (!has_form(text, "999.999.999-99")) return false;
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits), is_digit);
  const auto check = [&](size_t count) {
    unsigned sum = 0;
    for (size_t i = 0; i < count; ++i)
      sum += static_cast<unsigned>((digits[i] - '0')) * static_cast<unsigned>(count + 1 - i);
    const unsigned rest = sum * 10 % 11 % 10;
    return rest == static_cast<unsigned>(digits[count] - '0');
  };
  // 111.111.111-11 stands where there is none.
  return digits.find_first_not_of(digits.front()) != std::string::npos && check(9) && check(10);
}

}  // namespace

bool is_national_id(std::string_view value) {
  constexpr auto kStates =
      std::to_array<bool (*)(std::string_view)>({is_norwegian, is_swedish, is_danish, is_finnish, is_british,
                                                 is_french, is_italian, is_spanish, is_brazilian});
  return value.size() >= kShortest && value.size() <= kLongest &&
         std::any_of(kStates.begin(), kStates.end(), [&](auto is) { return is(value); });
}

}  // namespace summit::masking
