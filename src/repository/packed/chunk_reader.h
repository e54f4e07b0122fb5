// Reads contents back: in order, with requests, decompression and checks running ahead in threads.
//
// Every byte that comes out was proven by its chunk's id. Errors about content are kCorrupt and name the
// pack; kNotFound when one is gone.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "repository/packed/keyring.h"
#include "repository/packed/manifest_cursor.h"
#include "repository/packed/reference.h"
#include "repository/packed/relocation_map.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

struct ChunkReaderOptions {
  size_t workers =
      0;  // threads for each content that is read; 0: one for each core. More hide the latency of a far store
  uint64_t memory = 128 * MiB;
  Relocated relocated{};  // called by one thread at a time
};

// Thread-safe.
class ChunkReader {
 public:
  // The store and keyring outlive it.
  ChunkReader(storage::ObjectStore& store, const Keyring& keyring, ChunkReaderOptions options = {});
  ~ChunkReader();

  // Streams the content that these manifest blocks describe.
  using Consume = std::function<Result<void>(ByteView)>;
  Result<void> read(const std::vector<Reference>& blocks, const Consume& consume,
                    const Cancellation& cancellation = {});

  // One chunk.
  Result<std::string> read_chunk(const Reference& reference, const Cancellation& cancellation = {});

  // The entries of a content, for comparison with the next backup. Outlived by the reader.
  std::unique_ptr<ManifestCursor> cursor(std::vector<Reference> blocks,
                                         const Cancellation& cancellation = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace summit::repository::packed
