#include "stores/files/capture.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "stores/files/env_file.h"
#include "stores/files/file_reader.h"
#include "stores/files/tree_walk.h"

namespace summit::files {
namespace {

constexpr size_t kMostNotes = 50;
constexpr mode_t kPermissions = 07777;

// A list that names the first and counts the rest, so that a million odd files do not fill the metadata.
class BoundedList {
 public:
  explicit BoundedList(std::vector<std::string>& lines) : lines_(lines) {}
  void add(std::string line) {
    if (lines_.size() < kMostNotes)
      lines_.push_back(std::move(line));
    else
      ++more_;
  }
  void close() {
    if (more_ > 0) lines_.push_back(fmt::format("and {} more of the kind", more_));
  }

 private:
  std::vector<std::string>& lines_;
  uint64_t more_ = 0;
};

class OwnerNames {
 public:
  const std::string& user(uid_t id) {
    auto [found, fresh] = users_.try_emplace(id);
    if (fresh) {
      passwd record{};
      passwd* result = nullptr;
      std::array<char, 16384> buffer{};
      if (::getpwuid_r(id, &record, buffer.data(), buffer.size(), &result) == 0 && result != nullptr)
        found->second = record.pw_name;
    }
    return found->second;
  }
  const std::string& group(gid_t id) {
    auto [found, fresh] = groups_.try_emplace(id);
    if (fresh) {
      ::group record{};
      ::group* result = nullptr;
      std::array<char, 16384> buffer{};
      if (::getgrgid_r(id, &record, buffer.data(), buffer.size(), &result) == 0 && result != nullptr)
        found->second = record.gr_name;
    }
    return found->second;
  }

 private:
  std::map<uid_t, std::string> users_;
  std::map<gid_t, std::string> groups_;
};

// Attributes that another machine can take back; labels of security modules belong to the machine.
std::map<std::string, std::string> attributes_of(int fd) {
  std::map<std::string, std::string> attributes;
  std::string names(4096, '\0');
  const ssize_t length = ::flistxattr(fd, names.data(), names.size());
  if (length <= 0) return attributes;
  names.resize(static_cast<size_t>(length));
  std::string value(65536, '\0');
  for (size_t at = 0; at < names.size();) {
    const std::string name = names.c_str() + at;
    at += name.size() + 1;
    if (name.starts_with("security.") && name != "security.capability") continue;
    const ssize_t size = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
    if (size >= 0) attributes[name] = value.substr(0, static_cast<size_t>(size));
  }
  return attributes;
}

bool changed(const struct stat& before, const struct stat& after) {
  return before.st_size != after.st_size || before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
         before.st_mtim.tv_nsec != after.st_mtim.tv_nsec;
}

class Capture final : public TreeVisitor {
 public:
  Capture(const CaptureOptions& options, const Selection& selection, SecretKnowledge knowledge,
          ArchiveWriter* archive)
      : options_(options), selection_(selection), knowledge_(std::move(knowledge)), archive_(archive) {
    knowledge_.key = options.key;
    knowledge_.sealed_paths = options.sealed_paths;
  }

  Result<void> visit(const WalkEntry& entry, bool taken) override {
    RETURN_IF_ERROR(options_.cancellation.check());
    // A directory of secrets only, or one that is only passed through, is stored when something in it is.
    if (S_ISDIR(entry.status.st_mode)) {
      leave_directories_outside(entry.path);
      pending_.push_back({entry.path, entry.status});
      if (taken && options_.part == Part::kOpen) return store_pending_directories();
      return {};
    }
    leave_directories_outside(entry.path);
    if (S_ISLNK(entry.status.st_mode)) return visit_link(entry);
    if (S_ISREG(entry.status.st_mode)) return visit_file(entry);
    if (options_.part == Part::kOpen)
      notes_.add(fmt::format("{}: skipped, it is a socket, fifo or device", entry.path));
    return {};
  }

  void unreadable(const std::string& path, const Error& error) override {
    if (error.code() == Code::kNotFound) {
      notes_.add(fmt::format("{}: vanished while the tree was read", path));
    } else {
      problems_.add(error.message());
    }
  }

  CaptureReport report() {
    notes_.close();
    problems_.close();
    if (options_.check_chain) report_.chain = join_chain(std::move(segments_));
    return std::move(report_);
  }

