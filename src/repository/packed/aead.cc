#include "repository/packed/aead.h"

#include <algorithm>
#include <limits>

#include "repository/packed/openssl_handles.h"

namespace summit::repository::packed {
namespace {

constexpr size_t kLargestMessage = std::numeric_limits<int>::max() - kAeadTagSize;

Result<CipherContext> context_for(const Secret& key, bool seal) {
  CipherContext context(::EVP_CIPHER_CTX_new());
  if (!context || ::EVP_CipherInit_ex(context.get(), ::EVP_aes_256_gcm(), nullptr, raw(key.reveal().data()),
                                      nullptr, seal ? 1 : 0) != 1)
    return openssl_failed("provide AES-256-GCM");
  return context;
}

// The key schedule stays; only nonce and associated data are new.
Result<void> begin(EVP_CIPHER_CTX* context, const AeadNonce& nonce, ByteView associated) {
  int ignored = 0;
  if (::EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, raw(nonce.data()), -1) != 1 ||
      (!associated.empty() && ::EVP_CipherUpdate(context, nullptr, &ignored, raw(associated.data()),
                                                 static_cast<int>(associated.size())) != 1))
    return openssl_failed("begin a sealed message");
  return {};
}

bool transform(EVP_CIPHER_CTX* context, ByteView input, std::byte* output) {
  int size = 0;
  return input.empty() || ::EVP_CipherUpdate(context, raw(output), &size, raw(input.data()),
                                             static_cast<int>(input.size())) == 1;
}

}  // namespace

AeadNonce nonce_of(uint64_t ordinal) {
  AeadNonce nonce{};
  for (size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::byte>(ordinal >> (8 * i) & 0xff);
  return nonce;
}

struct Aead::State {
  CipherContext sealing;
  CipherContext opening;
};

Aead::Aead(std::unique_ptr<State> state) : state_(std::move(state)) {}
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;

Result<Aead> Aead::create(const Secret& key) {
  if (key.reveal().size() != kAeadKeySize)
    return Error(Code::kFailed, "a sealing key has {} bytes, not {}", kAeadKeySize, key.reveal().size());
  auto state = std::make_unique<State>();
  ASSIGN_OR_RETURN(state->sealing, context_for(key, true));
  ASSIGN_OR_RETURN(state->opening, context_for(key, false));
  return Aead(std::move(state));
}

Result<void> Aead::seal(const AeadNonce& nonce, ByteView associated, ByteView plain,
                        std::span<std::byte> sealed) {
  if (plain.size() > kLargestMessage || sealed.size() != plain.size() + kAeadTagSize)
    return Error(Code::kFailed, "{} bytes cannot be sealed into {}", plain.size(), sealed.size());
  EVP_CIPHER_CTX* context = state_->sealing.get();
  RETURN_IF_ERROR(begin(context, nonce, associated));
  unsigned char none[1];
  int size = 0;
  if (!transform(context, plain, sealed.data()) || ::EVP_CipherFinal_ex(context, none, &size) != 1 ||
      ::EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, kAeadTagSize, sealed.data() + plain.size()) != 1)
    return openssl_failed("seal a message");
  return {};
}

Result<void> Aead::open(const AeadNonce& nonce, ByteView associated, ByteView sealed,
                        std::span<std::byte> plain) {
  const Error damaged(Code::kCorrupt,
                      "the seal is broken: the bytes are not those that were sealed, or not by this key");
  if (sealed.size() < kAeadTagSize) return damaged;
  if (sealed.size() - kAeadTagSize > kLargestMessage || plain.size() != sealed.size() - kAeadTagSize)
    return Error(Code::kFailed, "{} sealed bytes cannot be opened into {}", sealed.size(), plain.size());
  // Copied first: `plain` may lie over the sealed bytes, and OpenSSL takes no const tag.
  std::array<std::byte, kAeadTagSize> tag{};
  std::ranges::copy(sealed.last<kAeadTagSize>(), tag.begin());

  EVP_CIPHER_CTX* context = state_->opening.get();
  RETURN_IF_ERROR(begin(context, nonce, associated));
  if (!transform(context, sealed.first(plain.size()), plain.data()) ||
      ::EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kAeadTagSize, tag.data()) != 1)
    return openssl_failed("open a sealed message");
  unsigned char none[1];
  int size = 0;
  if (::EVP_CipherFinal_ex(context, none, &size) == 1) return {};
  std::ranges::fill(plain, std::byte{0});
  return damaged;
}

}  // namespace summit::repository::packed
