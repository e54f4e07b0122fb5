// Where a replaced value is looked for: everywhere, or only where it stood. Page: docs/masking.md.
#pragma once

#include <cstddef>
#include <string_view>

namespace summit::masking {

// In bytes of normalised text. Of longer values their beginning is looked for.
inline constexpr size_t kShortestAnywhere = 8;
inline constexpr size_t kLongestSearched = 1024;
// In digits: shorter numbers are ids, amounts and counts as well.
inline constexpr size_t kShortestTellingNumber = 10;

enum class Reach {
  kNowhere,   // empty, or a date: another subject's date is the same
  kOwnPlace,  // too short or too common to mean somebody: in its own column, property or field, as a whole
  kAnywhere,
};

Reach reach_of(std::string_view normalized);

// 1990-05-01, with a time of day or without.
bool is_date(std::string_view normalized);
// Of a number of ten digits and more the digits, where its fraction is zero (4711471147.00); anything else as
// it is.
std::string_view without_zero_fraction(std::string_view normalized);
// Of this machine or of private networks: 127.0.0.1, 10.1.2.3, ::1. Configurations are full of them.
bool is_local_address(std::string_view normalized);

}  // namespace summit::masking
