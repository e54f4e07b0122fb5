#include "repository/export_artifact.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "core/direct_writer.h"
#include "repository/artifact_name.h"
#include "repository/rename_without_replacing.h"

namespace summit::repository {
namespace {

// A file beside its final place; removed unless it was published there.
class PendingFile {
 public:
  static Result<PendingFile> create(const fs::path& directory, const std::string& name) {
    std::string path = directory / fmt::format(".{}.XXXXXX", name);
    UniqueFd fd(::mkostemp(path.data(), O_CLOEXEC));
    if (!fd.valid()) return errno_error(errno, fmt::format("cannot create a file in {}", directory.string()));
    return PendingFile(std::move(fd), path);
  }
  PendingFile(PendingFile&& other) noexcept
      : writer_(std::move(other.writer_)), path_(std::exchange(other.path_, fs::path())) {}
  PendingFile& operator=(PendingFile&&) = delete;
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;
  ~PendingFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  Result<void> write(ByteView bytes) { return writer_.write(bytes); }

  Result<void> publish(const fs::path& target) {
    ASSIGN_OR_RETURN(const UniqueFd file, writer_.finish());
    if (::fchmod(file.get(), 0640) != 0)
      return errno_error(errno, fmt::format("cannot set the mode of {}", path_.string()));
    RETURN_IF_ERROR(fsync_fd(file.get(), path_));
    RETURN_IF_ERROR(rename_without_replacing(path_, target));
    path_.clear();
    return fsync_directory(target.parent_path());
  }

 private:
  PendingFile(UniqueFd fd, fs::path path) : path_(std::move(path)) { writer_.begin(std::move(fd), path_); }

  DirectWriter writer_;
  fs::path path_;
};

Error already_there(const fs::path& path) {
  return Error(Code::kAlreadyExists, "{} exists already", path.string())
      .hint("export into another directory, or move that file away");
}

}  // namespace

Result<Artifact> find_artifact(const BackupMetadata& metadata, const std::string& name) {
  for (const auto& component : metadata.components)
    for (const auto& artifact : component.artifacts)
      if (artifact.name == name) return artifact;
  return Error(Code::kNotFound, "backup {} has no artifact {}", metadata.id, name)
      .hint(fmt::format("summit-dr ls {}", metadata.id));
}

Result<fs::path> export_artifact(const BackupReader& backup, const std::string& artifact,
                                 const fs::path& directory, Reporter& reporter,
                                 const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto recorded, find_artifact(backup.metadata(), artifact));
  const auto phase = reporter.phase(backup.metadata().id, "exporting " + artifact);
  phase->set_total(recorded.size);
  return write_new_file(directory, artifact, [&](const std::function<Result<void>(ByteView)>& write) {
    const auto counted = [&](ByteView bytes) {
      phase->advance(bytes.size());
      return write(bytes);
    };
    return backup.read(artifact, counted, cancellation);
  });
}

Result<fs::path> write_new_file(const fs::path& directory, const std::string& name,
                                const FileContent& content) {
  if (!is_artifact_name(name)) return Error(Code::kCorrupt, "{} is no name of an artifact", name);
  RETURN_IF_ERROR(make_directories(directory), "while exporting {}", name);
  const fs::path target = directory / name;
  if (fs::exists(fs::symlink_status(target))) return already_there(target);
  ASSIGN_OR_RETURN(auto file, PendingFile::create(directory, name), "while exporting {}", name);
  RETURN_IF_ERROR(content([&](ByteView bytes) { return file.write(bytes); }));
  RETURN_IF_ERROR(file.publish(target), "while exporting {}", name);
  return target;
}

}  // namespace summit::repository
