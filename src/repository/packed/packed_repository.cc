#include "repository/packed/packed_repository.h"

#include <algorithm>

#include "core/digest.h"
#include "repository/backup_id.h"
#include "repository/packed/packed_reader.h"
#include "repository/packed/packed_verify.h"
#include "repository/packed/packed_writer.h"
#include "repository/packed/published_view.h"
#include "storage/probe.h"

namespace summit::repository::packed {
namespace {

BackupSummary damaged(const std::string& id, const fs::path& location, const Error& error) {
  BackupSummary summary{id, location, {}};
  summary.metadata.id = id;
  summary.metadata.layout = kPackedLayout;
  summary.metadata.status = Status::kFailed;
  summary.metadata.label = fmt::format("damaged: {}", error.message());
  if (const auto parsed = parse_backup_id(id); parsed.ok()) {
    summary.metadata.set = parsed->set;
    summary.metadata.started = summary.metadata.finished = parsed->instant;
  }
  return summary;
}

// A sample takes nothing from a whole verification before it.
std::vector<Event> proven(const std::string& id, const LiveBackup& backup, const VerifyOptions& options) {
  const auto level = static_cast<uint32_t>(options.level);
  for (const auto& earlier : backup.verifications)
    if (earlier.level == level && earlier.fraction > options.fraction) return {};
  return {VerifiedEvent{.backup = id, .level = level, .fraction = options.fraction, .at = now()}};
}

// What was proven once is so no longer: nothing of it counts, and retention relies on another backup.
std::vector<Event> doubted(const std::string& id, const LiveBackup& backup) {
  std::vector<Event> events;
  for (const auto& earlier : backup.verifications) {
    if (earlier.fraction > 0)
      events.emplace_back(VerifiedEvent{.backup = id, .level = earlier.level, .fraction = 0, .at = now()});
  }
  return events;
}

}  // namespace

PackedRepository::PackedRepository(std::shared_ptr<storage::ObjectStore> store, StoredFormat format,
                                   OpenedKeyring keys, PackedOptions options)
    : store_(std::move(store)), format_(format), keys_(std::move(keys)), options_(std::move(options)) {}

PackedRepository::~PackedRepository() = default;

Result<std::unique_ptr<PackedRepository>> PackedRepository::create(
    std::shared_ptr<storage::ObjectStore> store, const NewSlot& slot, KeyService* service,
    PackedOptions options, bool single_writer) {
  ASSIGN_OR_RETURN(const auto capabilities, storage::probe(*store), "while preparing a repository in {}",
                   store->describe());
  if (!capabilities.conditional_put && !single_writer) {
    return Error(Code::kRefused,
                 "{} overwrites objects that were to be created only when absent: two writers could destroy "
                 "each other's work",
                 store->describe())
        .hint(
            "use another storage, or promise that there will never be two writers at once: --single-writer");
  }
  ASSIGN_OR_RETURN(const auto stored,
                   create_format(*store, {.id = RepositoryId::random(),
                                          .created = now(),
                                          .conditional_put = capabilities.conditional_put}));
  const auto& id = stored.format.id;
  ASSIGN_OR_RETURN(const auto keyring, Keyring::create(id));
  SlotStore slots(*store, id, service);
  ASSIGN_OR_RETURN(const auto name, slots.create_first(keyring, slot), "while preparing a repository in {}",
                   store->describe());
  ASSIGN_OR_RETURN(const auto listed, slots.list());
  for (const auto& candidate : listed) {
    if (candidate.name != name || !candidate.slot.ok()) continue;
    return std::unique_ptr<PackedRepository>(new PackedRepository(
        std::move(store), stored, {keyring, candidate.slot->header}, std::move(options)));
  }
  return Error(Code::kFailed, "the key slot {} of {} is gone again", name, store->describe());
}

Result<std::unique_ptr<PackedRepository>> PackedRepository::open(std::shared_ptr<storage::ObjectStore> store,
                                                                 const std::vector<SlotSecret>& secrets,
                                                                 KeyService* service, PackedOptions options,
                                                                 const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto format, read_format(*store, cancellation));
  ASSIGN_OR_RETURN(auto keys, SlotStore(*store, format.format.id, service, cancellation).open(secrets),
                   "in {}", store->describe());
  ASSIGN_OR_RETURN(const auto replica, store->head(kReplicaKey, cancellation));
  std::unique_ptr<PackedRepository> repository(
      new PackedRepository(std::move(store), format, std::move(keys), std::move(options)));
  repository->replica_ = replica.has_value();
  return repository;
}

