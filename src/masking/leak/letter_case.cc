#include "masking/leak/letter_case.h"

#include <utf8proc.h>

#include <algorithm>

namespace summit::masking {
namespace {

size_t bytes_of(int32_t point) { return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4; }

bool is_spacing(int32_t point) {
  constexpr int32_t kNextLine = 0x85;
  switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CF:  // joiners, directions, soft hyphens
      return true;
    default:
      return point == kNextLine;
  }
}

}  // namespace

const LetterCase& LetterCase::instance() {
  static const LetterCase letter_case;
  return letter_case;
}

LetterCase::LetterCase() : table_(kTabled) {
  for (uint32_t point = 0; point < kTabled; ++point) table_[point] = static_cast<uint16_t>(compute(point));
}

uint32_t LetterCase::compute(uint32_t point) {
  const auto sign = static_cast<int32_t>(point);
  if (is_spacing(sign)) return 0;
  // By way of the upper case: several small letters may share it, as both sigmas do.
  const int32_t upper = utf8proc_toupper(sign);
  const int32_t lower = utf8proc_tolower(upper);
  return static_cast<uint32_t>(bytes_of(lower) <= bytes_of(upper) ? lower : upper);
}

}  // namespace summit::masking
