#include "masking/aes_block.h"

#include <openssl/crypto.h>

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace summit::masking {

#if defined(__x86_64__)
namespace {

bool has_instructions() { return __builtin_cpu_supports("aes") != 0; }

// The words of a round key, each with all before it.
[[gnu::target("aes,sse2")]] __m128i spread(__m128i key) {
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  return _mm_xor_si128(key, _mm_slli_si128(key, 4));
}

// The next two round keys: FIPS 197, section 5.2.
template <int kRoundConstant>
[[gnu::target("aes,sse2")]] __m128i* expand(__m128i* keys) {
  const __m128i rotated = _mm_shuffle_epi32(_mm_aeskeygenassist_si128(keys[1], kRoundConstant), 0xff);
  keys[2] = _mm_xor_si128(spread(keys[0]), rotated);
  const __m128i substituted = _mm_shuffle_epi32(_mm_aeskeygenassist_si128(keys[2], 0), 0xaa);
  keys[3] = _mm_xor_si128(spread(keys[1]), substituted);
  return keys + 2;
}

[[gnu::target("aes,sse2")]] void expand_key(const unsigned char* key, unsigned char* round_keys) {
  auto* keys = reinterpret_cast<__m128i*>(round_keys);
  keys[0] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(key));
  keys[1] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(key) + 1);
  keys = expand<0x01>(keys);
  keys = expand<0x02>(keys);
  keys = expand<0x04>(keys);
  keys = expand<0x08>(keys);
  keys = expand<0x10>(keys);
  keys = expand<0x20>(keys);
  expand<0x40>(keys);
}

constexpr size_t kLast = 14;  // round

[[gnu::target("aes,sse2")]] void encrypt_block(const unsigned char* round_keys, unsigned char* block) {
  const auto* keys = reinterpret_cast<const __m128i*>(round_keys);
  auto* const place = reinterpret_cast<__m128i*>(block);
  __m128i state = _mm_xor_si128(_mm_loadu_si128(place), keys[0]);
  for (size_t round = 1; round < kLast; ++round) state = _mm_aesenc_si128(state, keys[round]);
  _mm_storeu_si128(place, _mm_aesenclast_si128(state, keys[kLast]));
}

[[gnu::target("aes,sse2")]] void encrypt_four(const unsigned char* round_keys, unsigned char* blocks) {
  const auto* keys = reinterpret_cast<const __m128i*>(round_keys);
  auto* const places = reinterpret_cast<__m128i*>(blocks);
  __m128i a = _mm_xor_si128(_mm_loadu_si128(places), keys[0]);
  __m128i b = _mm_xor_si128(_mm_loadu_si128(places + 1), keys[0]);
  __m128i c = _mm_xor_si128(_mm_loadu_si128(places + 2), keys[0]);
  __m128i d = _mm_xor_si128(_mm_loadu_si128(places + 3), keys[0]);
  for (size_t round = 1; round < kLast; ++round) {
    a = _mm_aesenc_si128(a, keys[round]);
    b = _mm_aesenc_si128(b, keys[round]);
    c = _mm_aesenc_si128(c, keys[round]);
    d = _mm_aesenc_si128(d, keys[round]);
  }
  _mm_storeu_si128(places, _mm_aesenclast_si128(a, keys[kLast]));
  _mm_storeu_si128(places + 1, _mm_aesenclast_si128(b, keys[kLast]));
  _mm_storeu_si128(places + 2, _mm_aesenclast_si128(c, keys[kLast]));
  _mm_storeu_si128(places + 3, _mm_aesenclast_si128(d, keys[kLast]));
}

}  // namespace
#else
namespace {
bool has_instructions() { return false; }
void expand_key(const unsigned char*, unsigned char*) {}
void encrypt_block(const unsigned char*, unsigned char*) {}
void encrypt_four(const unsigned char*, unsigned char*) {}
}  // namespace
#endif

AesBlock::~AesBlock() { ::OPENSSL_cleanse(keys_.data(), keys_.size()); }

Result<AesBlock> AesBlock::create(const Secret& key) {
  if (!has_instructions()) return create_portable(key);
  AesBlock made;
  expand_key(reinterpret_cast<const unsigned char*>(key.reveal().data()), made.keys_.data());
  return made;
}

Result<AesBlock> AesBlock::create_portable(const Secret& key) {
  AesBlock made;
  made.library_.reset(::EVP_CIPHER_CTX_new());
  if (!made.library_ ||
      ::EVP_EncryptInit_ex2(made.library_.get(), EVP_aes_256_ecb(),
                            reinterpret_cast<const unsigned char*>(key.reveal().data()), nullptr,
                            nullptr) != 1 ||
      ::EVP_CIPHER_CTX_set_padding(made.library_.get(), 0) != 1)
    return Error(Code::kFailed, "OpenSSL cannot provide AES-256");
  return made;
}

bool AesBlock::encrypt(Block& block) {
  if (!library_) {
    encrypt_block(keys_.data(), block.data());
    return true;
  }
  int size = 0;
  return ::EVP_EncryptUpdate(library_.get(), block.data(), &size, block.data(),
                             static_cast<int>(block.size())) == 1 &&
         size == static_cast<int>(block.size());
}

bool AesBlock::encrypt(std::span<Block> blocks) {
  for (; !library_ && blocks.size() >= 4; blocks = blocks.subspan(4))
    encrypt_four(keys_.data(), blocks.front().data());
  return std::all_of(blocks.begin(), blocks.end(), [this](Block& block) { return encrypt(block); });
}

}  // namespace summit::masking