Result<std::unique_ptr<CommitLog>> PackedRepository::open_log(const Cancellation& cancellation) const {
  // A replica has the same id, and lags behind: each place has a memory of its own.
  const auto place = to_hex(sha256(as_bytes(describe()))).substr(0, 16);
  const auto heads = options_.cache.empty() ? fs::path() : options_.cache / "heads" / place;
  return CommitLog::open(*store_, keys_.keyring, format_.digest,
                         {.head_directory = heads,
                          .accept_other_history = options_.accept_other_history,
                          .is_replica = replica_},
                         cancellation);
}

Result<void> PackedRepository::refuse_replica() const {
  if (!replica_) return {};
  return Error(
             Code::kRefused,
             "the repository in {} is a replica: what is written to it would be lost or end the replication",
             describe())
      .hint(fmt::format("write to the one that it follows; if that one is lost: summit-dr --backup-base={} "
                        "repository promote",
                        describe()));
}

Result<void> PackedRepository::promote() {
  RETURN_IF_ERROR(store_->remove(kReplicaKey), "while promoting {}", describe());
  replica_ = false;
  return {};
}

Result<std::unique_ptr<BackupWriter>> PackedRepository::begin(const std::string& id) {
  RETURN_IF_ERROR(refuse_replica());
  return PackedWriter::begin(*this, id);
}

Result<std::vector<BackupSummary>> PackedRepository::list() const {
  return with_log([&](CommitLog& log) -> Result<std::vector<BackupSummary>> {
    std::vector<BackupSummary> summaries;
    for (const auto& [id, backup] : log.state().backups()) {
      const auto location = fs::path(describe()) / id;
      auto commit = log.read_commit(id);
      auto metadata =
          commit.ok() ? metadata_from_json(commit->metadata) : Result<BackupMetadata>(commit.error());
      if (!metadata.ok()) {
        summaries.push_back(damaged(id, location, metadata.error()));
        continue;
      }
      for (auto& component : metadata->components) component.fingerprints.clear();
      summaries.push_back({id, location, *std::move(metadata)});
    }
    std::ranges::sort(summaries, [](const BackupSummary& a, const BackupSummary& b) {
      return std::pair(a.metadata.started, a.id) > std::pair(b.metadata.started, b.id);
    });
    return summaries;
  });
}

Result<std::string> PackedRepository::live_id(const RepositoryState& state,
                                              std::string_view reference) const {
  ASSIGN_OR_RETURN(const auto parsed, parse_reference(reference));
  if (state.find(parsed.id) != nullptr) return parsed.id;
  return Error(Code::kNotFound, "backup {} is not in {}", parsed.id, describe()).hint("summit-dr list");
}

Result<std::unique_ptr<BackupReader>> PackedRepository::open(std::string_view reference) const {
  return with_log([&](CommitLog& log) -> Result<std::unique_ptr<BackupReader>> {
    ASSIGN_OR_RETURN(const auto id, live_id(log.state(), reference));
    ASSIGN_OR_RETURN(auto commit, log.read_commit(id));
    return PackedReader::open(*store_, keys_.keyring, std::move(commit), relocations_of(log.state()));
  });
}

