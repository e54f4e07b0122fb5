// The transaction logs of a database: `neostore.transaction.db.N`, append-only, preallocated with zeros.
//
// Any front part of them is what a crash at that moment would have left: recovery drops an incomplete last
// transaction. So a log can be cut at any length, and the length noted at an instant *is* the recovery point.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"

namespace summit::neo4j {

// Files "<prefix><number>" of a directory, by number.
Result<std::vector<std::pair<uint64_t, fs::path>>> list_numbered(const fs::path& directory,
                                                                 std::string_view prefix);

// How far a preallocated file is written: behind its last byte that is not zero. Reads little: holes are
// skipped, and the search begins at the end.
Result<uint64_t> written_length(int fd, const fs::path& path);

// The logs of one database as they were at one moment. Holds them open, so that a log which the server prunes
// later can still be copied.
class LogCut {
 public:
  // Notes the lengths of all logs from number `first_needed` on (of all that are there, when that is not
  // known). kNotFound with a hint when a needed one is gone.
  static Result<LogCut> take(const fs::path& logs, std::optional<uint64_t> first_needed);

  // Copies what was noted into `target`, with some zeros behind it, as a preallocated log has them.
  Result<void> copy_into(const fs::path& target, Phase& phase, const Cancellation& cancellation) const;

  uint64_t bytes() const;
  size_t files() const { return files_.size(); }

 private:
  struct File {
    fs::path path;
    UniqueFd fd;
    uint64_t written = 0;
    uint64_t size = 0;
  };
  std::vector<File> files_;
};

}  // namespace summit::neo4j
