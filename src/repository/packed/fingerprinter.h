// A fast keyed fingerprint of bytes, for local caches only: several times as fast as the name that a chunk
// has in the repository.
//
// GMAC (NIST SP 800-38D) under one nonce: two different inputs of up to 4 MiB agree with a probability below
// 2^-108, for whoever knows neither the key nor any fingerprint. Hence a fingerprint never leaves the user's
// cache directory.
#pragma once

#include <array>
#include <memory>

#include "core/bytes.h"
#include "core/result.h"
#include "repository/packed/keyring.h"

namespace summit::repository::packed {

using Fingerprint = std::array<std::byte, 16>;

// One thread at a time.
class Fingerprinter {
 public:
  // Under a key of its own, derived from the newest generation's sub-key "cache".
  static Result<Fingerprinter> create(const Keyring& keyring);
  Fingerprinter(Fingerprinter&&) noexcept;
  Fingerprinter& operator=(Fingerprinter&&) noexcept;
  ~Fingerprinter();

  Result<Fingerprint> of(ByteView bytes);

 private:
  struct State;
  explicit Fingerprinter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace summit::repository::packed
