// The name of a chunk: the HMAC-SHA256 of its plain bytes under a generation's sub-key "chunk-id".
//
// Equal bytes have one name in a generation; who lacks the key cannot tell from a name whether he guessed the
// bytes.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"

namespace summit::repository::packed {

struct ChunkId {
  std::array<std::byte, 32> bytes{};

  ByteView view() const { return bytes; }
  std::string to_hex() const { return summit::to_hex(ByteView(bytes)); }
  auto operator<=>(const ChunkId&) const = default;
};

// An id is uniformly distributed already: its first bytes are a hash of it.
struct ChunkIdHash {
  size_t operator()(const ChunkId& id) const noexcept {
    size_t hash = 0;
    std::memcpy(&hash, id.bytes.data(), sizeof hash);
    return hash;
  }
};

// Names chunks under one key. One thread at a time; threads that work under the same key have one each.
class ChunkNamer {
 public:
  static Result<ChunkNamer> create(const Secret& key);
  ChunkNamer(ChunkNamer&&) noexcept;
  ChunkNamer& operator=(ChunkNamer&&) noexcept;
  ~ChunkNamer();

  Result<ChunkId> name(ByteView plain);

 private:
  struct State;
  explicit ChunkNamer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace summit::repository::packed
