// Names chunks: HMAC-SHA256 of their plain bytes under the sub-key "chunk-id".
//
// Keyed, so that nobody without the key can test whether a known file is in the repository.
#pragma once

#include <memory>

#include "core/bytes.h"
#include "core/result.h"
#include "core/secret.h"
#include "repository/packed/chunk_id.h"

namespace summit::repository::packed {

// One thread at a time; threads have one each.
class ChunkNamer {
 public:
  // `key` is the generation's sub-key for Purpose::kChunkId.
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
