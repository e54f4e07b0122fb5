#include "stores/neo4j/pending_marker.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

namespace summit::neo4j {
namespace {

constexpr uint64_t kLargest = 4 * KiB;

fs::path file_of(const StoreLayout& layout) { return layout.data / "summit-dr-environment"; }

Error no_marker(const fs::path& file) {
  return Error(Code::kCorrupt, "{} is no marker of an environment", file.native())
      .hint("remove it, and say whose data these are: summit-dr env adopt NAME");
}

}  // namespace

Result<void> write_pending_marker(const StoreLayout& layout,
                                  const std::optional<config::EnvironmentMarker>& marker) {
  const fs::path file = file_of(layout);
  if (!marker) {
    if (!is_present(file)) return {};
    RETURN_IF_ERROR(remove_recursively(file));
    return fsync_directory(layout.data);
  }
  return write_file_durably(file, fmt::format("{}\n{}\n{}\n{}\n", marker->environment, marker->kind,
                                              marker->adopted_at, marker->identity));
}

Result<std::optional<config::EnvironmentMarker>> read_pending_marker(const StoreLayout& layout) {
  const fs::path file = file_of(layout);
  if (!is_present(file)) return std::optional<config::EnvironmentMarker>();
  ASSIGN_OR_RETURN(const auto content, read_file(file, kLargest));
  std::array<std::string, 4> lines;
  std::string_view rest = content;
  for (auto& line : lines) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos || end == 0) return no_marker(file);
    line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
  }
  if (!rest.empty()) return no_marker(file);
  return std::optional(config::EnvironmentMarker{lines[0], lines[1], lines[2], lines[3]});
}

}  // namespace summit::neo4j
