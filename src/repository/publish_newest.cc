// What BACKUP_BASE itself offers, for the documented `sha256sum -c ./backups/CHECKSUMS` and
// `pg_restore --list ./backups/postgres.dump`.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "repository/backup_id.h"
#include "repository/checksums.h"
#include "repository/file_lock.h"
#include "repository/plain_layout.h"

namespace summit::repository {
namespace {

struct Link {
  std::string_view name;       // in BACKUP_BASE
  std::string_view preferred;  // artifact, when a backup has it
  std::string_view prefix;     // otherwise its first artifact with this prefix and suffix
  std::string_view suffix;
};
constexpr Link kLinks[] = {{"postgres.dump", "postgres-full.dump", "postgres", ".dump"},
                           {"neo4j.dump", "neo4j.dump", "neo4j", ".dump"},
                           {"redis.rdb", "redis.rdb", "redis", ".rdb"}};

// `backups/<id>/<file>`: what `sha256sum -c` needs when it runs beside BACKUP_BASE.
std::string prefix_of(const fs::path& base, const std::string& id) {
  std::error_code ignored;
  fs::path absolute = fs::absolute(base, ignored).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();
  return absolute.filename().string() + "/" + id + "/";
}

// A list that somebody made by hand is not ours to replace.
bool is_ours(const std::vector<Checksum>& checksums) {
  return std::ranges::all_of(checksums, [](const Checksum& checksum) {
    const fs::path name(checksum.name);
    if (checksum.name.find("/repository/packs/") != std::string::npos) return true;
    return parse_backup_id(name.parent_path().filename().string()).ok();
  });
}

Result<void> renew_checksums(const fs::path& base, const std::string& newest) {
  const fs::path path = base / kChecksumsFile;
  if (fs::exists(fs::symlink_status(path))) {
    ASSIGN_OR_RETURN(const std::string present, read_file(path));
    const auto parsed = parse_checksums(present);
    if (!parsed.ok() || !is_ours(*parsed))
      return Error(Code::kAlreadyExists, "{} was not written by summit-dr and stays as it is", path.string())
          .hint(fmt::format("move it away: mv {0} {0}.old", path.string()));
  }
  ASSIGN_OR_RETURN(const std::string text, read_file(base / newest / kChecksumsFile));
  ASSIGN_OR_RETURN(auto checksums, parse_checksums(text), "in CHECKSUMS of {}", newest);
  const std::string prefix = prefix_of(base, newest);
  // Packs of the packed layout lie beside the backup: "../repository/packs/…".
  for (auto& checksum : checksums)
    checksum.name = fs::path(prefix + checksum.name).lexically_normal().string();
  return write_file_durably(path, format_checksums(checksums));
}

std::optional<std::string> artifact_for(const Link& link, const fs::path& directory) {
  std::error_code ignored;
  if (fs::is_regular_file(directory / link.preferred, ignored)) return std::string(link.preferred);
  const auto names = entry_names(directory);
  if (!names.ok()) return std::nullopt;
  const auto found = std::ranges::find_if(*names, [&](const std::string& name) {
    return name.starts_with(link.prefix) && name.ends_with(link.suffix);
  });
  if (found == names->end()) return std::nullopt;
  return *found;
}

Result<void> renew_link(const fs::path& base, const Link& link, const std::vector<std::string>& ids) {
  const fs::path path = base / link.name;
  const auto present = fs::symlink_status(path);
  if (fs::exists(present) && !fs::is_symlink(present))
    return Error(Code::kAlreadyExists, "{} is not a link of summit-dr and stays as it is", path.string())
        .hint(fmt::format("move it away: mv {0} {0}.old", path.string()));

  for (const auto& id : ids) {
    const auto artifact = artifact_for(link, base / id);
    if (!artifact) continue;
    // A link is made beside and renamed over, so that there is never a moment without one.
    const fs::path fresh = base / fmt::format(".link-{}", link.name);
    ::unlink(fresh.c_str());
    if (::symlink((fs::path(id) / *artifact).c_str(), fresh.c_str()) != 0)
      return errno_error(errno, fmt::format("cannot create {}", fresh.string()));
    return rename_durably(fresh, path);
  }
  if (fs::is_symlink(present) && ::unlink(path.c_str()) != 0 && errno != ENOENT)
    return errno_error(errno, fmt::format("cannot remove {}", path.string()));
  return {};
}

}  // namespace

std::vector<std::string> publish_newest(const fs::path& base) {
  std::vector<std::string> problems;
  const auto note = [&](const Result<void>& result) {
    if (!result.ok()) problems.push_back(result.error().to_string());
  };
  auto lock = FileLock::acquire(base / ".lock");
  if (!lock.ok()) return {lock.error().to_string()};
  auto ids = finished_ids(base);
  if (!ids.ok()) return {ids.error().to_string()};
  std::erase_if(*ids, [](const std::string& id) { return is_safety_backup(id); });
  if (!ids->empty()) note(renew_checksums(base, ids->front()));
  for (const auto& link : kLinks) note(renew_link(base, link, *ids));
  return problems;
}

}  // namespace summit::repository
