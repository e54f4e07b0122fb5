// The two keyed functions that pseudonyms are made of: AES-256 on one block, and HMAC-SHA-256.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "core/result.h"
#include "core/secret.h"
#include "masking/aes_block.h"

namespace summit::masking {

// Both under sub-keys of one key: HKDF-SHA-256 with "summit-dr masking: <purpose>". One thread at a time.
class KeyedCipher {
 public:
  using Block = AesBlock::Block;
  using Digest = std::array<unsigned char, 32>;

  // kKeyMissing for a key under 16 bytes. `purpose` keeps the kinds of pseudonyms apart: "email", "phone".
  static Result<KeyedCipher> create(const Secret& key, std::string_view purpose);

  // False when the library fails, and then the content must not be used.
  [[nodiscard]] bool encrypt(Block& block) { return cipher_.encrypt(block); }
  [[nodiscard]] bool encrypt(std::span<Block> blocks) { return cipher_.encrypt(blocks); }
  // Of `index` and `text`; other indexes give independent digests of the same text.
  [[nodiscard]] bool digest(unsigned char index, std::string_view text, Digest& digest);

 private:
  struct Free {
    void operator()(EVP_MAC_CTX* context) const { ::EVP_MAC_CTX_free(context); }
  };
  explicit KeyedCipher(AesBlock cipher) : cipher_(std::move(cipher)) {}

  AesBlock cipher_;
  std::unique_ptr<EVP_MAC_CTX, Free> mac_;
};

}  // namespace summit::masking
