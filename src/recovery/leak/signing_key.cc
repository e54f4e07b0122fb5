#include "recovery/leak/signing_key.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

namespace summit::recovery {
namespace {

constexpr size_t kPublicBytes = 32;
constexpr size_t kSignatureBytes = 64;
constexpr uint64_t kLargestKeyFile = 16 * KiB;

struct FreeBio {
  void operator()(BIO* bio) const { ::BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Bio memory_of(std::string_view text) {
  return Bio(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string content_of(BIO* bio) {
  char* data = nullptr;
  const long size = ::BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

Error library_error(std::string_view what) { return {Code::kFailed, "OpenSSL cannot {}", what}; }

Result<void> refuse_readable_by_others(const fs::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0)
    return errno_error(errno, fmt::format("cannot look at {}", path.string()));
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  return Error(Code::kRefused, "the signing key {} may be read by others (mode {:04o})", path.string(),
               status.st_mode & 07777u)
      .hint(fmt::format("chmod 600 {}", path.string()));
}

Result<void> write_pair(EVP_PKEY* key, const fs::path& path) {
  const Bio secret(::BIO_new(::BIO_s_secmem()));
  const Bio open(::BIO_new(::BIO_s_mem()));
  if (!secret || !open ||
      ::PEM_write_bio_PrivateKey(secret.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      ::PEM_write_bio_PUBKEY(open.get(), key) != 1)
    return library_error("write a key");
  RETURN_IF_ERROR(make_directories(path.parent_path(), 0700));
  RETURN_IF_ERROR(write_file_durably(path.string() + ".pub", content_of(open.get()), 0644));
  return write_file_durably(path, content_of(secret.get()), 0600);
}

}  // namespace

Result<SigningKey> SigningKey::open_or_create(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    SigningKey made(::EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    if (!made.key_) return library_error("make a signing key");
    RETURN_IF_ERROR(write_pair(made.key_.get(), path), "while making the key that signs certificates");
    return made;
  }
  RETURN_IF_ERROR(refuse_readable_by_others(path));
  ASSIGN_OR_RETURN(const auto pem, read_file(path, kLargestKeyFile));
  SigningKey key(::PEM_read_bio_PrivateKey(memory_of(pem).get(), nullptr, nullptr, nullptr));
  if (!key.key_ || ::EVP_PKEY_get_id(key.key_.get()) != EVP_PKEY_ED25519)
    return Error(Code::kCorrupt, "{} holds no Ed25519 key in PEM", path.string())
        .hint(fmt::format("move it away: the next masked restore makes a new one"));
  return key;
}

Result<SigningKey> SigningKey::read_public(const fs::path& path) {
  ASSIGN_OR_RETURN(const auto pem, read_file(path, kLargestKeyFile));
  SigningKey key(::PEM_read_bio_PUBKEY(memory_of(pem).get(), nullptr, nullptr, nullptr));
  if (!key.key_ || ::EVP_PKEY_get_id(key.key_.get()) != EVP_PKEY_ED25519)
    return Error(Code::kCorrupt, "{} holds no public Ed25519 key in PEM", path.string());
  return key;
}

Result<SigningKey> SigningKey::from_public_hex(std::string_view hex) {
  std::string raw;
  if (!from_hex(hex, raw) || raw.size() != kPublicBytes)
    return Error(Code::kCorrupt, "the public key is not {} bytes in hexadecimal", kPublicBytes);
  SigningKey key(::EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(raw), raw.size()));
  if (!key.key_) return Error(Code::kCorrupt, "the public key is no Ed25519 key");
  return key;
}

Result<std::string> SigningKey::sign(std::string_view text) const {
  const DigestContext context(::EVP_MD_CTX_new());
  std::array<unsigned char, kSignatureBytes> signature{};
  size_t size = signature.size();
  if (!context || ::EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      ::EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(text), text.size()) != 1)
    return library_error("sign");
  return to_hex(std::as_bytes(std::span(signature)));
}

bool SigningKey::verify(std::string_view text, std::string_view signature_hex) const {
  std::string signature;
  if (!from_hex(signature_hex, signature) || signature.size() != kSignatureBytes) return false;
  const DigestContext context(::EVP_MD_CTX_new());
  return context && ::EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
         ::EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text),
                            text.size()) == 1;
}

std::string SigningKey::public_hex() const {
  std::array<unsigned char, kPublicBytes> raw{};
  size_t size = raw.size();
  ::EVP_PKEY_get_raw_public_key(key_.get(), raw.data(), &size);
  return to_hex(std::as_bytes(std::span(raw)));
}

}  // namespace summit::recovery