Result<VerifyReport> PackedRepository::verify(std::string_view reference, const VerifyOptions& options,
                                              Reporter& reporter, const Cancellation& cancellation) const {
  const auto find_target = [&](CommitLog& log) -> Result<VerifyTarget> {
    ASSIGN_OR_RETURN(const auto id, live_id(log.state(), reference));
    ASSIGN_OR_RETURN(auto commit, log.read_commit(id));
    return VerifyTarget{std::move(commit), log.state().packs_of(id), relocations_of(log.state())};
  };
  ASSIGN_OR_RETURN(const auto target, with_log(find_target, cancellation));
  ASSIGN_OR_RETURN(auto report,
                   verify_backup(*store_, keys_.keyring, target, options, reporter, cancellation));
  if (replica_) return report;
  const auto note = [&](const RepositoryState& state) -> Result<std::vector<Event>> {
    const auto* backup = state.find(report.id);
    // Removed while it was being read: there is nothing left to say of it.
    if (backup == nullptr) return std::vector<Event>{};
    return report.findings.empty() ? proven(report.id, *backup, options) : doubted(report.id, *backup);
  };
  RETURN_IF_ERROR(append(note, cancellation), "while noting how {} was verified", report.id);
  return report;
}

Result<void> PackedRepository::append(const CommitLog::Build& build, const Cancellation& cancellation) const {
  RETURN_IF_ERROR(refuse_replica());
  return with_log(
      [&](CommitLog& log) -> Result<void> {
        const auto appended = log.append(build, cancellation);
        if (!appended.ok()) return appended.error();
        return {};
      },
      cancellation);
}

Result<void> PackedRepository::remove(const std::string& id) {
  RETURN_IF_ERROR(refuse_replica());
  RETURN_IF_ERROR(parse_backup_id(id));
  const auto removable = with_log([&](CommitLog& log) -> Result<void> {
    const auto* backup = log.state().find(id);
    if (backup == nullptr || !backup->pin) return {};
    return Error(Code::kRefused, "backup {} is pinned: {}", id, *backup->pin)
        .hint(fmt::format("summit-dr unpin {}", id));
  });
  RETURN_IF_ERROR(removable);
  // The view first: while the log has the backup, the view can be made again; the other way round it would
  // show a backup that is none.
  RETURN_IF_ERROR(unpublish_backup(*store_, id));
  return append([&](const RepositoryState& state) -> Result<std::vector<Event>> {
    if (state.find(id) == nullptr) return std::vector<Event>{};
    return std::vector<Event>{RemoveEvent{.backups = {id}, .reason = "removed by hand"}};
  });
}

Result<bool> PackedRepository::has(std::string_view id) const {
  return with_log([&](CommitLog& log) -> Result<bool> { return log.state().find(id) != nullptr; });
}

Result<std::map<std::string, LiveBackup, std::less<>>> PackedRepository::backups() const {
  using Backups = std::map<std::string, LiveBackup, std::less<>>;
  return with_log([](CommitLog& log) -> Result<Backups> { return log.state().backups(); });
}

Result<void> PackedRepository::publish(const std::string& id) const {
  return with_log([&](CommitLog& log) -> Result<void> {
    ASSIGN_OR_RETURN(const auto commit, log.read_commit(id));
    ASSIGN_OR_RETURN(const auto metadata, metadata_from_json(commit.metadata), "in the commit of {}", id);
    return publish_backup(*store_, metadata, log.state().packs_of(id));
  });
}

Result<void> PackedRepository::pin(std::string_view reference, const std::string& reason) {
  return append([&](const RepositoryState& state) -> Result<std::vector<Event>> {
    ASSIGN_OR_RETURN(const auto id, live_id(state, reference));
    return std::vector<Event>{PinEvent{.backup = id, .reason = reason}};
  });
}

Result<void> PackedRepository::unpin(std::string_view reference, const std::string& reason) {
  return append([&](const RepositoryState& state) -> Result<std::vector<Event>> {
    ASSIGN_OR_RETURN(const auto id, live_id(state, reference));
    return std::vector<Event>{UnpinEvent{.backup = id, .reason = reason}};
  });
}

}  // namespace summit::repository::packed
