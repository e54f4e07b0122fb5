// Which characters count as one when texts are compared without case and spacing.
#pragma once

#include <cstdint>
#include <vector>

namespace summit::masking {

// Immutable, thread-safe; made at its first use.
class LetterCase {
 public:
  static const LetterCase& instance();

  // One character for all cases of a letter (K, k and the Kelvin sign; I, i, and both of Turkish), every
  // other as it is; zero for spacing: blanks and line ends of any width or none, and signs without a shape.
  // In UTF-8 it is never longer than `point`, which is at most U+10FFFF.
  uint32_t folded(uint32_t point) const { return point < kTabled ? table_[point] : compute(point); }

 private:
  LetterCase();
  static uint32_t compute(uint32_t point);

  static constexpr uint32_t kTabled = 0x10000;
  std::vector<uint16_t> table_;
};

}  // namespace summit::masking
