// Files whose content, modes and times are a function of the seed alone.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/files.h"

namespace summit::sample {

class FileTree {
 public:
  // Times of files lie before `until` (microseconds since 1970), one second apart.
  FileTree(fs::path root, int64_t until) : root_(std::move(root)), until_(until) {}

  const fs::path& root() const { return root_; }

  // Directories are made as needed. The path is relative; its bytes may be no UTF-8.
  Result<void> write(const fs::path& path, std::string_view content, mode_t mode = 0644);
  // `count` lines in bounded memory, `line_of(i)` for i from 1; each gets its line end.
  Result<void> write_lines(const fs::path& path, uint64_t count,
                           const std::function<std::string(uint64_t)>& line_of, mode_t mode = 0644);
  // A file with a hole of `hole` bytes before the content.
  Result<void> write_sparse(const fs::path& path, uint64_t hole, std::string_view content);
  Result<void> make_directory(const fs::path& path, mode_t mode = 0755);
  Result<void> link_to(const fs::path& path, const fs::path& target);
  Result<void> hard_link(const fs::path& path, const fs::path& existing);
  // Sets the times of all directories; call it last.
  Result<void> finish();

 private:
  Result<void> set_time(const fs::path& path);

  fs::path root_;
  int64_t until_;
  int64_t made_ = 0;
};

}  // namespace summit::sample
