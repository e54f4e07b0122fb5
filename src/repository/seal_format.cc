#include "repository/seal_format.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include <algorithm>

#include "core/digest.h"

namespace summit::repository {
namespace {

constexpr size_t kPassesAt = 8;
constexpr size_t kMemoryAt = 12;
constexpr size_t kSaltAt = 16;
constexpr size_t kFileSaltAt = 48;
constexpr size_t kCheckAt = 80;
constexpr size_t kDigestAt = 112;

// Limits of what a foreign header may make us spend.
constexpr uint32_t kMostPasses = 64;
constexpr uint32_t kMostMemoryKib = 4 * 1024 * 1024;

template <typename T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* object) const { Free(object); }
};
using Kdf = std::unique_ptr<EVP_KDF, Deleter<EVP_KDF, EVP_KDF_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, Deleter<EVP_KDF_CTX, EVP_KDF_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>>;

unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* raw(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }

Error crypto_failed(std::string_view what) { return Error(Code::kFailed, "OpenSSL cannot {}", what); }

Result<Secret> stretch(const Secret& passphrase, const std::byte* salt, StretchingCost cost) {
  std::string master(kSealKeySize, '\0');
  const int result =
      ::argon2id_hash_raw(cost.passes, cost.memory_kib, 1, passphrase.reveal().data(),
                          passphrase.reveal().size(), salt, kSealSaltSize, master.data(), master.size());
  if (result == ARGON2_MEMORY_ALLOCATION_ERROR)
    return Error(Code::kFailed, "stretching the passphrase needs {} of memory",
                 human_bytes(cost.memory_kib * KiB))
        .hint("free memory and run the same command again");
  if (result != ARGON2_OK)
    return Error(Code::kFailed, "cannot stretch the passphrase: {}", ::argon2_error_message(result));
  return Secret(std::move(master));
}

Result<Secret> derive(const Secret& master, const std::byte* salt, std::string_view purpose) {
  const Kdf kdf(::EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  if (!kdf) return crypto_failed("provide HKDF");
  const KdfContext context(::EVP_KDF_CTX_new(kdf.get()));
  if (!context) return crypto_failed("begin HKDF");
  // OSSL_PARAM is not const-correct: OpenSSL only reads what these point to.
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string("digest", const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_octet_string("key", const_cast<char*>(master.reveal().data()),
                                        master.reveal().size()),
      OSSL_PARAM_construct_octet_string("salt", const_cast<std::byte*>(salt), kSealSaltSize),
      OSSL_PARAM_construct_octet_string("info", const_cast<char*>(purpose.data()), purpose.size()),
      OSSL_PARAM_construct_end()};
  std::string key(kSealKeySize, '\0');
  if (::EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(key.data()), key.size(), parameters) !=
      1)
    return crypto_failed("derive a key");
  return Secret(std::move(key));
}

Result<Secret> derive_file_key(const Secret& master, const SealHeader& header) {
  return derive(master, header.data() + kFileSaltAt, "summit-dr seal: file key");
}
Result<Secret> derive_key_check(const Secret& master, const SealHeader& header) {
  return derive(master, header.data() + kFileSaltAt, "summit-dr seal: key check");
}

Sha256Digest digest_of(const SealHeader& header) { return sha256(ByteView(header.data(), kDigestAt)); }

}  // namespace

void store_little_endian(std::byte* to, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) to[i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
}

uint32_t load_u32(const std::byte* from) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= std::to_integer<uint32_t>(from[i]) << (8 * i);
  return value;
}

Result<SealedHeader> make_seal_header(const Secret& passphrase, StretchingCost cost) {
  SealHeader header{};
  std::ranges::copy(as_bytes(kSealMagic), header.begin());
  store_little_endian(header.data() + kPassesAt, cost.passes, 4);
  store_little_endian(header.data() + kMemoryAt, cost.memory_kib, 4);
  if (::RAND_bytes(raw(header.data() + kSaltAt), 2 * kSealSaltSize) != 1)
    return crypto_failed("give random bytes");
  ASSIGN_OR_RETURN(const Secret master, stretch(passphrase, header.data() + kSaltAt, cost));
  ASSIGN_OR_RETURN(const Secret check, derive_key_check(master, header));
  std::ranges::copy(as_bytes(check.reveal()), header.begin() + kCheckAt);
  std::ranges::copy(digest_of(header), header.begin() + kDigestAt);
  ASSIGN_OR_RETURN(Secret file_key, derive_file_key(master, header));
  return SealedHeader{header, std::move(file_key)};
}

