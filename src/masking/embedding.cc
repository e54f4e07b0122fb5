#include "masking/embedding.h"

#include <bit>
#include <cstdint>

#include "core/text.h"
#include "masking/eight_signs.h"

namespace summit::masking {
namespace {

constexpr size_t kFewestNumbers = 64;
constexpr size_t kTogether = 32;

// Behind the digits that begin at `at`, eight of them at once.
const char* behind_digits(const char* at, const char* end) {
  for (; end - at >= 8; at += 8) {
    const uint64_t others = digits_among(eight_at(at)) ^ kHighBits;
    if (others != 0) return at + std::countr_zero(others) / 8;
  }
  while (at < end && is_digit(*at)) ++at;
  return at;
}

struct Number {
  const char* end = nullptr;  // behind it; null: it is none of an embedding
  bool fraction = false;
};

// "-0.0312", "1", " 3.1e-05".
Number number_at(const char* at, const char* end) {
  while (at < end && *at == ' ') ++at;
  if (at < end && *at == '-') ++at;
  const char* behind = behind_digits(at, end);
  if (behind - at != 1) return {};
  at = behind;
  const bool fraction = at < end && *at == '.';
  if (fraction) {
    behind = behind_digits(at + 1, end);
    if (behind == at + 1) return {};
    at = behind;
  }
  if (end - at > 1 && (*at == 'e' || *at == 'E')) {
    at += at[1] == '-' || at[1] == '+' ? 2 : 1;
    behind = behind_digits(at, end);
    if (behind == at) return {};
    at = behind;
  }
  return {at, fraction};
}

}  // namespace

bool split_embedding(std::string_view value, std::vector<std::string_view>& pieces) {
  pieces.clear();
  if (value.size() < 2 || (value.front() != '[' && value.front() != '{')) return false;
  const char* at = value.data() + 1;
  const char* const end = value.data() + value.size() - 1;
  const char* begin = at;  // of the piece
  size_t numbers = 0;
  size_t fractions = 0;
  for (;;) {
    const auto number = number_at(at, end);
    if (number.end == nullptr || (number.end < end && *number.end != ',')) return false;
    ++numbers;
    fractions += number.fraction ? 1 : 0;
    if (numbers % kTogether == 0) {
      pieces.emplace_back(begin, static_cast<size_t>(number.end - begin));
      begin = number.end + 1;
    }
    if (number.end == end) break;
    at = number.end + 1;
  }
  if (numbers < kFewestNumbers || fractions * 2 <= numbers) return false;
  pieces.back() = {pieces.back().data(), static_cast<size_t>(end - pieces.back().data())};
  return true;
}

}  // namespace summit::masking
