#include "masking/keyed_digest.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <bit>

namespace summit::masking {
namespace {

uint64_t mixed(uint64_t a, uint64_t b) {
  __extension__ using Product = unsigned __int128;
  const Product product = static_cast<Product>(a) * b;
  return static_cast<uint64_t>(product >> 64) ^ static_cast<uint64_t>(product);
}

}  // namespace

Result<DigestKey> DigestKey::random() {
  std::array<uint64_t, 6> words{};
  if (::RAND_bytes(reinterpret_cast<unsigned char*>(words.data()), sizeof words) != 1)
    return Error(Code::kFailed, "OpenSSL cannot give random bytes");
  DigestKey key(words);
  ::OPENSSL_cleanse(words.data(), sizeof words);
  return key;
}

DigestKey::~DigestKey() { ::OPENSSL_cleanse(words_.data(), sizeof words_); }

inline void BeginningDigest::State::round() {
  v0 += v1;
  v1 = std::rotl(v1, 13) ^ v0;
  v0 = std::rotl(v0, 32);
  v2 += v3;
  v3 = std::rotl(v3, 16) ^ v2;
  v0 += v3;
  v3 = std::rotl(v3, 21) ^ v0;
  v2 += v1;
  v1 = std::rotl(v1, 17) ^ v2;
  v2 = std::rotl(v2, 32);
}

inline void BeginningDigest::State::absorb(uint64_t word) {
  v3 ^= word;
  round();
  round();
  v0 ^= word;
}

BeginningDigest::BeginningDigest(const DigestKey& key, const char* text)
    : text_(text),
      state_{0x736f6d6570736575ULL ^ key.word(0), 0x646f72616e646f6dULL ^ key.word(1) ^ 0xee,
             0x6c7967656e657261ULL ^ key.word(0), 0x7465646279746573ULL ^ key.word(1)} {}

ValueDigest BeginningDigest::of(size_t length) {
  for (; absorbed_ + 8 <= length; absorbed_ += 8) state_.absorb(eight_at(text_ + absorbed_));
  uint64_t last = static_cast<uint64_t>(length) << 56;
  if (length > absorbed_) {
    uint64_t rest = 0;
    std::memcpy(&rest, text_ + absorbed_, length - absorbed_);
    last |= rest;
  }
  State state = state_;
  state.absorb(last);
  state.v2 ^= 0xee;
  for (int i = 0; i < 4; ++i) state.round();
  ValueDigest digest;
  digest.high = state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
  state.v1 ^= 0xdd;
  for (int i = 0; i < 4; ++i) state.round();
  digest.low = state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
  return digest;
}

ValueDigest digest_of(const DigestKey& key, std::string_view text) {
  return BeginningDigest(key, text.data()).of(text.size());
}

size_t class_of(size_t length) {
  size_t found = 0;
  while (found + 1 < kBeginnings.size() && kBeginnings[found + 1] <= length) ++found;
  return found;
}

uint32_t fingerprint_of_beginning(const DigestKey& key, const char* text, size_t length_class) {
  const size_t length = kBeginnings[length_class];
  uint64_t state = key.word(4) ^ length;
  for (size_t at = 0; at + 8 <= length; at += 8) state = mixed(state ^ eight_at(text + at), key.word(5) | 1);
  if (length % 8 != 0) state = mixed(state ^ eight_at(text + length - 8), key.word(3) | 1);
  return static_cast<uint32_t>(mixed(state, key.word(2) | 1));
}

}  // namespace summit::masking