Result<Secret> open_seal_header(const SealHeader& header, const SealingKey& key) {
  if (as_text(ByteView(header.data(), kSealMagic.size())) != kSealMagic)
    return Error(Code::kCorrupt, "this is no sealed file");
  if (!std::ranges::equal(digest_of(header), ByteView(header).subspan(kDigestAt)))
    return Error(Code::kCorrupt, "the header of the sealed file is damaged");
  const StretchingCost cost{load_u32(header.data() + kPassesAt), load_u32(header.data() + kMemoryAt)};
  if (cost.passes == 0 || cost.passes > kMostPasses || cost.memory_kib < 8 ||
      cost.memory_kib > kMostMemoryKib)
    return Error(Code::kCorrupt, "the header of the sealed file asks for {} passes over {} KiB", cost.passes,
                 cost.memory_kib);
  ASSIGN_OR_RETURN(const Secret master, stretch(key.passphrase, header.data() + kSaltAt, cost));
  ASSIGN_OR_RETURN(const Secret check, derive_key_check(master, header));
  if (::CRYPTO_memcmp(check.reveal().data(), header.data() + kCheckAt, kSealKeySize) != 0)
    return Error(Code::kWrongKey, "the key from {} does not open this file", key.source)
        .hint("set BACKUP_ENCRYPTION_KEY_FILE to the key with which the backup was made");
  return derive_file_key(master, header);
}

struct FrameCipher::State {
  CipherContext context;
  Direction direction;
  SealHeader header;
};

FrameCipher::FrameCipher(std::unique_ptr<State> state) : state_(std::move(state)) {}
FrameCipher::~FrameCipher() = default;

Result<std::unique_ptr<FrameCipher>> FrameCipher::create(Direction direction, const Secret& file_key,
                                                         const SealHeader& header) {
  auto state = std::make_unique<State>(State{CipherContext(::EVP_CIPHER_CTX_new()), direction, header});
  const auto* key = reinterpret_cast<const unsigned char*>(file_key.reveal().data());
  if (!state->context || file_key.reveal().size() != kSealKeySize ||
      ::EVP_CipherInit_ex(state->context.get(), ::EVP_aes_256_gcm(), nullptr, key, nullptr,
                          direction == Direction::kSeal ? 1 : 0) != 1)
    return crypto_failed("provide AES-256-GCM");
  return std::unique_ptr<FrameCipher>(new FrameCipher(std::move(state)));
}

Result<void> FrameCipher::begin(uint64_t number, uint32_t length) {
  std::array<std::byte, 12> nonce{};
  store_little_endian(nonce.data() + 4, number, 8);
  std::array<std::byte, 12> place{};
  store_little_endian(place.data(), number, 8);
  store_little_endian(place.data() + 8, length, 4);
  int ignored = 0;
  EVP_CIPHER_CTX* context = state_->context.get();
  if (::EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, raw(nonce.data()), -1) != 1 ||
      ::EVP_CipherUpdate(context, nullptr, &ignored, raw(state_->header.data()), kSealHeaderSize) != 1 ||
      ::EVP_CipherUpdate(context, nullptr, &ignored, raw(place.data()), place.size()) != 1)
    return crypto_failed("begin a frame");
  return {};
}

Result<void> FrameCipher::seal(uint64_t number, uint32_t length, ByteView plain, std::byte* output,
                               std::byte* tag) {
  RETURN_IF_ERROR(begin(number, length));
  int size = 0;
  EVP_CIPHER_CTX* context = state_->context.get();
  unsigned char none[1];
  if ((!plain.empty() && ::EVP_CipherUpdate(context, raw(output), &size, raw(plain.data()),
                                            static_cast<int>(plain.size())) != 1) ||
      ::EVP_CipherFinal_ex(context, none, &size) != 1 ||
      ::EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, kSealTagSize, raw(tag)) != 1)
    return crypto_failed("seal a frame");
  return {};
}

Result<bool> FrameCipher::open(uint64_t number, uint32_t length, ByteView sealed, const std::byte* tag,
                               std::byte* output) {
  RETURN_IF_ERROR(begin(number, length));
  int size = 0;
  EVP_CIPHER_CTX* context = state_->context.get();
  unsigned char none[1];
  std::array<std::byte, kSealTagSize> expected{};
  std::copy_n(tag, kSealTagSize, expected.begin());
  if ((!sealed.empty() && ::EVP_CipherUpdate(context, raw(output), &size, raw(sealed.data()),
                                             static_cast<int>(sealed.size())) != 1) ||
      ::EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kSealTagSize, raw(expected.data())) != 1)
    return crypto_failed("open a frame");
  return ::EVP_CipherFinal_ex(context, none, &size) == 1;
}

}  // namespace summit::repository
