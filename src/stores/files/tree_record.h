// What a backup remembers of a tree beside its content: the value of the metadata's detail `tree:<name>`.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "core/result.h"
#include "stores/files/selection.h"

namespace summit::files {

struct TreeRecord {
  std::string artifact;  // empty: the tree is part of a shared one
  std::string root;      // where it was
  TreePatterns patterns;
  uint64_t files = 0;
  uint64_t bytes = 0;
  std::set<std::string> sealed_paths;  // secret by content
};

inline constexpr std::string_view kTreeDetailPrefix = "tree:";

std::string to_json(const TreeRecord& record);
// kCorrupt when the text is no such record.
Result<TreeRecord> tree_record_from_json(std::string_view text);

}  // namespace summit::files
