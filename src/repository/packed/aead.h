// AES-256-GCM: encryption that also proves that nothing was changed (NIST SP 800-38D).
//
// The caller chooses the nonce and must never seal twice with one pair of key and nonce: that would give away
// both plain texts and the power to forge. In this format a key is either used once, or counts its nonces
// from 0 (docs/formats/repository.md).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"

namespace summit::repository::packed {

inline constexpr size_t kAeadKeySize = 32;
inline constexpr size_t kAeadTagSize = 16;

using AeadNonce = std::array<std::byte, 12>;

// `0 u32 || ordinal u64`, little-endian.
AeadNonce nonce_of(uint64_t ordinal);

// One key, for any number of messages. Cheap to create (well under a microsecond for each kibibyte of a
// message): threads that work under the same key have one each. One thread at a time.
class Aead {
 public:
  // kFailed for a key that is not 32 bytes long.
  static Result<Aead> create(const Secret& key);
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;
  ~Aead();

  // Writes `plain.size() + kAeadTagSize` bytes, which must be the size of `sealed`. `sealed` may begin where
  // `plain` does, and must not overlap it otherwise. A message has less than 2 GiB.
  Result<void> seal(const AeadNonce& nonce, ByteView associated, ByteView plain, std::span<std::byte> sealed);

  // The mirror: `plain` has the size of `sealed` less kAeadTagSize, and may begin where it does. kCorrupt
  // when the key, the nonce, the associated data or the sealed bytes are not those of the seal; `plain` is
  // then zeros.
  Result<void> open(const AeadNonce& nonce, ByteView associated, ByteView sealed, std::span<std::byte> plain);

 private:
  struct State;
  explicit Aead(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace summit::repository::packed
