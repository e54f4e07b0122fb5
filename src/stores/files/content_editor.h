// Changes files while they are unpacked.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace summit::files {

class ContentEditor {
 public:
  enum class Action {
    kPass,  // byte for byte
    kDrop,  // not unpacked; what the target has at its place stays
    kEdit,  // its whole text is given to edit()
  };
  virtual ~ContentEditor() = default;
  // For every file, link and directory, by its path below the tree's root.
  virtual Action action(std::string_view path) const = 0;
  virtual Result<std::string> edit(const std::string& path, std::string text) = 0;
  // The path under which it is unpacked. Different ones stay different, and what is below a directory stays
  // below it.
  virtual Result<std::string> new_path(const std::string& path) { return path; }
};

// Larger ones than this cannot be edited.
inline constexpr uint64_t kLargestEditedFile = 64ULL * 1024 * 1024;

}  // namespace summit::files