 private:
  struct Directory {
    std::string path;
    struct stat status;
    bool stored = false;
  };
  struct KnownFile {  // the first name of a file with several
    std::string path;
    uint64_t size = 0;
    Sha256Digest content{};
  };

  // Keeps of the directories on the way only those that hold `path`.
  void leave_directories_outside(const std::string& path) {
    while (!pending_.empty() && !path.starts_with(pending_.back().path + "/")) pending_.pop_back();
  }

  Result<void> store_pending_directories() {
    for (auto& directory : pending_) {
      if (directory.stored) continue;
      directory.stored = true;
      report_.fingerprint.add_directory(directory.path, directory.status.st_mode);
      if (archive_ == nullptr) continue;
      ArchiveEntry entry = describe(directory.path, directory.status);
      entry.type = ArchiveEntry::Type::kDirectory;
      RETURN_IF_ERROR(archive_->begin(entry));
    }
    return {};
  }

  ArchiveEntry describe(const std::string& path, const struct stat& status) {
    ArchiveEntry entry;
    entry.path = options_.prefix + path;
    entry.mode = status.st_mode & kPermissions;
    entry.uid = status.st_uid;
    entry.gid = status.st_gid;
    entry.user = names_.user(status.st_uid);
    entry.group = names_.group(status.st_gid);
    entry.modified = status.st_mtim;
    return entry;
  }

  Result<void> visit_link(const WalkEntry& entry) {
    if (part_of_link(entry.path, selection_, knowledge_) != options_.part || !selection_.takes(entry.path))
      return {};
    std::string target(4096, '\0');
    const ssize_t size = ::readlinkat(entry.directory, entry.name.c_str(), target.data(), target.size());
    if (size < 0) {
      unreadable(entry.path, errno_error(errno, fmt::format("cannot read the link {}", entry.path)));
      return {};
    }
    target.resize(static_cast<size_t>(size));
    RETURN_IF_ERROR(store_pending_directories());
    report_.fingerprint.add_link(entry.path, target);
    ++report_.files;
    if (archive_ == nullptr) return {};
    ArchiveEntry link = describe(entry.path, entry.status);
    link.type = ArchiveEntry::Type::kLink;
    link.target = std::move(target);
    return archive_->begin(link);
  }

  Result<void> visit_file(const WalkEntry& entry) {
    auto opened = open_file(entry, selection_, knowledge_);
    if (!opened.ok()) {
      unreadable(entry.path, opened.error());
      return {};
    }
    if (!*opened) {
      notes_.add(fmt::format("{}: vanished or was replaced while the tree was read", entry.path));
      return {};
    }
    OpenedFile& file = **opened;
    if (file.by_content) report_.sealed_paths.push_back(entry.path);
    if (file.part == Part::kKey && options_.part == Part::kSecret)
      notes_.add(fmt::format("{}: left out, it is the sealing key", entry.path));
    if (file.part != options_.part) return {};
    if (!options_.records.rules.empty()) {
      if (!selection_.takes(entry.path)) return store_records(entry, file);
      if (entry.path.ends_with(options_.records.suffix)) {
        notes_.add(fmt::format("{}: left out, it came from another backup", entry.path));
        return {};
      }
    }

    RETURN_IF_ERROR(store_pending_directories());
    ++report_.files;
    const bool linked = file.status.st_nlink > 1;
    const auto inode = std::pair(file.status.st_dev, file.status.st_ino);
    if (const auto known = known_.find(inode); linked && known != known_.end())
      return store_hard_link(entry, file, known->second);
    if (is_env_file(entry.path) && options_.part == Part::kSecret) return store_env_file(entry, file);
    ASSIGN_OR_RETURN(const auto stored, store_file(entry, file));
    if (linked) known_[inode] = stored;
    return {};
  }

  Result<void> store_hard_link(const WalkEntry& entry, const OpenedFile& file, const KnownFile& first) {
    report_.fingerprint.add_file(entry.path, file.status.st_mode, first.size, first.content);
    if (archive_ == nullptr) return {};
    ArchiveEntry link = describe(entry.path, file.status);
    link.type = ArchiveEntry::Type::kHardLink;
    link.target = options_.prefix + first.path;
    return archive_->begin(link);
  }

