#include "stores/files/restore.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "stores/files/env_file.h"
#include "stores/files/file_reader.h"
#include "stores/files/unpack.h"

namespace summit::files {
namespace {

constexpr uint64_t kLargestEnvFile = 16 * MiB;

// Whether the restore that made this staging directory still runs: it holds a lock that dies with it.
bool is_at_work(int root, const std::string& name) {
  const auto staging = open_child_directory(root, name, name);
  return staging.ok() && ::flock(staging->get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<void> remove_leftovers(const fs::path& root, int root_fd) {
  ASSIGN_OR_RETURN(const auto names, names_in(root_fd, root.string()));
  for (const auto& name : names)
    if (name.starts_with(kStagingPrefix) && !is_at_work(root_fd, name))
      RETURN_IF_ERROR(remove_recursively(root / name), "while removing what an earlier restore left");
  return {};
}

// With more entries than this, one flush of the whole file system is quicker than one for each.
constexpr size_t kMostSingleFlushes = 64;

// Every file and directory below, durable, without waiting for what the databases on the same file system
// write.
Result<void> sync_below(int directory, const std::string& path) {
  ASSIGN_OR_RETURN(const auto names, names_in(directory, path));
  for (const auto& name : names) {
    struct stat status{};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return cannot("look at", name);
    if (S_ISDIR(status.st_mode)) {
      ASSIGN_OR_RETURN(const UniqueFd child, open_child_directory(directory, name, path + "/" + name));
      RETURN_IF_ERROR(sync_below(child.get(), path + "/" + name));
    } else if (S_ISREG(status.st_mode)) {
      const UniqueFd file(::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
      // Its owner may not read it; then only the file system as a whole can be flushed.
      const int synced = file.valid() ? ::fsync(file.get()) : ::syncfs(directory);
      if (synced != 0) return cannot("make durable", path + "/" + name);
    }
  }
  return fsync_fd(directory, path);
}

struct Staging {
  fs::path path;
  UniqueFd fd;  // locked
};

// Under a lock on the root, so that nobody takes a fresh directory that is not locked yet for a leftover.
Result<Staging> make_staging(const fs::path& root) {
  ASSIGN_OR_RETURN(const UniqueFd guard, open_root(root));
  // Network file systems that cannot lock directories lose only this protection between two restores at once.
  (void)::flock(guard.get(), LOCK_EX);
  RETURN_IF_ERROR(remove_leftovers(root, guard.get()));
  std::string path = (root / (std::string(kStagingPrefix) + "XXXXXX")).string();
  if (::mkdtemp(path.data()) == nullptr) return cannot("create a directory in", root.string());
  ASSIGN_OR_RETURN(UniqueFd fd, open_root(path));
  (void)::flock(fd.get(), LOCK_EX | LOCK_NB);
  return Staging{std::move(path), std::move(fd)};
}

}  // namespace

bool is_inner_path(std::string_view path) {
  if (path.empty() || path.starts_with(kStagingPrefix)) return false;
  while (true) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool unfinished_restore(const fs::path& root) {
  const auto fd = open_root(root);
  if (!fd.ok()) return false;
  const auto names = names_in(fd->get(), root.string());
  return names.ok() && std::ranges::any_of(*names, [&](const std::string& name) {
           return name.starts_with(kStagingPrefix) && !is_at_work(fd->get(), name);
         });
}

struct TreeRestore::State {
  RestoreOptions options;
  std::optional<Secret> key;  // whoever gave it may be gone at finish()
  Selection recorded;
  Selection present;
  SecretKnowledge knowledge;
  UniqueFd root;
  fs::path staging_path;
  UniqueFd staging;  // locked
  bool made_root = false;
  std::optional<Unpacker> unpacker;
  std::vector<ArchiveEntry> directories;  // in the order of the archive: parents first
  std::set<std::string> dropped;          // paths that the editor left out
  RestoreReport report;

  explicit State(RestoreOptions given)
      : options(std::move(given)), recorded(options.recorded), present(options.present) {
    if (options.key != nullptr) key = *options.key;
    knowledge.key = key ? &*key : nullptr;
    knowledge.sealed_paths = options.sealed_paths;
  }

  struct ReplacementKind {
    bool edited = false;
    bool keeps_keys = false;  // of a .env file's lines those with the target's sealing key stay
  };
  Result<std::optional<std::string>> replacement_of(const std::string& path, const ArchiveEntry& entry,
                                                    ReplacementKind kind, ArchiveReader& reader) const;
  Result<std::optional<std::string>> present_content(const std::string& path) const;
  Result<void> put(const std::string& path, const std::string& new_path, const ArchiveEntry& entry,
                   ContentEditor::Action action, ArchiveReader& reader);
  Result<void> clear_directory(int parent, const std::string& name, const std::string& path);
  Result<void> replace_directory(int from, int to, const std::string& path);
  Result<void> replace_entry(int from, int to, const std::string& name, const std::string& path);
  Result<void> remove_extras(int directory, const std::set<std::string>& kept, const std::string& path);
  Result<bool> is_extra(const WalkEntry& entry) const;
  Result<bool> is_of_part(const WalkEntry& entry) const;
  Result<void> finish_directories();
  bool is_large() const { return report.files + directories.size() > kMostSingleFlushes; }
};

TreeRestore::TreeRestore(std::unique_ptr<State> state) : state_(std::move(state)) {}

TreeRestore::~TreeRestore() {
  if (state_->staging_path.empty()) return;
  (void)remove_recursively(state_->staging_path);
  // Only an empty one goes: others may have put something there meanwhile.
  if (state_->made_root) (void)::rmdir(state_->options.root.c_str());
}

Result<std::unique_ptr<TreeRestore>> TreeRestore::begin(RestoreOptions options) {
  auto state = std::make_unique<State>(std::move(options));
  const fs::path& root = state->options.root;
  std::error_code error;
  state->made_root = !fs::exists(root, error);
  RETURN_IF_ERROR(make_directories(root, 0755), "while restoring into {}", root.string());
  ASSIGN_OR_RETURN(state->root, open_root(root));
  ASSIGN_OR_RETURN(auto scan, scan_tree(root, state->recorded, state->options.cancellation));
  state->knowledge.secret_files = std::move(scan.knowledge.secret_files);

  ASSIGN_OR_RETURN(Staging staging, make_staging(root));
  state->staging_path = std::move(staging.path);
  state->staging = std::move(staging.fd);
  std::unique_ptr<TreeRestore> restore(new TreeRestore(std::move(state)));
  restore->state_->unpacker.emplace(restore->state_->staging.get());
  return restore;
}

// What the target's file of this name holds now, when it is a small regular file reached without a link.
Result<std::optional<std::string>> TreeRestore::State::present_content(const std::string& path) const {
  std::optional<std::string> none;
  UniqueFd current(::fcntl(root.get(), F_DUPFD_CLOEXEC, 0));
  for (size_t at = 0; current.valid();) {
    const size_t slash = path.find('/', at);
    const std::string name = path.substr(at, slash == std::string::npos ? slash : slash - at);
    if (slash == std::string::npos) {
      const UniqueFd fd(
          ::openat(current.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      struct stat status{};
      if (!fd.valid() || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return none;
      std::string text(static_cast<size_t>(std::min<off_t>(status.st_size, kLargestEnvFile)), '\0');
      RETURN_IF_ERROR(read_exactly_at(fd.get(), text.data(), text.size(), 0, path));
      return std::optional(std::move(text));
    }
    auto child = open_child_directory(current.get(), name, path);
    if (!child.ok()) return none;
    current = *std::move(child);
    at = slash + 1;
  }
  return none;
}

// What takes the place of the archive's content; nothing when that is unpacked as it is.
Result<std::optional<std::string>> TreeRestore::State::replacement_of(const std::string& path,
                                                                      const ArchiveEntry& entry,
                                                                      ReplacementKind kind,
                                                                      ArchiveReader& reader) const {
  if (!kind.edited && !kind.keeps_keys) return std::optional<std::string>();
  if (kind.keeps_keys && entry.size > kLargestEnvFile)
    return Error(Code::kCorrupt, "{} is too large for a .env file", path);
  if (kind.edited && entry.size > kLargestEditedFile)
    return Error(Code::kUnsupported, "{} is too large to be masked", path)
        .hint("add a rule with `drop: true` for it to config/sanitization.yaml");
  std::string text(entry.size, '\0');
  RETURN_IF_ERROR(reader.read([&](uint64_t offset, ByteView block) -> Result<void> {
    text.replace(offset, block.size(), as_text(block));
    return {};
  }));
  if (kind.edited) {
    ASSIGN_OR_RETURN(text, options.editor->edit(path, std::move(text)));
  }
  if (kind.keeps_keys) {
    ASSIGN_OR_RETURN(const auto current, present_content(path));
    if (current) text = keep_key_lines(text, *current);
  }
  return std::optional(std::move(text));
}

Result<void> TreeRestore::unpack(const std::string& path, const ArchiveEntry& entry, ArchiveReader& reader) {
  State& state = *state_;
  using Type = ArchiveEntry::Type;
  RETURN_IF_ERROR(state.options.cancellation.check());
  // The directories of secrets are those of the other part.
  const bool decides = state.options.editor != nullptr &&
                       (entry.type != Type::kDirectory || state.options.part == Part::kOpen);
  const auto action = decides ? state.options.editor->action(path) : ContentEditor::Action::kPass;
  const bool lost_target = entry.type == Type::kHardLink && state.dropped.contains(entry.target);
  if (action == ContentEditor::Action::kDrop || lost_target) {
    state.dropped.insert(path);
    if (entry.type != Type::kDirectory) ++state.report.dropped;
    return {};
  }
  if (state.options.editor == nullptr) return state.put(path, path, entry, action, reader);
  ASSIGN_OR_RETURN(const std::string new_path, state.options.editor->new_path(path));
  if (entry.type != Type::kHardLink) return state.put(path, new_path, entry, action, reader);
  ArchiveEntry link = entry;
  ASSIGN_OR_RETURN(link.target, state.options.editor->new_path(entry.target));
  return state.put(path, new_path, link, action, reader);
}

// `path` is what the backup calls it, `new_path` what the target will.
Result<void> TreeRestore::State::put(const std::string& path, const std::string& new_path,
                                     const ArchiveEntry& entry, ContentEditor::Action action,
                                     ArchiveReader& reader) {
  using Type = ArchiveEntry::Type;
  const bool is_file = entry.type == Type::kFile && is_inner_path(new_path);
  const ReplacementKind kind{.edited = is_file && action == ContentEditor::Action::kEdit,
                             .keeps_keys = is_file && options.part == Part::kSecret && is_env_file(path)};
  ASSIGN_OR_RETURN(const auto replacement, replacement_of(path, entry, kind, reader));
  const Unpacker::Content content{.replacement = replacement ? &*replacement : nullptr};
  RETURN_IF_ERROR(unpacker->unpack(new_path, entry, reader, content));
  if (entry.type == Type::kDirectory) {
    directories.push_back(entry);
    directories.back().path = new_path;
  } else {
    ++report.files;
  }
  if (options.progress != nullptr) options.progress->advance(entry.size);
  return {};
}

// A directory where the backup has a file: what of it belongs to the tree goes, anything else is not ours to
// remove.
Result<void> TreeRestore::State::clear_directory(int parent, const std::string& name,
                                                 const std::string& path) {
  {
    ASSIGN_OR_RETURN(const UniqueFd child, open_child_directory(parent, name, path));
    RETURN_IF_ERROR(remove_extras(child.get(), {}, path));
  }
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0) return {};
  if (errno != ENOTEMPTY && errno != EEXIST) return cannot("remove", path);
  return Error(Code::kRefused, "{} is a file in the backup and here a directory with files of others", path)
      .hint("move the directory away and run the restore again");
}

// Moves one unpacked entry over whatever has its place.
Result<void> TreeRestore::State::replace_entry(int from, int to, const std::string& name,
                                               const std::string& path) {
  struct stat fresh{};
  if (::fstatat(from, name.c_str(), &fresh, AT_SYMLINK_NOFOLLOW) != 0) return cannot("look at", path);
  struct stat old{};
  const bool exists = ::fstatat(to, name.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0;
  if (!S_ISDIR(fresh.st_mode)) {
    // A rename replaces a file or link by itself, but not a directory.
    if (exists && S_ISDIR(old.st_mode)) RETURN_IF_ERROR(clear_directory(to, name, path));
    if (::renameat(from, name.c_str(), to, name.c_str()) == 0) return {};
    if (errno == EXDEV)
      return Error(Code::kUnsupported, "{} lies on another file system than its tree's root", path)
          .hint("declare the mounted directory as a tree of its own in config/environments.yaml");
    return cannot("replace", path);
  }
  if (exists && !S_ISDIR(old.st_mode) && ::unlinkat(to, name.c_str(), 0) != 0) return cannot("replace", path);
  if (::mkdirat(to, name.c_str(), 0700) != 0 && errno != EEXIST) return cannot("create", path);
  ASSIGN_OR_RETURN(const UniqueFd source, open_child_directory(from, name, path));
  ASSIGN_OR_RETURN(const UniqueFd target, open_child_directory(to, name, path));
  return replace_directory(source.get(), target.get(), path);
}

Result<void> TreeRestore::State::replace_directory(int from, int to, const std::string& path) {
  RETURN_IF_ERROR(options.cancellation.check());
  ASSIGN_OR_RETURN(const auto names, names_in(from, path));
  for (const auto& name : names)
    RETURN_IF_ERROR(replace_entry(from, to, name, path.empty() ? name : path + "/" + name));
  RETURN_IF_ERROR(remove_extras(to, {names.begin(), names.end()}, path));
  return is_large() ? Result<void>() : fsync_fd(to, path);
}

// Whether a file of the target is one that this part of the backup would hold if it had been there.
Result<bool> TreeRestore::State::is_extra(const WalkEntry& entry) const {
  if (!recorded.takes(entry.path) || !present.takes(entry.path)) return false;
  // What is never brought here is not missing from the backup.
  if (options.editor != nullptr && options.editor->action(entry.path) == ContentEditor::Action::kDrop)
    return false;
  return is_of_part(entry);
}

Result<bool> TreeRestore::State::is_of_part(const WalkEntry& entry) const {
  if (S_ISLNK(entry.status.st_mode)) return part_of_link(entry.path, recorded, knowledge) == options.part;
  if (!S_ISREG(entry.status.st_mode)) return false;
  ASSIGN_OR_RETURN(const auto file, open_file(entry, recorded, knowledge));
  return file && file->part == options.part;
}

Result<void> TreeRestore::State::remove_extras(int directory, const std::set<std::string>& kept,
                                               const std::string& path) {
  ASSIGN_OR_RETURN(const auto names, names_in(directory, path));
  for (const auto& name : names) {
    if (kept.contains(name)) continue;
    WalkEntry entry;
    entry.path = path.empty() ? name : path + "/" + name;
    entry.name = name;
    entry.directory = directory;
    if (::fstatat(directory, name.c_str(), &entry.status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISDIR(entry.status.st_mode)) {
      ASSIGN_OR_RETURN(const bool extra, is_extra(entry));
      if (!extra) continue;
      if (::unlinkat(directory, name.c_str(), 0) != 0) return cannot("remove", entry.path);
      ++report.removed;
      continue;
    }
    if (!recorded.may_hold(entry.path) || !present.may_hold(entry.path)) continue;
    ASSIGN_OR_RETURN(const UniqueFd child, open_child_directory(directory, name, entry.path));
    RETURN_IF_ERROR(remove_extras(child.get(), {}, entry.path));
    // Only an empty one goes: what is left in it is not ours.
    if (options.part == Part::kOpen && recorded.takes(entry.path) && present.takes(entry.path))
      (void)::unlinkat(directory, name.c_str(), AT_REMOVEDIR);
  }
  return {};
}

Result<void> TreeRestore::State::finish_directories() {
  uint64_t owners_kept = 0;
  // Deepest first: setting the times of a directory comes after the last change in it.
  for (auto entry = directories.rbegin(); entry != directories.rend(); ++entry) {
    UniqueFd current(::fcntl(root.get(), F_DUPFD_CLOEXEC, 0));
    const std::string& path = entry->path;
    for (size_t at = 0; at < path.size();) {
      const size_t end = std::min(path.find('/', at), path.size());
      ASSIGN_OR_RETURN(current, open_child_directory(current.get(), path.substr(at, end - at), path));
      at = end + 1;
    }
    ASSIGN_OR_RETURN(const bool owned, finish_directory(current.get(), *entry));
    if (!owned) ++owners_kept;
  }
  if (owners_kept > 0)
    report.notes.push_back(
        fmt::format("the owners of {} directories were not restored: only root may set them", owners_kept));
  return {};
}

const fs::path& TreeRestore::staged() const { return state_->staging_path; }

Result<bool> TreeRestore::leaves(const WalkEntry& entry) const {
  struct stat status{};
  if (::fstatat(state_->staging.get(), entry.path.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return false;
  ASSIGN_OR_RETURN(const bool ours, state_->is_of_part(entry));
  if (!ours) return false;
  ASSIGN_OR_RETURN(const bool extra, state_->is_extra(entry));
  return !extra;
}

Result<RestoreReport> TreeRestore::finish() {
  State& state = *state_;
  // Nothing is moved before it is durable.
  if (!state.is_large()) {
    RETURN_IF_ERROR(sync_below(state.staging.get(), state.staging_path.string()));
  } else if (::syncfs(state.staging.get()) != 0) {
    return cannot("make durable", state.staging_path.string());
  }
  state.report.notes = state.unpacker->notes();
  state.unpacker.reset();

  // Without it there would be nothing to move, and everything that is there would count as left over.
  struct stat held{};
  struct stat named{};
  if (::fstat(state.staging.get(), &held) != 0 || ::lstat(state.staging_path.c_str(), &named) != 0 ||
      held.st_dev != named.st_dev || held.st_ino != named.st_ino) {
    return Error(Code::kFailed, "somebody removed {}, in which the files were kept for {}",
                 state.staging_path.string(), state.options.root.string())
        .hint("nothing was replaced: run the restore again");
  }

  // From here on a failure leaves old and new entries side by side, so the staging directory must stay to say
  // so.
  const fs::path staging = std::exchange(state.staging_path, fs::path());
  RETURN_IF_ERROR(state.replace_directory(state.staging.get(), state.root.get(), ""),
                  "while replacing the files of {} (run the restore again)", state.options.root.string());
  RETURN_IF_ERROR(state.finish_directories());
  if (state.is_large() && ::syncfs(state.root.get()) != 0)
    return cannot("make durable", state.options.root.string());
  RETURN_IF_ERROR(remove_recursively(staging));
  return std::move(state.report);
}

}  // namespace summit::files
