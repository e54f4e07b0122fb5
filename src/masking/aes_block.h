// AES-256 of single blocks (FIPS 197), by the processor's own instructions where it has them: a permutation
// encrypts thousands of blocks one after the other, each the input of the next, and a call of the library for
// each takes three times as long as the encryption.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "core/result.h"
#include "core/secret.h"

namespace summit::masking {

// One thread at a time.
class AesBlock {
 public:
  using Block = std::array<unsigned char, 16>;
  static constexpr size_t kKeySize = 32;

  // `key` has kKeySize bytes.
  static Result<AesBlock> create(const Secret& key);
  // By the library alone: for the test that both give the same.
  static Result<AesBlock> create_portable(const Secret& key);
  AesBlock(AesBlock&&) noexcept = default;
  AesBlock& operator=(AesBlock&&) noexcept = default;
  ~AesBlock();

  // False when the library fails, and then the content must not be used.
  [[nodiscard]] bool encrypt(Block& block);
  // The same for each of several, which takes a fraction of the time: the processor works on some at once.
  [[nodiscard]] bool encrypt(std::span<Block> blocks);

 private:
  static constexpr size_t kRoundKeys = 16;  // the last is not used
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const { ::EVP_CIPHER_CTX_free(context); }
  };
  AesBlock() = default;

  std::unique_ptr<EVP_CIPHER_CTX, Free> library_;                  // null: the processor does it
  alignas(16) std::array<unsigned char, 16 * kRoundKeys> keys_{};  // of the processor's rounds
};

}  // namespace summit::masking
