#include "core/digest.h"

#include <openssl/sha.h>

#include <vector>

#include "core/files.h"

namespace summit {

// These functions, none of which can fail, are deprecated in favour of EVP, whose layers take as long as
// hashing a short row does.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

struct Sha256::State {
  SHA256_CTX context{};
};

Sha256::Sha256() : state_(std::make_unique<State>()) { SHA256_Init(&state_->context); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView bytes) { SHA256_Update(&state_->context, bytes.data(), bytes.size()); }

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  SHA256_Final(reinterpret_cast<unsigned char*>(digest.data()), &state_->context);
  SHA256_Init(&state_->context);
  return digest;
}

#pragma GCC diagnostic pop

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
