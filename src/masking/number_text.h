// Numbers and their digits, and the check digits of cards and bank accounts.
#pragma once

#include <string>
#include <string_view>

#include "masking/permutation.h"

namespace summit::masking {

// 10^exponent, up to 10^37.
Wide power_of_ten(size_t exponent);
// Of digits only, at most 37.
Wide number_of(std::string_view digits);
// Exactly `width` digits, zeros on the left.
void append_number(Wide value, size_t width, std::string& out);

bool all_digits(std::string_view text);
// Without blanks and hyphens.
std::string compact(std::string_view text);

// The digit that makes `digits` and it right (ISO/IEC 7812-1).
char luhn_digit(std::string_view digits);
bool is_luhn_right(std::string_view digits);

// What remains modulo 97 of an IBAN, capital letters and digits; 1 is right (ISO 13616). 97 when there is
// another character.
unsigned iban_remainder(std::string_view iban);
bool is_iban(std::string_view compact_text);

}  // namespace summit::masking
