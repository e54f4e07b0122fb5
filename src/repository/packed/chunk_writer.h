// Stores contents as deduplicated, compressed, sealed chunks.
//
// Callers only cut their bytes into batches; naming, looking up, compressing, sealing and uploading happen in
// threads of its own, with bounded queues in between: a write waits when they are behind. Nothing of it
// exists for others until the log's commit names it.
//
//   auto writer = ChunkWriter::create(store, keyring, index, epoch, options);
//   auto stream = writer->begin_stream();
//   stream->write(...); auto number = stream->finish();
//   auto written = writer->finish();    // written.contents[number], written.packs
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/cancellation.h"
#include "repository/packed/chunk_index.h"
#include "repository/packed/content.h"
#include "repository/packed/events.h"
#include "repository/packed/extent_writer.h"
#include "repository/packed/keyring.h"
#include "repository/packed/manifest_cursor.h"
#include "repository/packed/page_cache.h"
#include "repository/packed/reference.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

struct ChunkWriterOptions {
  int level = 1;       // zstd's, 1 to 19
  size_t workers = 0;  // threads that name and compress; 0: one for each core
  size_t uploads = 2;  // packs on their way at a time
  uint64_t pack_size = 32 * MiB;
  uint64_t memory = 192 * MiB;  // workers and packs become fewer and smaller until all of it fits
  PageCache* pages = nullptr;   // outlives the writer; without one no extent is patched
};

struct Written {
  std::vector<Content> contents;  // by the number that finish() of its writer gave
  std::vector<StoredPack> packs;  // made by this writer, all of them in the store
};

struct WriteCounters {
  uint64_t read_bytes = 0;    // of content
  uint64_t new_bytes = 0;     // plain bytes that were not there yet
  uint64_t stored_bytes = 0;  // of packs
  uint64_t chunks = 0;
  uint64_t new_chunks = 0;
  uint64_t taken_over_bytes = 0;  // by position in the previous content, without a lookup
};

class ChunkWriter {
 public:
  // The store, keyring and index outlive it. `epoch`: the number of the newest log record that was read.
  static Result<std::unique_ptr<ChunkWriter>> create(storage::ObjectStore& store, const Keyring& keyring,
                                                     ChunkIndex& index, uint64_t epoch,
                                                     const ChunkWriterOptions& options = {},
                                                     const Cancellation& cancellation = {});
  // Without finish(): stops the threads. Packs that arrived stay, unreferenced, until a collection.
  ~ChunkWriter();

  // Content-defined chunks, for streams that shift: dumps, archives. Any thread; each stream then has one
  // thread at a time, and ends before finish(). About 10 MiB each while open.
  Result<std::unique_ptr<ContentWriter>> begin_stream();
  // Fixed extents, for files whose bytes stay where they are.
  Result<std::unique_ptr<ExtentWriter>> begin_extents(std::unique_ptr<ManifestCursor> previous = nullptr);

  // Everything is durable in the store, and has its place. Once, by the thread that created the writer.
  Result<Written> finish();

  WriteCounters counters() const;

 private:
  struct State;
  explicit ChunkWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace summit::repository::packed
