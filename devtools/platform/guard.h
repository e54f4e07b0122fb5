// Ends servers and removes files when this process is gone, however it goes.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "core/process.h"
#include "core/result.h"

namespace summit::platform {

// A process of its own that waits for our end. Destroying the object is an end as well, and returns when all
// is done: an orderly end and a crash take the same way.
class Guard {
 public:
  // When the time comes, the servers of these records are ended quickly (their data are nobody's any more),
  // then the directory is removed.
  static Result<Guard> start(const std::vector<std::filesystem::path>& process_records,
                             const std::optional<std::filesystem::path>& remove);
  Guard(Guard&&) noexcept = default;
  Guard& operator=(Guard&&) = delete;
  ~Guard();

 private:
  explicit Guard(std::unique_ptr<Process> process) : process_(std::move(process)) {}
  std::unique_ptr<Process> process_;  // nothing once moved from
};

}  // namespace summit::platform
