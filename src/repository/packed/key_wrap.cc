#include "repository/packed/key_wrap.h"

#include "repository/packed/openssl_handles.h"

namespace summit::repository::packed {
namespace {

constexpr size_t kKeySize = 32;

Result<CipherContext> context_for(const Secret& wrapping_key, bool wrap) {
  if (wrapping_key.reveal().size() != kKeySize)
    return Error(Code::kFailed, "a wrapping key has {} bytes, not {}", kKeySize,
                 wrapping_key.reveal().size());
  CipherContext context(::EVP_CIPHER_CTX_new());
  if (!context) return openssl_failed("wrap a key");
  ::EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  // No initial value: OpenSSL then uses that of the RFC.
  if (::EVP_CipherInit_ex(context.get(), ::EVP_aes_256_wrap(), nullptr, raw(wrapping_key.reveal().data()),
                          nullptr, wrap ? 1 : 0) != 1)
    return openssl_failed("provide AES key wrap");
  return context;
}

}  // namespace

Result<WrappedKey> wrap_key(const Secret& wrapping_key, const Secret& key) {
  if (key.reveal().size() != kKeySize)
    return Error(Code::kFailed, "a key to wrap has {} bytes, not {}", kKeySize, key.reveal().size());
  ASSIGN_OR_RETURN(const CipherContext context, context_for(wrapping_key, true));
  WrappedKey wrapped;
  int size = 0;
  if (::EVP_CipherUpdate(context.get(), raw(wrapped.data()), &size, raw(key.reveal().data()), kKeySize) !=
          1 ||
      size != static_cast<int>(kWrappedKeySize))
    return openssl_failed("wrap a key");
  return wrapped;
}

Result<Secret> unwrap_key(const Secret& wrapping_key, const WrappedKey& wrapped) {
  ASSIGN_OR_RETURN(const CipherContext context, context_for(wrapping_key, false));
  // OpenSSL wants room for a block more than the key.
  std::string buffer(kWrappedKeySize, '\0');
  int size = 0;
  if (::EVP_CipherUpdate(context.get(), raw(buffer.data()), &size, raw(wrapped.data()), kWrappedKeySize) !=
          1 ||
      size != static_cast<int>(kKeySize))
    return Error(Code::kCorrupt, "a wrapped key is damaged, or was wrapped by another key");
  buffer.resize(kKeySize);
  return Secret(std::move(buffer));
}

}  // namespace summit::repository::packed
