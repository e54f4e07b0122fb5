#include "repository/packed/packed_writer.h"

#include <algorithm>

#include "core/digest.h"
#include "core/task_group.h"
#include "repository/backup_id.h"
#include "repository/packed/log_record.h"
#include "repository/packed/pack_reader.h"
#include "repository/packed/published_view.h"

namespace summit::repository::packed {
namespace {

class Sink final : public ArtifactSink {
 public:
  Sink(std::unique_ptr<ContentWriter> content, std::string name, std::string component,
       std::shared_ptr<ArtifactTable> table, std::shared_ptr<ContentNumbers> numbers)
      : content_(std::move(content)), table_(std::move(table)), numbers_(std::move(numbers)) {
    artifact_.name = std::move(name);
    artifact_.component = std::move(component);
  }
  ~Sink() override {
    if (!finished_) table_->abandon(artifact_.name);
  }

  Result<void> write(ByteView bytes) override {
    digest_.update(bytes);
    artifact_.size += bytes.size();
    return content_->write(bytes);
  }

  Result<void> begin_stream(const std::string&) override { return content_->begin_part(); }

  Result<Artifact> finish() override {
    if (finished_) return Error(Code::kFailed, "artifact {} was finished twice", artifact_.name);
    ASSIGN_OR_RETURN(const size_t number, content_->finish(), "while storing {}", artifact_.name);
    artifact_.sha256 = to_hex(digest_.finish());
    artifact_.duration_seconds = watch_.elapsed().count();
    {
      const std::lock_guard lock(numbers_->mutex);
      numbers_->by_artifact[artifact_.name] = number;
    }
    table_->close(artifact_);
    finished_ = true;
    return artifact_;
  }

