// The checkpoint log of a database: `checkpoint.N` beside its transaction logs. Format:
// docs/formats/neo4j-hot-copy.md.
//
// The last entry says where recovery begins. A copy of a running server must be recovered from a checkpoint
// that lies before the copy, so these files are read first, kept in memory, and put into the copy last.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/result.h"

namespace summit::neo4j {

struct CheckpointFile {
  std::string name;     // "checkpoint.0"
  std::string content;  // up to its last byte that is not zero
  uint64_t size = 0;    // with the zeros that follow
  friend bool operator==(const CheckpointFile&, const CheckpointFile&) = default;
};

// All checkpoint files of `logs` (the directory of one database), by number. kNotFound when there is none.
Result<std::vector<CheckpointFile>> read_checkpoint_files(const fs::path& logs);

// Writes them into `logs` with their full size.
Result<void> write_checkpoint_files(const std::vector<CheckpointFile>& files, const fs::path& logs);

// The lowest number of a transaction log that recovery from these checkpoints may read. Nothing when the
// entries are of a form that this program does not know: then every log may be needed.
std::optional<uint64_t> first_needed_log(const std::vector<CheckpointFile>& files);

}  // namespace summit::neo4j