  // The sealing key's value stays out of the archive, and its line out of the fingerprint: a restore keeps
  // the target's.
  Result<void> store_env_file(const WalkEntry& entry, OpenedFile& file) {
    std::string text;
    const ContentSink collect{[&](ByteView block) -> Result<void> {
                                text += as_text(block);
                                return {};
                              },
                              [&](uint64_t size) -> Result<void> {
                                text.append(size, '\0');
                                return {};
                              }};
    RETURN_IF_ERROR(
        stream_content(file, static_cast<uint64_t>(file.status.st_size), {}, collect, entry.path));
    const StrippedEnv stripped = strip_key_values(text);
    const std::string compared = without_key_lines(text);
    for (const auto& variable : stripped.removed)
      notes_.add(
          fmt::format("{}: the value of {} is left out, a restore keeps the target's", entry.path, variable));
    report_.fingerprint.add_file(entry.path, file.status.st_mode, compared.size(),
                                 sha256(as_bytes(compared)));
    report_.bytes += stripped.text.size();
    if (options_.progress != nullptr) options_.progress->advance(text.size());
    if (archive_ == nullptr) return {};
    ArchiveEntry header = describe(entry.path, file.status);
    header.size = stripped.text.size();
    header.attributes = attributes_of(file.fd.get());
    RETURN_IF_ERROR(archive_->begin(header));
    return archive_->write(as_bytes(stripped.text));
  }

  // The header announces the size at this moment: what grows meanwhile is cut there, what shrinks is filled
  // with zeros.
  Result<KnownFile> store_file(const WalkEntry& entry, const OpenedFile& file) {
    const auto size = static_cast<uint64_t>(file.status.st_size);
    const auto extents = data_extents(file);
    if (archive_ != nullptr) {
      ArchiveEntry header = describe(entry.path, file.status);
      header.size = size;
      header.data = extents;
      header.attributes = attributes_of(file.fd.get());
      RETURN_IF_ERROR(archive_->begin(header));
    }
    std::optional<ChainChecker> chain;
    if (options_.check_chain && entry.path.ends_with(".jsonl")) chain.emplace(entry.path);
    Sha256 digest;
    const ContentSink sink{[&](ByteView block) -> Result<void> {
                             digest.update(block);
                             if (chain) chain->feed(as_text(block));
                             return pass_on(block);
                           },
                           [&](uint64_t hole) { return pass_on_hole(hole, digest); }};
    auto read = stream_content(file, size, extents, sink, entry.path);
    // Reading failed in the middle, but the archive needs the announced bytes to stay readable.
    const bool unreadable_inside = !read.ok() && output_sound_ && read.error().code() != Code::kCancelled;
    if (!read.ok() && !unreadable_inside) return std::move(read).error();
    const uint64_t done = unreadable_inside ? passed_on_ : *read;
    if (done < size) RETURN_IF_ERROR(pass_on_hole(size - done, digest));
    passed_on_ = 0;
    if (unreadable_inside) problems_.add(read.error().message());

    struct stat after{};
    if (::fstat(file.fd.get(), &after) == 0 && changed(file.status, after))
      notes_.add(fmt::format("{}: changed while it was read", entry.path));
    if (chain) segments_.push_back(chain->finish());
    const Sha256Digest content = digest.finish();
    report_.fingerprint.add_file(entry.path, file.status.st_mode, size, content);
    report_.bytes += size;
    return KnownFile{entry.path, size, content};
  }

