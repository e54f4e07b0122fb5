#include "repository/plain_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/digest.h"
#include "core/direct_writer.h"
#include "repository/backup_id.h"
#include "repository/checksums.h"
#include "repository/plain_layout.h"
#include "repository/rename_without_replacing.h"

namespace summit::repository {
namespace {

Error with_space_hint(Error error, const fs::path& directory) {
  if (error.code() != Code::kNoSpace) return error;
  return std::move(error).hint(fmt::format(
      "make room on the file system of {}, or set BACKUP_BASE to another one", directory.string()));
}

class PlainSink final : public ArtifactSink {
 public:
  PlainSink(UniqueFd fd, fs::path path, std::string name, std::string component,
            std::shared_ptr<ArtifactTable> table)
      : path_(std::move(path)), table_(std::move(table)) {
    writer_.begin(std::move(fd), path_);
    artifact_.name = std::move(name);
    artifact_.component = std::move(component);
  }

  ~PlainSink() override {
    if (finished_) return;
    ::unlink(path_.c_str());
    table_->abandon(artifact_.name);
  }

  Result<void> write(ByteView bytes) override {
    if (auto written = writer_.write(bytes); !written.ok())
      return with_space_hint(std::move(written).error(), path_.parent_path());
    digest_.update(bytes);
    artifact_.size += bytes.size();
    return {};
  }

  Result<Artifact> finish() override {
    if (finished_) return Error(Code::kFailed, "artifact {} was finished twice", artifact_.name);
    const auto file = writer_.finish();
    if (!file.ok()) return with_space_hint(file.error(), path_.parent_path());
    if (auto durable = fsync_fd(file->get(), path_); !durable.ok())
      return with_space_hint(std::move(durable).error(), path_.parent_path());
    artifact_.sha256 = to_hex(digest_.finish());
    artifact_.duration_seconds = watch_.elapsed().count();
    table_->close(artifact_);
    finished_ = true;
    return artifact_;
  }

 private:
  const fs::path path_;
  DirectWriter writer_;
  std::shared_ptr<ArtifactTable> table_;
  Artifact artifact_;
  Sha256 digest_;
  Stopwatch watch_;
  bool finished_ = false;
};

Error taken(const std::string& id) {
  return Error(Code::kAlreadyExists, "backup {} exists already or is being written", id)
      .hint("wait a second and run the same command again");
}

}  // namespace

PlainWriter::PlainWriter(fs::path base, std::string id, FileLock lock)
    : base_(std::move(base)),
      id_(std::move(id)),
      lock_(std::move(lock)),
      directory_(incomplete_directory(base_, id_)) {}

Result<std::unique_ptr<BackupWriter>> PlainWriter::begin(const fs::path& base, const std::string& id) {
  RETURN_IF_ERROR(parse_backup_id(id), "while beginning a backup");
  RETURN_IF_ERROR(make_directories(base), "while beginning backup {}", id);
  ASSIGN_OR_RETURN(auto lock, FileLock::try_acquire(writer_lock_file(base, id)), "while beginning backup {}",
                   id);
  if (!lock || fs::exists(fs::symlink_status(base / id))) return taken(id);

  std::unique_ptr<PlainWriter> writer(new PlainWriter(base, id, *std::move(lock)));
  // With the lock in our hands, whatever has our name belongs to a dead writer.
  RETURN_IF_ERROR(remove_recursively(writer->directory_));
  RETURN_IF_ERROR(make_directories(writer->workspace(), 0700), "while beginning backup {}", id);
  if (::chmod(writer->directory_.c_str(), 0750) != 0)
    return errno_error(errno, fmt::format("cannot set the mode of {}", writer->directory_.string()));
  return std::unique_ptr<BackupWriter>(std::move(writer));
}

PlainWriter::~PlainWriter() {
  if (directory_.empty()) return;
  // Renamed but without marker: under its old name again, the next writer knows what it is if we fail here.
  const fs::path incomplete = incomplete_directory(base_, id_);
  if (directory_ != incomplete && ::rename(directory_.c_str(), incomplete.c_str()) == 0)
    directory_ = incomplete;
  (void)remove_recursively(directory_);
}

fs::path PlainWriter::workspace() const { return directory_ / kWorkspace; }

Result<std::unique_ptr<ArtifactSink>> PlainWriter::create(std::string name, std::string component) {
  if (directory_.empty()) return Error(Code::kFailed, "backup {} is committed already", id_);
  RETURN_IF_ERROR(table_->open(name));
  const fs::path path = directory_ / name;
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  const int number = errno;
  const bool opened = fd.valid();
  auto sink = std::make_unique<PlainSink>(std::move(fd), path, std::move(name), std::move(component), table_);
  if (!opened)
    return with_space_hint(errno_error(number, fmt::format("cannot create {}", path.string())), directory_);
  return std::unique_ptr<ArtifactSink>(std::move(sink));
}

Result<void> PlainWriter::write_records(const BackupMetadata& metadata) {
  const std::string json = to_json(metadata);
  RETURN_IF_ERROR(write_file_durably(directory_ / kMetadataFile, json));
  std::vector<Checksum> checksums{{std::string(kMetadataFile), to_hex(sha256(as_bytes(json)))}};
  for (const auto& component : metadata.components)
    for (const auto& artifact : component.artifacts) checksums.push_back({artifact.name, artifact.sha256});
  return write_file_durably(directory_ / kChecksumsFile, format_checksums(checksums));
}

Result<void> PlainWriter::publish_directory() {
  RETURN_IF_ERROR(fsync_directory(directory_));
  // A backup that appeared under the same name stays; the id's lock keeps other writers out.
  RETURN_IF_ERROR(rename_without_replacing(directory_, base_ / id_));
  directory_ = base_ / id_;
  return fsync_directory(base_);
}

Result<void> PlainWriter::write_marker() {
  const fs::path marker = directory_ / id_;
  const UniqueFd fd(::open(marker.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (!fd.valid())
    return errno_error(errno, fmt::format("cannot create the commit marker {}", marker.string()));
  // The kernel's own stamps lag behind by up to a tick; the exact clock makes the marker the newest file for
  // `ls -t`.
  timespec exact{};
  ::clock_gettime(CLOCK_REALTIME, &exact);
  const timespec times[2] = {exact, exact};
  if (::futimens(fd.get(), times) != 0)
    return errno_error(errno, fmt::format("cannot set the times of {}", marker.string()));
  RETURN_IF_ERROR(fsync_fd(fd.get(), marker));
  return fsync_directory(directory_);
}

Result<void> PlainWriter::commit(const BackupMetadata& metadata) {
  if (directory_.empty()) return Error(Code::kFailed, "backup {} is committed already", id_);
  if (metadata.id != id_)
    return Error(Code::kFailed, "metadata of {} cannot be committed as {}", metadata.id, id_);
  ASSIGN_OR_RETURN(const auto unclaimed, table_->settle(metadata));
  for (const auto& name : unclaimed)
    if (::unlink((directory_ / name).c_str()) != 0)
      return errno_error(errno, fmt::format("cannot remove {}", name));
  RETURN_IF_ERROR(remove_recursively(workspace()));

  auto committed = [&]() -> Result<void> {
    RETURN_IF_ERROR(write_records(metadata));
    RETURN_IF_ERROR(publish_directory());
    return write_marker();
  }();
  if (!committed.ok()) return with_space_hint(std::move(committed).error(), base_);

  directory_.clear();
  lock_.reset();
  warnings_ = publish_newest(base_);
  return {};
}

}  // namespace summit::repository
