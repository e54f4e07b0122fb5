// How much of a packed backup an earlier one does not hold already, chunk by chunk.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/cancellation.h"
#include "core/result.h"
#include "repository/packed/chunk_reader.h"
#include "repository/packed/events.h"
#include "repository/packed/packed_repository.h"

namespace summit::repository::packed {

struct NewBytes {
  uint64_t plain = 0;   // of the chunks (and page patches) that the first backup does not reference
  uint64_t stored = 0;  // about as much as they take, compressed with their neighbours
};

struct ChunkComparison {
  NewBytes total;
  std::map<std::string, NewBytes> by_artifact;  // of the second; a chunk counts where it comes first
};

// Reads both manifests, and no content. Under a newer generation of the master key everything is new. Memory:
// 8 bytes for each chunk of the first and each new one of the second, besides the reader's own.
Result<ChunkComparison> compare_chunks(ChunkReader& reader, const CommitEvent& first,
                                       const CommitEvent& second, const Cancellation& cancellation = {});

// The same for two live backups of one repository. kNotFound when one is not there.
Result<ChunkComparison> compare_backups(const PackedRepository& repository, const std::string& first,
                                        const std::string& second, const Cancellation& cancellation = {});

}  // namespace summit::repository::packed
