#include "masking/permutation.h"

#include <algorithm>
#include <array>

namespace summit::masking {
namespace {

constexpr unsigned kRounds = 10;
// The largest text that fits into a number that permute() takes.
constexpr size_t kNumberBytes = 15;
constexpr uint32_t kTextDomain = 0x74657874;

unsigned bits_of(Wide highest) {
  unsigned bits = 0;
  for (; highest != 0; highest >>= 1) ++bits;
  return bits;
}

uint64_t low_bits(unsigned count) { return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1; }

void store(KeyedCipher::Block& block, size_t at, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) block[at + i] = static_cast<unsigned char>(value >> (8 * i) & 0xff);
}

struct Network {
  KeyedCipher& cipher;
  uint32_t domain;
  unsigned bits;

  bool round(unsigned number, uint64_t input, uint64_t& output) const {
    KeyedCipher::Block block{};
    block[0] = static_cast<unsigned char>(number);
    block[1] = static_cast<unsigned char>(bits);
    store(block, 2, domain, 4);
    store(block, 6, input, 8);
    if (!cipher.encrypt(block)) return false;
    output = 0;
    for (size_t i = 0; i < 8; ++i) output |= uint64_t{block[i]} << (8 * i);
    return true;
  }

  // One pass over all numbers of `bits` bits.
  bool pass(Wide& value) const {
    const unsigned right_bits = (bits + 1) / 2;
    const unsigned left_bits = bits - right_bits;
    auto right = static_cast<uint64_t>(value & low_bits(right_bits));
    auto left = static_cast<uint64_t>(value >> right_bits);
    for (unsigned number = 0; number < kRounds; ++number) {
      uint64_t mixed = 0;
      const bool even = number % 2 == 0;
      if (!round(number, even ? right : left, mixed)) return false;
      if (even)
        left ^= mixed & low_bits(left_bits);
      else
        right ^= mixed & low_bits(right_bits);
    }
    value = Wide{left} << right_bits | right;
    return true;
  }
};

// Half of a longer text, mixed with what the other half gives, round by round.
class HalfMixer {
 public:
  HalfMixer(KeyedCipher& cipher, size_t whole) : cipher_(cipher), whole_(whole) {}

  // Before any mix().
  bool prepare() {
    for (unsigned number = 0; number < kRounds; ++number) {
      const bool even = number % 2 == 0;
      heads_[number] = head(number, even ? whole_ - whole_ / 2 : whole_ / 2, 0);
    }
    return cipher_.encrypt(heads_);
  }

  bool mix(unsigned number, std::string_view input, char* output, size_t output_size) {
    for (size_t done = 0; done < output_size; done += sizeof(Block)) {
      Block block = heads_[number];
      if (done > 0) {
        block = head(number, input.size(), done);
        if (!cipher_.encrypt(block)) return false;
      }
      for (size_t at = 0; at < input.size(); at += block.size()) {
        const auto piece = input.substr(at, block.size());
        for (size_t i = 0; i < piece.size(); ++i) block[i] ^= static_cast<unsigned char>(piece[i]);
        if (!cipher_.encrypt(block)) return false;
      }
      const size_t count = std::min(output_size - done, block.size());
      for (size_t i = 0; i < count; ++i) output[done + i] = static_cast<char>(output[done + i] ^ block[i]);
    }
    return true;
  }

 private:
  using Block = KeyedCipher::Block;

  // The first block tells every length, so no chain is the beginning of another.
  Block head(unsigned number, size_t input_size, size_t done) const {
    Block block{};
    block[0] = static_cast<unsigned char>(0x80 | number);
    block[1] = static_cast<unsigned char>(whole_);
    block[2] = static_cast<unsigned char>(input_size);
    block[3] = static_cast<unsigned char>(done);
    store(block, 4, kTextDomain, 4);
    return block;
  }

  KeyedCipher& cipher_;
  const size_t whole_;                  // bytes of the text
  std::array<Block, kRounds> heads_{};  // encrypted: of the first block that each round puts out
};

bool permute_short(KeyedCipher& cipher, std::string_view text, std::string& permuted) {
  Wide value = 0;
  for (const char c : text) value = value << 8 | static_cast<unsigned char>(c);
  const auto mapped = permute(cipher, kTextDomain, value, Wide{1} << (8 * text.size()));
  if (!mapped) return false;
  permuted.assign(text.size(), '\0');
  Wide rest = *mapped;
  for (size_t i = text.size(); i-- > 0; rest >>= 8) permuted[i] = static_cast<char>(rest & 0xff);
  return true;
}

}  // namespace

std::optional<Wide> permute(KeyedCipher& cipher, uint32_t domain, Wide value, Wide size) {
  if (size <= 1) return Wide{0};
  const Network network{cipher, domain, bits_of(size - 1)};
  // A permutation of the smallest power of two that holds the range: the walk leaves it at most every other
  // time, and comes back, because it began inside.
  do {
    if (!network.pass(value)) return std::nullopt;
  } while (value >= size);
  return value;
}

bool permute_text(KeyedCipher& cipher, std::string_view text, std::string& permuted) {
  if (text.size() <= kNumberBytes) return permute_short(cipher, text, permuted);
  permuted.assign(text);
  const size_t half = text.size() / 2;
  char* const left = permuted.data();
  char* const right = left + half;
  const size_t right_size = text.size() - half;
  HalfMixer mixer(cipher, text.size());
  if (!mixer.prepare()) return false;
  for (unsigned number = 0; number < kRounds; ++number) {
    const bool even = number % 2 == 0;
    const std::string_view input = even ? std::string_view(right, right_size) : std::string_view(left, half);
    if (!mixer.mix(number, input, even ? left : right, even ? half : right_size)) return false;
  }
  return true;
}

}  // namespace summit::masking
