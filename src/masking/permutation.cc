#include "masking/permutation.h"

#include <algorithm>
#include <array>
#include <span>

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

// The halves of a longer text, each changed in its turn by what the other gives.
class TextNetwork {
 public:
  // `text` is permuted in its place.
  TextNetwork(KeyedCipher& cipher, std::string& text)
      : cipher_(cipher),
        size_(text.size()),
        left_(std::span(text).first(size_ / 2)),
        right_(std::span(text).subspan(size_ / 2)) {}

  bool pass() {
    std::array<Block, kRounds> heads{};
    for (unsigned number = 0; number < kRounds; ++number) heads[number] = head(number, 0);
    if (!cipher_.encrypt(heads)) return false;
    for (unsigned number = 0; number < kRounds; ++number) {
      if (!round(number, heads[number])) return false;
    }
    return true;
  }

 private:
  using Block = KeyedCipher::Block;

  std::span<char> input(unsigned number) const { return number % 2 == 0 ? right_ : left_; }
  std::span<char> output(unsigned number) const { return number % 2 == 0 ? left_ : right_; }

  // The first block tells every length, so no chain is the beginning of another.
  Block head(unsigned number, size_t done) const {
    Block block{};
    block[0] = static_cast<unsigned char>(0x80 | number);
    block[1] = static_cast<unsigned char>(size_);
    block[2] = static_cast<unsigned char>(input(number).size());
    block[3] = static_cast<unsigned char>(done);
    store(block, 4, kTextDomain, 4);
    return block;
  }

  // `block`: the encrypted head of what the round puts out first.
  bool round(unsigned number, Block block) {
    const auto from = input(number);
    const auto to = output(number);
    for (size_t done = 0; done < to.size(); done += block.size()) {
      if (done > 0) {
        block = head(number, done);
        if (!cipher_.encrypt(block)) return false;
      }
      for (size_t at = 0; at < from.size(); at += block.size()) {
        const size_t count = std::min(from.size() - at, block.size());
        for (size_t i = 0; i < count; ++i) block[i] ^= static_cast<unsigned char>(from[at + i]);
        if (!cipher_.encrypt(block)) return false;
      }
      const size_t count = std::min(to.size() - done, block.size());
      for (size_t i = 0; i < count; ++i) to[done + i] = static_cast<char>(to[done + i] ^ block[i]);
    }
    return true;
  }

  KeyedCipher& cipher_;
  const size_t size_;
  const std::span<char> left_;
  const std::span<char> right_;
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
  return TextNetwork(cipher, permuted).pass();
}

}  // namespace summit::masking
