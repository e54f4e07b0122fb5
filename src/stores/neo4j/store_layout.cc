#include "stores/neo4j/store_layout.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "core/text.h"

namespace summit::neo4j {
namespace {

// The last value of each setting, unquoted and unexpanded. An unreadable file has none: the defaults then
// apply.
std::map<std::string, std::string> read_settings(const fs::path& path) {
  std::map<std::string, std::string> settings;
  auto content = read_file(path, MiB);
  if (!content.ok()) return settings;
  std::string_view rest = *content;
  while (!rest.empty()) {
    const size_t line_end = rest.find('\n');
    const std::string_view line = trimmed(rest.substr(0, line_end));
    const size_t equals = line.find('=');
    if (equals != std::string_view::npos && !line.starts_with('#')) {
      settings[std::string(trimmed(line.substr(0, equals)))] = std::string(trimmed(line.substr(equals + 1)));
    }
    if (line_end == std::string_view::npos) break;
    rest.remove_prefix(line_end + 1);
  }
  return settings;
}

}  // namespace

std::optional<fs::path> configuration_directory(const config::Neo4jEndpoint& endpoint) {
  if (!endpoint.home.empty() && is_present(endpoint.home / "conf" / "neo4j.conf"))
    return endpoint.home / "conf";
  // Where the Debian and RPM packages put it.
  if (endpoint.home == "/var/lib/neo4j" && is_present("/etc/neo4j/neo4j.conf")) return fs::path("/etc/neo4j");
  return {};
}

Result<StoreLayout> layout_of(const config::Neo4jEndpoint& endpoint) {
  std::map<std::string, std::string> settings;
  if (const auto directory = configuration_directory(endpoint))
    settings = read_settings(*directory / "neo4j.conf");
  StoreLayout layout;
  if (!endpoint.data_directory.empty()) {
    layout.data = endpoint.data_directory;
  } else if (!endpoint.home.empty()) {
    const auto set = settings.find("server.directories.data");
    // operator/ keeps an absolute setting and resolves a relative one from the home, as the server does.
    layout.data = endpoint.home / (set == settings.end() ? fs::path("data") : fs::path(set->second));
  } else {
    return Error(Code::kConfig,
                 "the files of {} are not reachable: neither `home` nor `data_directory` is set",
                 endpoint.name)
        .hint(fmt::format("set `home` of the neo4j endpoint `{}` in config/environments.yaml, or NEO4J_HOME",
                          endpoint.name));
  }
  const auto root = settings.find("server.directories.transaction.logs.root");
  layout.transactions =
      layout.data / (root == settings.end() ? fs::path("transactions") : fs::path(root->second));
  return layout;
}

Result<bool> is_locked(const fs::path& lock_file) {
  UniqueFd fd(::open(lock_file.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == ENOENT) return false;
    return errno_error(errno, fmt::format("cannot open {}", lock_file.native()));
  }
  // Java's file locks are POSIX record locks, so the kernel can be asked who holds one.
  struct flock probe{};
  probe.l_type = F_WRLCK;
  probe.l_whence = SEEK_SET;
  if (::fcntl(fd.get(), F_GETLK, &probe) != 0) {
    return errno_error(errno, fmt::format("cannot ask for the lock of {}", lock_file.native()));
  }
  return probe.l_type != F_UNLCK;
}

FileKind kind_of(const fs::path& relative) {
  const std::string name = relative.filename().native();
  if (name == "database_lock" || name == "store_lock" || name.starts_with("id-buffer.tmp") ||
      name == "write.lock") {
    return FileKind::kTemporary;
  }
  if (*relative.begin() == "schema" || name.ends_with(".id") || name.ends_with(".counts.db") ||
      name.ends_with(".indexstats.db") || name.ends_with(".degrees.db")) {
    return FileKind::kDerived;
  }
  return FileKind::kRecords;
}

Result<std::vector<StoreFile>> list_files(const fs::path& store, FileKind kind) {
  std::vector<StoreFile> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(store, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code vanished;
    if (!entry->is_regular_file(vanished) || vanished) continue;
    const fs::path relative = entry->path().lexically_relative(store);
    if (kind_of(relative) != kind) continue;
    const uint64_t size = entry->file_size(vanished);
    if (!vanished) files.push_back({relative, size});
  }
  // A directory that vanishes while it is walked belongs to a dropped index; the store's own must be there.
  if (error && (error != std::errc::no_such_file_or_directory || !is_present(store))) {
    return errno_error(error.value(), fmt::format("cannot list {}", store.native()));
  }
  std::sort(files.begin(), files.end(),
            [](const StoreFile& a, const StoreFile& b) { return a.size > b.size; });
  return files;
}

bool is_present(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

uint64_t stored_bytes(const fs::path& store) {
  uint64_t sum = 0;
  for (const auto kind : {FileKind::kRecords, FileKind::kDerived}) {
    const auto files = list_files(store, kind);
    if (!files.ok()) continue;
    for (const auto& file : *files) sum += file.size;
  }
  return sum;
}

}  // namespace summit::neo4j
