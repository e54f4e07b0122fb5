#include "repository/packed/fingerprinter.h"

#include "repository/packed/key_derivation.h"
#include "repository/packed/openssl_handles.h"

namespace summit::repository::packed {

struct Fingerprinter::State {
  CipherContext context;
};

Fingerprinter::Fingerprinter(std::unique_ptr<State> state) : state_(std::move(state)) {}
Fingerprinter::Fingerprinter(Fingerprinter&&) noexcept = default;
Fingerprinter& Fingerprinter::operator=(Fingerprinter&&) noexcept = default;
Fingerprinter::~Fingerprinter() = default;

Result<Fingerprinter> Fingerprinter::create(const Keyring& keyring) {
  ASSIGN_OR_RETURN(const Secret cache, keyring.subkey(keyring.newest_generation(), Purpose::kCache));
  ASSIGN_OR_RETURN(const Secret key, derive_key(cache, {}, "fingerprint"));
  auto state = std::make_unique<State>(State{CipherContext(::EVP_CIPHER_CTX_new())});
  if (!state->context || ::EVP_CipherInit_ex(state->context.get(), ::EVP_aes_256_gcm(), nullptr,
                                             raw(key.reveal().data()), nullptr, 1) != 1)
    return openssl_failed("provide GMAC");
  return Fingerprinter(std::move(state));
}

Result<Fingerprint> Fingerprinter::of(ByteView bytes) {
  EVP_CIPHER_CTX* context = state_->context.get();
  constexpr std::array<unsigned char, 12> kNonce{};
  Fingerprint fingerprint;
  unsigned char none[1];
  int size = 0;
  if (::EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, kNonce.data(), -1) != 1 ||
      ::EVP_CipherUpdate(context, nullptr, &size, raw(bytes.data()), static_cast<int>(bytes.size())) != 1 ||
      ::EVP_CipherFinal_ex(context, none, &size) != 1 ||
      ::EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, static_cast<int>(fingerprint.size()),
                            fingerprint.data()) != 1)
    return openssl_failed("fingerprint bytes");
  return fingerprint;
}

}  // namespace summit::repository::packed
