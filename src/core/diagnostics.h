// The last part of what a child said on standard error. Internal to core; use core/process.h.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "core/files.h"
#include "core/task_group.h"

namespace summit {

// How many bytes a pipe holds at this moment.
size_t bytes_waiting_in(int pipe);

inline constexpr size_t kDiagnosticsLimit = 64 * KiB;

// Reads a child's standard error to its end in a thread of its own, so that the child never blocks on it
// whatever we do, and keeps the last kDiagnosticsLimit bytes.
class DiagnosticsReader {
 public:
  static Result<std::unique_ptr<DiagnosticsReader>> start(UniqueFd pipe);
  ~DiagnosticsReader();

  // Takes what is in the pipe now, stops reading, and gives the tail. A grandchild that still holds the pipe
  // is not waited for.
  std::string finish();

 private:
  DiagnosticsReader(UniqueFd pipe, UniqueFd stop) : pipe_(std::move(pipe)), stop_(std::move(stop)) {}
  Result<void> read_until_stopped();
  // One block; false at the end of the pipe.
  bool take_block(size_t limit);
  void keep(std::string_view text);

  UniqueFd pipe_;
  UniqueFd stop_;
  std::string tail_;  // the reading thread's until it is joined
  TaskGroup thread_;
};

// The part of an output file that was written after this was made, as far as its last kDiagnosticsLimit
// bytes.
class OutputFileTail {
 public:
  explicit OutputFileTail(fs::path path);
  std::string read() const;

 private:
  fs::path path_;
  uint64_t start_ = 0;
};

}  // namespace summit
