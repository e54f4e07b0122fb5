#include "core/fingerprint.h"

namespace summit {

namespace {

uint64_t load_little_endian(const std::byte* bytes) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | std::to_integer<uint64_t>(bytes[i]);
  return value;
}

void add_modulo_2_256(std::array<uint64_t, 4>& sum, const std::array<uint64_t, 4>& term) {
  uint64_t carry = 0;
  for (size_t limb = 0; limb < sum.size(); ++limb) {
    uint64_t partial = 0;
    const bool first = __builtin_add_overflow(sum[limb], term[limb], &partial);
    const bool second = __builtin_add_overflow(partial, carry, &sum[limb]);
    carry = first || second ? 1 : 0;
  }
}

}  // namespace

void SetHash::add(ByteView element) { add(sha256(element)); }

void SetHash::add(const Sha256Digest& digest) {
  std::array<uint64_t, 4> term{};
  for (size_t limb = 0; limb < term.size(); ++limb) term[limb] = load_little_endian(&digest[limb * 8]);
  add_modulo_2_256(sum_, term);
  ++count_;
}

void SetHash::merge(const SetHash& other) {
  // A copy, so that a set may be merged with itself.
  const std::array<uint64_t, 4> term = other.sum_;
  add_modulo_2_256(sum_, term);
  count_ += other.count_;
}

std::string SetHash::hex() const {
  Sha256Digest bytes;
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::byte>(sum_[i / 8] >> (8 * (i % 8)) & 0xff);
  return to_hex(bytes);
}

}  // namespace summit
