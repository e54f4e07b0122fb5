// The last log record that this user saw of a repository: whoever serves an older state later is found out.
//
// One small file a repository, "<id>.head", in a directory outside of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "core/digest.h"
#include "core/result.h"
#include "repository/packed/repository_id.h"

namespace summit::repository::packed {

struct LogHead {
  uint64_t number = 0;
  Sha256Digest hash{};
  friend bool operator==(const LogHead&, const LogHead&) = default;
};

// Nothing when none is remembered; kCorrupt when the file is not one of ours. `directory` may be empty:
// nothing is remembered then.
Result<std::optional<LogHead>> read_head(const std::filesystem::path& directory, const RepositoryId& id);
// Creates the directory when it is not there.
Result<void> write_head(const std::filesystem::path& directory, const RepositoryId& id, const LogHead& head);

}  // namespace summit::repository::packed
