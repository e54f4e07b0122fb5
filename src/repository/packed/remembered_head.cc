#include "repository/packed/remembered_head.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/files.h"
#include "core/text.h"

namespace summit::repository::packed {
namespace {

fs::path head_path(const fs::path& directory, const RepositoryId& id) {
  return directory / (id.to_hex() + ".head");
}

Error not_ours(const fs::path& path) {
  return Error(Code::kCorrupt, "{} does not say which log record was seen last", path.native())
      .hint("remove it if you trust the repository as it is now");
}

}  // namespace

Result<std::optional<LogHead>> read_head(const fs::path& directory, const RepositoryId& id) {
  if (directory.empty()) return std::optional<LogHead>();
  const fs::path path = head_path(directory, id);
  auto text = read_file(path, 4 * KiB);
  if (!text.ok() && text.error().code() == Code::kNotFound) return std::optional<LogHead>();
  if (!text.ok()) return std::move(text).error();
  const std::string_view line = trimmed(*text);
  const size_t space = line.find(' ');
  LogHead head;
  std::string digest;
  if (space == std::string_view::npos || !from_hex(line.substr(space + 1), digest) ||
      digest.size() != head.hash.size())
    return not_ours(path);
  const auto number = parse_number<uint64_t>(std::string_view(line).substr(0, space));
  if (!number) return not_ours(path);
  head.number = *number;
  std::ranges::copy(as_bytes(digest), head.hash.begin());
  return std::optional(head);
}

Result<void> write_head(const fs::path& directory, const RepositoryId& id, const LogHead& head) {
  if (directory.empty()) return {};
  RETURN_IF_ERROR(make_directories(directory, 0700));
  return write_file_durably(head_path(directory, id), fmt::format("{} {}\n", head.number, to_hex(head.hash)),
                            0600);
}

}  // namespace summit::repository::packed
