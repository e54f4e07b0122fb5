// The Ed25519 key (RFC 8032) that signs certificates, and the public one that checks them.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/files.h"
#include "core/result.h"

namespace summit::recovery {

// Either half may be used by one thread at a time.
class SigningKey {
 public:
  // The private key in `path`; made there when there is none, mode 0600, with the public one beside it as
  // `<path>.pub`, both PEM. kRefused for a private key that others may read.
  static Result<SigningKey> open_or_create(const fs::path& path);
  // A public key in PEM: verifies only.
  static Result<SigningKey> read_public(const fs::path& path);
  // 64 hexadecimal digits: verifies only.
  static Result<SigningKey> from_public_hex(std::string_view hex);

  // 128 hexadecimal digits.
  Result<std::string> sign(std::string_view text) const;
  // False for every other text, key or signature.
  bool verify(std::string_view text, std::string_view signature_hex) const;
  std::string public_hex() const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { ::EVP_PKEY_free(key); }
  };
  explicit SigningKey(EVP_PKEY* key) : key_(key) {}
  std::unique_ptr<EVP_PKEY, Free> key_;
};

}  // namespace summit::recovery
