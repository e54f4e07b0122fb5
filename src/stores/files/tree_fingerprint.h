// The fingerprint of a tree of files. Format: docs/formats/files-archive.md.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "core/fingerprint.h"

namespace summit::files {

// One per regular file (each hard link by itself), directory and symbolic link. Owners and times are no part
// of it: a restore by an ordinary user cannot set the former.
class TreeFingerprint {
 public:
  void add_file(std::string_view path, mode_t mode, uint64_t size, const Sha256Digest& content);
  void add_directory(std::string_view path, mode_t mode);
  void add_link(std::string_view path, std::string_view target);

  uint64_t count() const { return set_.count(); }
  std::string hex() const { return set_.hex(); }

 private:
  void add(std::string_view path, char type, std::string_view mode, std::string_view size,
           std::string_view content);
  SetHash set_;
};

}  // namespace summit::files
