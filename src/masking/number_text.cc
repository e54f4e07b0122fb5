#include "masking/number_text.h"

#include <algorithm>

#include "core/text.h"

namespace summit::masking {

Wide power_of_ten(size_t exponent) {
  Wide power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

Wide number_of(std::string_view digits) {
  Wide value = 0;
  for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

void append_number(Wide value, size_t width, std::string& out) {
  const size_t start = out.size();
  out.resize(start + width);
  for (size_t i = width; i-- > 0; value /= 10)
    out[start + i] = static_cast<char>('0' + static_cast<int>(value % 10));
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c); });
}

std::string compact(std::string_view text) {
  std::string kept;
  std::copy_if(text.begin(), text.end(), std::back_inserter(kept),
               [](char c) { return c != ' ' && c != '-'; });
  return kept;
}

char luhn_digit(std::string_view digits) {
  unsigned sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const auto digit = static_cast<unsigned>(digits[digits.size() - 1 - i] - '0');
    const unsigned doubled = i % 2 == 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

bool is_luhn_right(std::string_view digits) {
  return digits.size() > 1 && all_digits(digits) &&
         luhn_digit(digits.substr(0, digits.size() - 1)) == digits.back();
}

unsigned iban_remainder(std::string_view iban) {
  constexpr unsigned kModulus = 97;
  if (iban.size() < 5) return kModulus;
  unsigned remainder = 0;
  // The country and check digits count last.
  for (size_t i = 0; i < iban.size(); ++i) {
    const char c = iban[(i + 4) % iban.size()];
    if (is_digit(c))
      remainder = (remainder * 10 + static_cast<unsigned>(c - '0')) % kModulus;
    else if (c >= 'A' && c <= 'Z')
      remainder = (remainder * 100 + static_cast<unsigned>(c - 'A') + 10) % kModulus;
    else
      return kModulus;
  }
  return remainder;
}

bool is_iban(std::string_view text) {
  const auto letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  return text.size() >= 15 && text.size() <= 34 && letter(text[0]) && letter(text[1]) && is_digit(text[2]) &&
         is_digit(text[3]) && iban_remainder(text) == 1;
}

}  // namespace summit::masking
