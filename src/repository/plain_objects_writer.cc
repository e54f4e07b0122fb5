#include "repository/plain_objects_writer.h"

#include "core/digest.h"
#include "repository/backup_id.h"
#include "repository/checksums.h"
#include "repository/plain_layout.h"

namespace summit::repository {
namespace {

class Sink final : public ArtifactSink {
 public:
  Sink(std::unique_ptr<storage::ObjectUpload> upload, std::string name, std::string component,
       std::shared_ptr<ArtifactTable> table)
      : upload_(std::move(upload)), table_(std::move(table)) {
    artifact_.name = std::move(name);
    artifact_.component = std::move(component);
  }
  ~Sink() override {
    if (!finished_) table_->abandon(artifact_.name);
  }

  Result<void> write(ByteView bytes) override {
    digest_.update(bytes);
    artifact_.size += bytes.size();
    return upload_->write(bytes);
  }

  Result<Artifact> finish() override {
    if (finished_) return Error(Code::kFailed, "artifact {} was finished twice", artifact_.name);
    RETURN_IF_ERROR(upload_->finish(), "while storing {}", artifact_.name);
    artifact_.sha256 = to_hex(digest_.finish());
    artifact_.duration_seconds = watch_.elapsed().count();
    table_->close(artifact_);
    finished_ = true;
    return artifact_;
  }

 private:
  std::unique_ptr<storage::ObjectUpload> upload_;
  std::shared_ptr<ArtifactTable> table_;
  Artifact artifact_;
  Sha256 digest_;
  Stopwatch watch_;
  bool finished_ = false;
};

Error taken(const std::string& id, const storage::ObjectStore& store) {
  return Error(Code::kAlreadyExists, "backup {} exists already in {} or is being written", id,
               store.describe())
      .hint(
          "wait a second and run the same command again; what a crashed run left is removed after two days");
}

}  // namespace

Result<std::unique_ptr<BackupWriter>> PlainObjectsWriter::begin(std::shared_ptr<storage::ObjectStore> store,
                                                                const fs::path& scratch,
                                                                const std::string& id,
                                                                const std::string& copy_of,
                                                                LockTime lock_time) {
  RETURN_IF_ERROR(parse_backup_id(id), "while beginning a backup");
  ASSIGN_OR_RETURN(const auto marker, store->head(object_key(id, id)), "while beginning backup {}", id);
  if (marker) return taken(id, *store);
  ASSIGN_OR_RETURN(auto workspace, TemporaryDirectory::create(scratch, ".work-"), "while beginning backup {}",
                   id);
  std::unique_ptr<PlainObjectsWriter> writer(new PlainObjectsWriter(store, id, std::move(workspace)));

  writer->lock_time_ = std::move(lock_time);

  const auto claimed =
      store->put(claim_key(id), as_bytes(copy_of), {.condition = storage::Condition::kAbsent});
  if (!claimed.ok()) {
    // From here on the claim is somebody else's, and a destroyed writer must not touch it.
    writer->committed_ = true;
    if (claimed.error().code() != Code::kAlreadyExists) return claimed.error();
    ASSIGN_OR_RETURN(const auto claim, storage::get_whole(*store, claim_key(id)), "while beginning backup {}",
                     id);
    if (copy_of.empty() || claim != copy_of) return taken(id, *store);
    writer->committed_ = false;
  }
  writer->is_copy_ = !copy_of.empty();
  if (writer->is_copy_) RETURN_IF_ERROR(writer->take_up(), "while beginning a copy of {}", id);
  return std::unique_ptr<BackupWriter>(std::move(writer));
}

PlainObjectsWriter::~PlainObjectsWriter() {
  // An unfinished copy stays: the next attempt goes on where it ended.
  if (committed_ || is_copy_) return;
  std::vector<std::string> keys;
  const auto listed = store_->list(id_ + "/", "", [&](const storage::ObjectInfo& object) -> Result<bool> {
    keys.push_back(object.key);
    return true;
  });
  bool removed = listed.ok();
  for (const auto& key : keys) removed = store_->remove(key).ok() && removed;
  // The claim goes last: while it is there, a later writer removes what we could not.
  if (removed) (void)store_->remove(claim_key(id_));
}

Result<void> PlainObjectsWriter::take_up() {
  return store_->list(id_ + "/", "", [&](const storage::ObjectInfo& object) -> Result<bool> {
    already_there_[object.key.substr(id_.size() + 1)] = object.size;
    return true;
  });
}

std::optional<Artifact> PlainObjectsWriter::adopt(const Artifact& artifact) {
  // Uploads are whole or absent, and the claim says that they are of the same backup: the size is enough.
  const auto found = already_there_.find(artifact.name);
  if (found == already_there_.end() || found->second != artifact.size || !table_->open(artifact.name).ok())
    return {};
  table_->close(artifact);
  return artifact;
}

Result<std::unique_ptr<ArtifactSink>> PlainObjectsWriter::create(std::string name, std::string component) {
  if (committed_) return Error(Code::kFailed, "backup {} is committed already", id_);
  RETURN_IF_ERROR(table_->open(name));
  auto upload = store_->upload(object_key(id_, name));
  if (!upload.ok()) {
    table_->abandon(name);
    return std::move(upload).error();
  }
  return std::unique_ptr<ArtifactSink>(
      std::make_unique<Sink>(*std::move(upload), std::move(name), std::move(component), table_));
}

Result<void> PlainObjectsWriter::commit(const BackupMetadata& metadata) {
  if (committed_) return Error(Code::kFailed, "backup {} is committed already", id_);
  if (metadata.id != id_)
    return Error(Code::kFailed, "metadata of {} cannot be committed as {}", metadata.id, id_);
  ASSIGN_OR_RETURN(const auto unclaimed, table_->settle(metadata));
  for (const auto& name : unclaimed) RETURN_IF_ERROR(store_->remove(object_key(id_, name)));

  const std::string json = to_json(metadata);
  std::vector<Checksum> checksums{{std::string(kMetadataFile), to_hex(sha256(as_bytes(json)))}};
  for (const auto& component : metadata.components)
    for (const auto& artifact : component.artifacts) checksums.push_back({artifact.name, artifact.sha256});
  RETURN_IF_ERROR(store_->put(object_key(id_, kMetadataFile), as_bytes(json)));
  RETURN_IF_ERROR(store_->put(object_key(id_, kChecksumsFile), as_bytes(format_checksums(checksums))));

  // Who slept so long that others took this for a leftover finds the claim gone, and commits nothing.
  ASSIGN_OR_RETURN(const auto claim, store_->head(claim_key(id_)));
  if (!claim)
    return Error(Code::kFailed, "backup {} took more than two days: another run removed it", id_)
        .hint("start it again");
  RETURN_IF_ERROR(store_->put(object_key(id_, id_), {}));
  committed_ = true;
  lock(metadata);
  return store_->remove(claim_key(id_));
}

void PlainObjectsWriter::lock(const BackupMetadata& metadata) {
  std::vector<std::string> keys;
  for (const auto& name : {id_, std::string(kMetadataFile), std::string(kChecksumsFile)})
    keys.push_back(object_key(id_, name));
  for (const auto& component : metadata.components)
    for (const auto& artifact : component.artifacts) keys.push_back(object_key(id_, artifact.name));
  warnings_ = lock_objects(*store_, keys, lock_time_, metadata);
}

}  // namespace summit::repository
