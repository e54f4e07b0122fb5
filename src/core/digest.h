// SHA-256 (FIPS 180-4), in one go or as a stream.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>

#include "core/bytes.h"
#include "core/result.h"

namespace summit {

using Sha256Digest = std::array<std::byte, 32>;

// One thread at a time; cheap to reuse: finish() resets it.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(ByteView bytes);
  void update(std::string_view text) { update(as_bytes(text)); }
  Sha256Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Sha256Digest sha256(ByteView bytes);
inline std::string to_hex(const Sha256Digest& digest) { return to_hex(ByteView(digest)); }

// The digest of a file in one pass with a fixed buffer.
Result<Sha256Digest> sha256_of_file(const std::filesystem::path& path);

}  // namespace summit
