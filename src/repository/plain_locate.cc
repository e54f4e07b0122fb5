#include "repository/plain_locate.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include "repository/backup_id.h"
#include "repository/backup_repository.h"
#include "repository/plain_layout.h"
#include "repository/plain_reader.h"

namespace summit::repository {
namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string hint_for(const fs::path& base, const std::string& id) {
  auto ids = finished_ids(base);
  if (!ids.ok() || ids->empty())
    return fmt::format("there is no backup in {}: run `summit-dr backup`", base.string());
  std::ranges::stable_sort(*ids, {},
                           [&](const std::string& candidate) { return edit_distance(candidate, id); });
  ids->resize(std::min<size_t>(ids->size(), 3));
  return fmt::format("nearest: {}; all of them: summit-dr list", fmt::join(*ids, ", "));
}

// A directory that was copied or renamed still says in its metadata which backup it is.
std::optional<LocatedBackup> renamed_backup(std::string_view reference) {
  while (reference.size() > 1 && reference.back() == ':') reference.remove_suffix(1);
  std::error_code ignored;
  fs::path directory{std::string(reference)};
  if (fs::is_regular_file(directory, ignored)) directory = directory.parent_path();
  if (reference.empty() || !fs::is_directory(directory, ignored)) return std::nullopt;
  auto metadata = read_metadata_file(directory);
  if (!metadata.ok()) return std::nullopt;
  return LocatedBackup{std::move(metadata->id), std::move(directory)};
}

}  // namespace

Result<LocatedBackup> locate_directory(const fs::path& base, std::string_view text) {
  auto reference = parse_reference(text);
  std::error_code ignored;
  if (reference.ok()) {
    const fs::path parent = reference->base.empty() ? base : fs::path(reference->base);
    const fs::path directory = parent / reference->id;
    if (fs::is_directory(directory, ignored)) return LocatedBackup{reference->id, directory};
    // "backups/ID" typed outside the project names a backup of BACKUP_BASE all the same, unless it is an
    // absolute path.
    const fs::path in_base = base / reference->id;
    if (parent.is_relative() && fs::is_directory(in_base, ignored))
      return LocatedBackup{reference->id, in_base};
    if (auto renamed = renamed_backup(text)) return *std::move(renamed);
    if (!fs::is_directory(parent, ignored))
      return Error(Code::kRepositoryMissing, "there are no backups at {}", parent.string())
          .hint("make one with `summit-dr backup`, or set BACKUP_BASE to where yours are");
    return Error(Code::kNotFound, "backup {} is not in {}", reference->id, parent.string())
        .hint(hint_for(base, reference->id));
  }
  if (auto renamed = renamed_backup(text)) return *std::move(renamed);
  if (fs::exists(fs::path(std::string(text)), ignored))
    return Error(Code::kNotFound, "{} holds no backup: there is no readable {}", text, kMetadataFile)
        .hint("summit-dr list");
  return Error(Code::kNotFound, "there is no backup `{}`", text).hint(hint_for(base, std::string(text)));
}

}  // namespace summit::repository
