// Reads contents back: in order, with requests, decompression and checks running ahead in threads.
//
// Every byte that comes out was proven by its chunk's id. Errors about content are kCorrupt and name the
// pack; kNotFound when one is gone.
#pragma once

#include <functional>
#include <memory>
#include <optional>
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
  // For one content that is read: a third for all that are read at the same time, the rest for each of them
  // (for a range 48 MiB of it at most).
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
  // Of that, the `size` bytes from `offset` on; kCorrupt when the content ends before they do. Of the
  // chunks only those are brought that hold some of these bytes; the manifest is read from its beginning,
  // once a reader. With two threads at most.
  Result<void> read_range(const std::vector<Reference>& blocks, uint64_t offset, uint64_t size,
                          const Consume& consume, const Cancellation& cancellation = {});

  // One chunk.
  Result<std::string> read_chunk(const Reference& reference, const Cancellation& cancellation = {});

  // The entries of a content, for comparison with the next backup. Outlived by the reader.
  std::unique_ptr<ManifestCursor> cursor(std::vector<Reference> blocks,
                                         const Cancellation& cancellation = {});

 private:
  struct State;
  // To the end of the content, wherever that is, when `size` is not given.
  Result<void> stream(const std::vector<Reference>& blocks, uint64_t offset, std::optional<uint64_t> size,
                      const Consume& consume, const Cancellation& cancellation);

  std::unique_ptr<State> state_;
};

}  // namespace summit::repository::packed