  // Read twice: the archive wants the size first. Both times as far as the file went when it was opened.
  Result<void> store_records(const WalkEntry& entry, const OpenedFile& file) {
    const auto* rule = options_.records.rule_for(entry.path);
    if (rule == nullptr) return {};
    const auto length = static_cast<uint64_t>(file.status.st_size);
    std::optional<ChainChecker> chain;
    if (options_.check_chain && entry.path.ends_with(".jsonl")) chain.emplace(entry.path);
    uint64_t size = 0;
    RecordFilter counter(*rule, [&](ByteView line) -> Result<void> {
      size += line.size();
      return {};
    });
    RETURN_IF_ERROR(filter_records(entry, file, length, counter, chain ? &*chain : nullptr));
    if (chain) segments_.push_back(chain->finish());
    if (counter.malformed() > 0)
      notes_.add(
          fmt::format("{}: {} lines are no JSON objects and are left out", entry.path, counter.malformed()));
    if (counter.taken() == 0) return {};

    WalkEntry made = entry;
    made.path += options_.records.suffix;
    RETURN_IF_ERROR(store_pending_directories());
    if (archive_ != nullptr) {
      ArchiveEntry header = describe(made.path, file.status);
      header.size = size;
      RETURN_IF_ERROR(archive_->begin(header));
    }
    Sha256 digest;
    uint64_t left = size;
    RecordFilter writer(*rule, [&](ByteView line) -> Result<void> {
      const auto part = line.first(static_cast<size_t>(std::min<uint64_t>(line.size(), left)));
      left -= part.size();
      digest.update(part);
      return pass_on(part);
    });
    RETURN_IF_ERROR(filter_records(entry, file, length, writer, nullptr));
    if (left > 0 || writer.taken() != counter.taken())
      problems_.add(fmt::format("{}: changed while it was read", entry.path));
    if (left > 0) RETURN_IF_ERROR(pass_on_hole(left, digest));
    passed_on_ = 0;
    ++report_.files;
    report_.bytes += size;
    report_.records += counter.taken();
    report_.fingerprint.add_file(made.path, file.status.st_mode, size, digest.finish());
    return {};
  }

  static Result<void> filter_records(const WalkEntry& entry, const OpenedFile& file, uint64_t length,
                                     RecordFilter& filter, ChainChecker* chain) {
    const ContentSink sink{[&](ByteView block) -> Result<void> {
                             if (chain != nullptr) chain->feed(as_text(block));
                             return filter.feed(as_text(block));
                           },
                           [&](uint64_t hole) { return filter.feed(std::string(hole, '\0')); }};
    ASSIGN_OR_RETURN([[maybe_unused]] auto read, stream_content(file, length, {}, sink, entry.path));
    return filter.finish();
  }

  Result<void> pass_on(ByteView block) {
    RETURN_IF_ERROR(options_.cancellation.check());
    if (options_.progress != nullptr) options_.progress->advance(block.size());
    if (archive_ != nullptr) {
      auto written = archive_->write(block);
      output_sound_ = written.ok();
      if (!written.ok()) return written;
    }
    passed_on_ += block.size();
    return {};
  }

  Result<void> pass_on_hole(uint64_t size, Sha256& digest) {
    static constexpr std::array<std::byte, 64 * KiB> kZeros{};
    while (size > 0) {
      const ByteView zeros(kZeros.data(), static_cast<size_t>(std::min<uint64_t>(size, kZeros.size())));
      digest.update(zeros);
      RETURN_IF_ERROR(pass_on(zeros));
      size -= zeros.size();
    }
    return {};
  }

  const CaptureOptions& options_;
  const Selection& selection_;
  SecretKnowledge knowledge_;
  ArchiveWriter* archive_;
  CaptureReport report_;
  BoundedList notes_{report_.notes};
  BoundedList problems_{report_.problems};
  OwnerNames names_;
  std::vector<Directory> pending_;  // the directories that hold the current entry
  std::map<std::pair<dev_t, ino_t>, KnownFile> known_;
  std::vector<ChainSegment> segments_;
  uint64_t passed_on_ = 0;    // of the current file
  bool output_sound_ = true;  // false: the archive, not the file, is what failed
};

}  // namespace

TreePatterns walked_patterns(const CaptureOptions& options) {
  auto patterns = options.patterns;
  for (const auto& rule : options.records.rules) patterns.only.push_back(rule.files);
  return patterns;
}

Result<CaptureReport> capture_tree(const CaptureOptions& options, ArchiveWriter* archive) {
  const Selection selection(options.patterns);
  const Selection walked(walked_patterns(options));
  ASSIGN_OR_RETURN(auto scan, scan_tree(options.root, walked, options.cancellation));
  Capture capture(options, selection, std::move(scan.knowledge), archive);
  RETURN_IF_ERROR(walk_tree(options.root, walked, capture, options.cancellation));
  return capture.report();
}

}  // namespace summit::files
