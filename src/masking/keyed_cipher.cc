#include "masking/keyed_cipher.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <string>

namespace summit::masking {
namespace {

constexpr size_t kShortestKey = 16;
constexpr size_t kSubkeySize = 32;

Error openssl_failed(std::string_view what) { return Error(Code::kFailed, "OpenSSL cannot {}", what); }

const unsigned char* raw(const char* text) { return reinterpret_cast<const unsigned char*>(text); }
unsigned char* raw(char* text) { return reinterpret_cast<unsigned char*>(text); }

struct FreeKdf {
  void operator()(EVP_KDF* kdf) const { ::EVP_KDF_free(kdf); }
  void operator()(EVP_KDF_CTX* context) const { ::EVP_KDF_CTX_free(context); }
};

Result<Secret> derive(const Secret& key, std::string info) {
  const std::unique_ptr<EVP_KDF, FreeKdf> kdf(::EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  if (!kdf) return openssl_failed("provide HKDF");
  const std::unique_ptr<EVP_KDF_CTX, FreeKdf> context(::EVP_KDF_CTX_new(kdf.get()));
  if (!context) return openssl_failed("begin HKDF");
  // OSSL_PARAM is not const-correct: OpenSSL only reads what these point to.
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<char*>(key.reveal().data()),
                                        key.reveal().size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end()};
  std::string derived(kSubkeySize, '\0');
  if (::EVP_KDF_derive(context.get(), raw(derived.data()), derived.size(), parameters) != 1)
    return openssl_failed("derive a key");
  return Secret(std::move(derived));
}

struct FreeMac {
  void operator()(EVP_MAC* mac) const { ::EVP_MAC_free(mac); }
};

}  // namespace

Result<KeyedCipher> KeyedCipher::create(const Secret& key, std::string_view purpose) {
  if (key.reveal().size() < kShortestKey) {
    return Error(Code::kKeyMissing, "the masking key has {} bytes, and {} are the least", key.reveal().size(),
                 kShortestKey)
        .hint("set SANITIZATION_KEY to the output of `openssl rand -hex 32`");
  }
  ASSIGN_OR_RETURN(const auto cipher_key, derive(key, fmt::format("summit-dr masking: {}", purpose)));
  ASSIGN_OR_RETURN(auto cipher, AesBlock::create(cipher_key));
  KeyedCipher made(std::move(cipher));
  ASSIGN_OR_RETURN(const auto mac_key, derive(key, fmt::format("summit-dr masking digest: {}", purpose)));
  const std::unique_ptr<EVP_MAC, FreeMac> mac(::EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  if (!mac) return openssl_failed("provide HMAC");
  made.mac_.reset(::EVP_MAC_CTX_new(mac.get()));
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_end()};
  if (!made.mac_ ||
      ::EVP_MAC_init(made.mac_.get(), raw(mac_key.reveal().data()), kSubkeySize, parameters) != 1)
    return openssl_failed("provide HMAC-SHA256");
  return made;
}

bool KeyedCipher::digest(unsigned char index, std::string_view text, Digest& digest) {
  size_t size = 0;
  // Without a key: begins anew under the one that is set.
  return ::EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) == 1 &&
         ::EVP_MAC_update(mac_.get(), &index, 1) == 1 &&
         ::EVP_MAC_update(mac_.get(), raw(text.data()), text.size()) == 1 &&
         ::EVP_MAC_final(mac_.get(), digest.data(), &size, digest.size()) == 1 && size == digest.size();
}

}  // namespace summit::masking