 private:
  std::unique_ptr<ContentWriter> content_;
  std::shared_ptr<ArtifactTable> table_;
  std::shared_ptr<ContentNumbers> numbers_;
  Artifact artifact_;
  Sha256 digest_;
  Stopwatch watch_;
  bool finished_ = false;
};

BlockPlace place_of(const Reference& block) {
  return {.id = block.id,
          .pack = block.frame.pack,
          .frame = block.frame.ordinal,
          .frame_offset = block.frame.offset,
          .plain_length = block.frame.plain_length,
          .encoded_length = block.frame.encoded_length,
          .encoding = static_cast<uint8_t>(block.frame.encoding),
          .offset = block.offset,
          .length = block.length};
}

Result<Sha256Digest> digest_of(const Artifact& artifact) {
  std::string bytes;
  Sha256Digest digest{};
  if (!from_hex(artifact.sha256, bytes) || bytes.size() != digest.size())
    return Error(Code::kFailed, "artifact {} has no sha-256", artifact.name);
  std::ranges::copy(as_bytes(bytes), digest.begin());
  return digest;
}

// Packs of writers that did not commit: still running, or crashed.
Result<std::vector<PackName>> uncommitted_packs(storage::ObjectStore& store, const RepositoryState& state) {
  std::vector<PackName> packs;
  RETURN_IF_ERROR(store.list(kPacksPrefix, "", [&](const storage::ObjectInfo& object) -> Result<bool> {
    const auto name = PackName::from_key(object.key);
    if (name && state.status(*name) == PackStatus::kUnknown && state.may_reference(*name))
      packs.push_back(*name);
    return true;
  }));
  return packs;
}

}  // namespace

Result<std::unique_ptr<BackupWriter>> PackedWriter::begin(PackedRepository& repository,
                                                          const std::string& id) {
  RETURN_IF_ERROR(parse_backup_id(id), "while beginning a backup");
  ASSIGN_OR_RETURN(auto workspace, TemporaryDirectory::create(repository.options_.scratch, "work-"),
                   "while beginning backup {}", id);
  std::unique_ptr<PackedWriter> writer(new PackedWriter(repository, id, std::move(workspace)));
  const auto begun = repository.with_log([&](CommitLog& log) -> Result<void> {
    const auto& state = log.state();
    if (state.find(id) != nullptr) {
      return Error(Code::kAlreadyExists, "backup {} exists already in {}", id, repository.describe())
          .hint("wait a second and run the same command again");
    }
    RETURN_IF_ERROR(writer->refuse_id_of_a_plain_backup());
    RETURN_IF_ERROR(writer->sync_index(state));
    ASSIGN_OR_RETURN(writer->chunks_,
                     ChunkWriter::create(*repository.store_, repository.keys_.keyring, *writer->index_,
                                         state.number(), repository.options_.chunks));
    return {};
  });
  RETURN_IF_ERROR(begun, "while beginning backup {}", id);
  writer->publish_what_a_crash_left();
  return std::unique_ptr<BackupWriter>(std::move(writer));
}

// The view of this backup would overwrite what lies there. Asked where the log has no such backup.
Result<void> PackedWriter::refuse_id_of_a_plain_backup() const {
  ASSIGN_OR_RETURN(const auto marker, repository_.store_->head(fmt::format("{0}/{0}", id_)));
  if (!marker) return {};
  return Error(Code::kAlreadyExists, "backup {} exists already in {}, in the plain layout", id_,
               repository_.describe())
      .hint("wait a second and run the same command again");
}

// Who committed last may have died before he published it. That it cannot be published now either is no
// reason not to back up.
void PackedWriter::publish_what_a_crash_left() {
  const auto backups = repository_.backups();
  if (!backups.ok() || backups->empty()) return;
  const auto last =
      std::ranges::max_element(*backups, {}, [](const auto& backup) { return backup.second.record; });
  const auto marker = repository_.store_->head(fmt::format("{0}/{0}", last->first));
  if (!marker.ok() || marker->has_value()) return;
  const auto published = repository_.publish(last->first);
  if (!published.ok()) warnings_.push_back(published.error().to_string());
}

// The threads of the chunk writer use the index: they end first.
PackedWriter::~PackedWriter() { chunks_.reset(); }

Result<void> PackedWriter::sync_index(const RepositoryState& state) {
  const auto& keyring = repository_.keys_.keyring;
  ASSIGN_OR_RETURN(index_, ChunkIndex::open(repository_.options_.cache, keyring));
  std::vector<PackName> usable;
  state.visit_known([&](const RepositoryState::KnownPack& known) { usable.push_back(known.pack.name); });
  ASSIGN_OR_RETURN(const auto uncommitted, uncommitted_packs(*repository_.store_, state));
  usable.insert(usable.end(), uncommitted.begin(), uncommitted.end());
  return index_->sync(
      usable, [&](const PackName& pack) { return read_pack_footer(*repository_.store_, keyring, pack); });
}

Result<std::unique_ptr<ArtifactSink>> PackedWriter::create(std::string name, std::string component) {
  if (!chunks_) return Error(Code::kFailed, "backup {} is committed already", id_);
  RETURN_IF_ERROR(table_->open(name));
  auto content = chunks_->begin_stream();
  if (!content.ok()) {
    table_->abandon(name);
    return std::move(content).error();
  }
  return std::unique_ptr<ArtifactSink>(
      std::make_unique<Sink>(*std::move(content), std::move(name), std::move(component), table_, numbers_));
}

Result<void> PackedWriter::commit(const BackupMetadata& metadata) {
  if (!chunks_) return Error(Code::kFailed, "backup {} is committed already", id_);
  if (metadata.id != id_)
    return Error(Code::kFailed, "metadata of {} cannot be committed as {}", metadata.id, id_);
  // Contents that nobody claims are in no commit: their chunks wait for a collection.
  RETURN_IF_ERROR(table_->settle(metadata));
  auto written = chunks_->finish();
  chunks_.reset();
  if (!written.ok()) return std::move(written).error();
  ASSIGN_OR_RETURN(const auto commit, describe(metadata, *written));
  RETURN_IF_ERROR(append(commit));
  // From here on the backup exists: what follows can be made again from the log.
  const auto published = publish_backup(*repository_.store_, metadata, commit.packs);
  if (!published.ok()) warnings_.push_back(published.error().to_string());
  lock(metadata, commit);
  const auto newest = publish_newest_of(repository_.options_.local_base);
  warnings_.insert(warnings_.end(), newest.begin(), newest.end());
  return {};
}

// What it takes to read this backup: without its record, the format or a key slot the packs are noise.
void PackedWriter::lock(const BackupMetadata& metadata, const CommitEvent& commit) {
  auto& store = *repository_.store_;
  if (!repository_.options_.lock_time || !store.capabilities().object_lock) return;
  std::vector<std::string> keys{std::string(kFormatKey)};
  for (const auto& pack : commit.packs) keys.push_back(pack.name.key());
  const auto listed = store.list(kKeysPrefix, "", [&](const storage::ObjectInfo& slot) -> Result<bool> {
    keys.push_back(slot.key);
    return true;
  });
  const auto backups = repository_.backups();
  if (backups.ok() && backups->contains(id_)) keys.push_back(log_key(backups->at(id_).record));
  if (!listed.ok()) warnings_.push_back(listed.error().to_string());
  if (!backups.ok()) warnings_.push_back(backups.error().to_string());
  const auto problems = lock_objects(store, keys, repository_.options_.lock_time, metadata);
  warnings_.insert(warnings_.end(), problems.begin(), problems.end());
}

Result<CommitEvent> PackedWriter::describe(const BackupMetadata& metadata, const Written& written) {
  CommitEvent commit{.backup = id_, .metadata = to_json(metadata), .artifacts = {}, .packs = {}};
  std::set<PackName> packs;
  for (const auto& component : metadata.components) {
    for (const auto& artifact : component.artifacts) {
      const auto& content = written.contents.at(numbers_->by_artifact.at(artifact.name));
      PackedArtifact packed{.name = artifact.name, .size = content.size, .sha256 = {}, .blocks = {}};
      ASSIGN_OR_RETURN(packed.sha256, digest_of(artifact));
      for (const auto& block : content.blocks) packed.blocks.push_back(place_of(block));
      packs.insert(content.packs.begin(), content.packs.end());
      commit.artifacts.push_back(std::move(packed));
    }
  }
  ASSIGN_OR_RETURN(commit.packs, stored(packs, written));
  return commit;
}

// Sizes and digests of packs: our own, those that the log knows, and those that nobody has committed, which
// are read whole and proven good before we rely on them.
Result<std::vector<StoredPack>> PackedWriter::stored(const std::set<PackName>& packs,
                                                     const Written& written) {
  std::map<PackName, StoredPack> found;
  for (const auto& pack : written.packs)
    if (packs.contains(pack.name)) found.emplace(pack.name, pack);
  const auto looked_up = repository_.with_log([&](CommitLog& log) -> Result<void> {
    log.state().visit_known([&](const RepositoryState::KnownPack& known) {
      if (packs.contains(known.pack.name)) found.emplace(known.pack.name, known.pack);
    });
    return {};
  });
  RETURN_IF_ERROR(looked_up);
  std::vector<PackName> adopted;
  for (const auto& pack : packs)
    if (!found.contains(pack)) adopted.push_back(pack);
  std::vector<StoredPack> proven(adopted.size());
  RETURN_IF_ERROR(parallel_for(adopted.size(), kParallelPacks, [&](size_t index) -> Result<void> {
    ASSIGN_OR_RETURN(const auto content,
                     read_whole_pack(*repository_.store_, repository_.keys_.keyring, adopted[index]),
                     "while taking over what an interrupted backup stored");
    proven[index] = content.stored;
    return {};
  }));
  for (const auto& pack : proven) found.emplace(pack.name, pack);
  std::vector<StoredPack> all;
  all.reserve(found.size());
  for (const auto& [name, pack] : found) all.push_back(pack);
  return all;
}

Result<void> PackedWriter::append(const CommitEvent& commit) {
  // Called after each lost race: what was allowed a moment ago may not be now.
  return repository_.append([&](const RepositoryState& state) -> Result<std::vector<Event>> {
    for (const auto& pack : commit.packs) {
      if (state.may_reference(pack.name)) continue;
      return Error(Code::kFailed, "pack {} was given up by a collection while this backup was being written",
                   pack.name.to_string())
          .hint("run the same command again: what has arrived is not sent again");
    }
    if (state.find(id_) != nullptr) {
      return Error(Code::kAlreadyExists, "another writer has committed a backup {} meanwhile", id_)
          .hint("run the same command again: what has arrived is not sent again");
    }
    RETURN_IF_ERROR(refuse_id_of_a_plain_backup());
    return std::vector<Event>{commit};
  });
}

}  // namespace summit::repository::packed
