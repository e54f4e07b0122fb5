#include "repository/packed/key_derivation.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <vector>

#include "repository/packed/openssl_handles.h"

namespace summit::repository::packed {

Result<Secret> derive_key(const Secret& key, ByteView salt, std::string_view info) {
  const Kdf kdf(::EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  if (!kdf) return openssl_failed("provide HKDF");
  const KdfContext context(::EVP_KDF_CTX_new(kdf.get()));
  if (!context) return openssl_failed("begin HKDF");
  // OSSL_PARAM is not const-correct: OpenSSL only reads what these point to. It takes no empty value, which
  // means what leaving it out means.
  std::vector<OSSL_PARAM> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<char*>(key.reveal().data()),
                                        key.reveal().size())};
  if (!salt.empty())
    parameters.push_back(OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT,
                                                           const_cast<std::byte*>(salt.data()), salt.size()));
  if (!info.empty())
    parameters.push_back(
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, const_cast<char*>(info.data()), info.size()));
  parameters.push_back(OSSL_PARAM_construct_end());
  std::string derived(32, '\0');
  if (::EVP_KDF_derive(context.get(), raw(derived.data()), derived.size(), parameters.data()) != 1)
    return openssl_failed("derive a key");
  return Secret(std::move(derived));
}

}  // namespace summit::repository::packed
