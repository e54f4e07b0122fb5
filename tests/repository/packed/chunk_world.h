// A store in memory with a writer's and a reader's side, and bytes to store in it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/files.h"
#include "repository/packed/chunk_reader.h"
#include "repository/packed/chunk_writer.h"
#include "tests/storage/testing/memory_store.h"

namespace summit::repository::packed::testing {

// The same for each seed. Not compressible.
inline std::string random_text(size_t size, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::string text(size + 8, '\0');
  for (size_t i = 0; i < size; i += 8) {
    const uint64_t word = generator();
    std::memcpy(text.data() + i, &word, 8);
  }
  text.resize(size);
  return text;
}

// Compressible: numbered rows.
inline std::string rows(size_t count, uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text += fmt::format("{}\tuser-{}\t{{\"score\": {}, \"state\": \"open\"}}\n", i, generator() % 100000,
                        generator() % 1000);
  return text;
}

inline ChunkWriterOptions small_options() { return {.workers = 2, .uploads = 1, .pack_size = 4 * MiB}; }

struct ChunkWorld {
  storage::MemoryStore store;
  Keyring keyring = Keyring::create(RepositoryId::random()).value();
  TemporaryDirectory cache = TemporaryDirectory::create(fs::temp_directory_path(), "chunks-").value();
  std::unique_ptr<ChunkIndex> index = ChunkIndex::open(cache.path(), keyring).value();
  std::unique_ptr<PageCache> pages = PageCache::open(cache.path(), keyring).value();
  uint64_t epoch = 1;

  Result<std::unique_ptr<ChunkWriter>> writer(ChunkWriterOptions options = small_options()) {
    options.pages = pages.get();
    return ChunkWriter::create(store, keyring, *index, epoch, options);
  }

  // One content in one run.
  Result<Written> write_stream(std::string_view text) {
    ASSIGN_OR_RETURN(const auto chunks, writer());
    ASSIGN_OR_RETURN(const auto stream, chunks->begin_stream());
    RETURN_IF_ERROR(stream->write(as_bytes(text)));
    RETURN_IF_ERROR(stream->finish());
    return chunks->finish();
  }
  Result<Written> write_file(std::string_view text, const std::vector<Reference>& previous = {},
                             WriteCounters* counters = nullptr) {
    ChunkReader reader(store, keyring);
    ASSIGN_OR_RETURN(const auto chunks, writer());
    ASSIGN_OR_RETURN(const auto file, chunks->begin_extents(reader.cursor(previous)));
    RETURN_IF_ERROR(file->begin_file(0));
    RETURN_IF_ERROR(file->write(as_bytes(text)));
    RETURN_IF_ERROR(file->finish());
    ASSIGN_OR_RETURN(Written written, chunks->finish());
    if (counters != nullptr) *counters = chunks->counters();
    return written;
  }

  Result<std::string> read(const Content& content, ChunkReaderOptions options = {}) {
    ChunkReader reader(store, keyring, std::move(options));
    std::string text;
    RETURN_IF_ERROR(reader.read(content.blocks, [&](ByteView bytes) -> Result<void> {
      text += as_text(bytes);
      return {};
    }));
    return text;
  }

  uint64_t stored_bytes() const {
    uint64_t total = 0;
    for (const auto& [key, content] : store.contents()) total += content.size();
    return total;
  }
};

}  // namespace summit::repository::packed::testing
