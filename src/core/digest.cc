#include "core/digest.h"

#include <openssl/evp.h>

#include <new>
#include <vector>

#include "core/files.h"

namespace summit {

namespace {

struct FreeDigest {
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

struct Sha256::State {
  // Fetched once: a fetch walks OpenSSL's providers under a lock, and costs more than hashing a row.
  std::unique_ptr<EVP_MD, FreeDigest> algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};

  // With these arguments OpenSSL fails only for want of memory.
  static void must(bool succeeded) {
    if (!succeeded) throw std::bad_alloc();
  }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  State::must(state_->algorithm && state_->context);
  State::must(EVP_DigestInit_ex2(state_->context.get(), state_->algorithm.get(), nullptr) == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView bytes) {
  State::must(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  auto* out = reinterpret_cast<unsigned char*>(digest.data());
  State::must(EVP_DigestFinal_ex(state_->context.get(), out, nullptr) == 1);
  State::must(EVP_DigestInit_ex2(state_->context.get(), nullptr, nullptr) == 1);
  return digest;
}

Sha256Digest sha256(ByteView bytes) {
  // One a thread: fingerprints call this once a row.
  thread_local Sha256 hasher;
  hasher.update(bytes);
  return hasher.finish();
}

Result<Sha256Digest> sha256_of_file(const fs::path& path) {
  ASSIGN_OR_RETURN(const UniqueFd fd, open_for_reading(path));
  std::vector<std::byte> buffer(256 * KiB);
  Sha256 hasher;
  while (true) {
    ASSIGN_OR_RETURN(const size_t size, read_some(fd.get(), buffer.data(), buffer.size(), path));
    if (size == 0) return hasher.finish();
    hasher.update(ByteView(buffer).first(size));
  }
}

}  // namespace summit
