#include "repository/place/repair_backup.h"

#include <algorithm>
#include <set>

#include "core/digest.h"
#include "repository/backup_id.h"
#include "repository/checksums.h"
#include "repository/plain_layout.h"

namespace summit::repository {
namespace {

using packed::Repair;

const Artifact* find_artifact(const BackupMetadata& metadata, std::string_view name) {
  for (const auto& component : metadata.components)
    for (const auto& artifact : component.artifacts)
      if (artifact.name == name) return &artifact;
  return nullptr;
}

// As the writers of the plain layout make it.
std::string checksums_of(const BackupMetadata& metadata, const std::string& json) {
  std::vector<Checksum> checksums{{std::string(kMetadataFile), to_hex(sha256(as_bytes(json)))}};
  for (const auto& component : metadata.components)
    for (const auto& artifact : component.artifacts) checksums.push_back({artifact.name, artifact.sha256});
  return format_checksums(checksums);
}

// `ls -t` tells the newest backup by these.
class DirectoryTimes {
 public:
  explicit DirectoryTimes(fs::path directory) : directory_(std::move(directory)) {
    if (!directory_.empty()) written_ = fs::last_write_time(directory_, failed_);
  }
  ~DirectoryTimes() {
    if (!directory_.empty() && !failed_) fs::last_write_time(directory_, written_, failed_);
  }
  DirectoryTimes(const DirectoryTimes&) = delete;
  DirectoryTimes& operator=(const DirectoryTimes&) = delete;

 private:
  const fs::path directory_;
  fs::file_time_type written_;
  std::error_code failed_;
};

class PlainRepair {
 public:
  PlainRepair(CombinedRepository& repository, std::string id, const CombinedRepository& replica,
              Reporter& reporter, const Cancellation& cancellation)
      : repository_(repository),
        store_(repository.store()),
        id_(std::move(id)),
        replica_(replica),
        reporter_(reporter),
        cancellation_(cancellation) {}

  Result<std::vector<Repair>> run(bool dry_run) {
    ASSIGN_OR_RETURN(const auto report, repository_.verify(id_, {}, reporter_, cancellation_));
    if (report.findings.empty()) return std::vector<Repair>{};
    for (const auto& finding : report.findings)
      repairs_.push_back(
          {.object = object_key(id_, finding.artifact), .problem = finding.problem, .mended = false});
    if (dry_run) return std::move(repairs_);
    RETURN_IF_ERROR(read_both());
    if (!theirs_) return std::move(repairs_);
    {
      const DirectoryTimes times(local_directory());
      RETURN_IF_ERROR(mend_all(report.findings), "while mending {}", id_);
    }
    return check_again();
  }

 private:
  fs::path local_directory() const {
    const auto* local = dynamic_cast<const PlainRepository*>(&repository_.plain());
    return local == nullptr ? fs::path() : local->base() / id_;
  }

  Result<void> read_both() {
    const auto ours = repository_.plain().open(id_);
    if (ours.ok()) ours_ = (*ours)->metadata();
    auto theirs = replica_.open(id_);
    if (theirs.ok()) {
      theirs_ = *std::move(theirs);
      return {};
    }
    for (auto& repair : repairs_)
      repair.problem += fmt::format("; no help from the replica: {}", theirs.error().message());
    return {};
  }

  // What the backup should be: as its own metadata say, or as the replica's do where those are lost.
  BackupMetadata wanted() const {
    if (ours_) return *ours_;
    auto metadata = theirs_->metadata();
    metadata.layout = repository_.plain().layout();
    return metadata;
  }

  Result<void> mend_all(const std::vector<Finding>& findings) {
    const auto metadata = wanted();
    std::set<std::string> damaged;
    for (const auto& finding : findings) damaged.insert(finding.artifact);
    for (const auto& name : damaged) {
      RETURN_IF_ERROR(cancellation_.check());
      if (const auto* artifact = find_artifact(metadata, name)) RETURN_IF_ERROR(mend(*artifact));
    }
    const auto json = to_json(metadata);
    if (!ours_) {
      if (!agrees_with_what_is_left(json)) return {};
      RETURN_IF_ERROR(store_.put(object_key(id_, kMetadataFile), as_bytes(json), {}, cancellation_));
    }
    if (!damaged.contains(std::string(kChecksumsFile))) return {};
    return store_.put(object_key(id_, kChecksumsFile), as_bytes(checksums_of(metadata, json)), {},
                      cancellation_);
  }

  // The list of digests that lies here, when it does, must name the metadata that we are about to write.
  bool agrees_with_what_is_left(const std::string& json) {
    const auto text = storage::get_whole(store_, object_key(id_, kChecksumsFile));
    const auto checksums = text.ok() ? parse_checksums(*text) : Result<std::vector<Checksum>>(text.error());
    if (!checksums.ok()) return true;
    const auto digest = to_hex(sha256(as_bytes(json)));
    return std::ranges::any_of(*checksums, [&](const Checksum& checksum) {
      return checksum.name == kMetadataFile && checksum.sha256 == digest;
    });
  }

  // The old object stays until the new one has arrived whole and good.
  Result<void> mend(const Artifact& artifact) {
    const auto* other = find_artifact(theirs_->metadata(), artifact.name);
    if (other == nullptr || other->sha256 != artifact.sha256) {
      say(artifact.name, "the replica has another content");
      return {};
    }
    ASSIGN_OR_RETURN(const auto upload, store_.upload(object_key(id_, artifact.name), {}, cancellation_));
    auto read =
        theirs_->read(artifact.name, [&](ByteView bytes) { return upload->write(bytes); }, cancellation_);
    if (read.ok()) return upload->finish();
    const auto code = read.error().code();
    if (code != Code::kCorrupt && code != Code::kNotFound) return read;
    say(artifact.name, fmt::format("no help from the replica: {}", read.error().message()));
    return {};
  }

  void say(const std::string& name, const std::string& text) {
    for (auto& repair : repairs_)
      if (repair.object == object_key(id_, name)) repair.problem += "; " + text;
  }

  Result<std::vector<Repair>> check_again() {
    ASSIGN_OR_RETURN(const auto report, repository_.verify(id_, {}, reporter_, cancellation_));
    std::set<std::string> left;
    for (const auto& finding : report.findings) left.insert(object_key(id_, finding.artifact));
    for (auto& repair : repairs_) repair.mended = !left.contains(repair.object);
    return std::move(repairs_);
  }

  CombinedRepository& repository_;
  storage::ObjectStore& store_;
  const std::string id_;
  const CombinedRepository& replica_;
  Reporter& reporter_;
  const Cancellation& cancellation_;
  std::optional<BackupMetadata> ours_;
  std::unique_ptr<BackupReader> theirs_;
  std::vector<Repair> repairs_;
};

}  // namespace

Result<std::vector<Repair>> repair_plain(CombinedRepository& repository, const std::string& id,
                                         const CombinedRepository& replica, bool dry_run, Reporter& reporter,
                                         const Cancellation& cancellation) {
  return PlainRepair(repository, id, replica, reporter, cancellation).run(dry_run);
}

}  // namespace summit::repository
