// Backups of the packed layout: deduplicated, compressed, sealed. Format: docs/formats/repository.md.
//
// Thread-safe, as every BackupRepository; it outlives the writers and readers that it gave.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "repository/backup_repository.h"
#include "repository/object_locks.h"
#include "repository/packed/chunk_writer.h"
#include "repository/packed/commit_log.h"
#include "repository/packed/format_file.h"
#include "repository/packed/slot_store.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

// Present in a replica; its content says of what, for people.
inline constexpr std::string_view kReplicaKey = "repository/replica";

struct PackedOptions {
  fs::path
      cache;  // local: where chunks are, which head was seen last. May vanish: then backups take longer, once
  fs::path scratch;  // local: intermediate files of writers
  fs::path
      local_base;  // the directory behind the store, for the links to its newest backup; empty for others
  ChunkWriterOptions chunks{};
  bool accept_other_history = false;  // see CommitLogOptions
  // After a commit everything that the backup needs is locked until then: packs that are used again too.
  LockTime lock_time{};
};

class PackedRepository final : public BackupRepository {
 public:
  // A new repository. kAlreadyExists when there is one. kRefused when the storage ignores conditions and
  // `single_writer` does not promise that there will never be two writers at once.
  static Result<std::unique_ptr<PackedRepository>> create(std::shared_ptr<storage::ObjectStore> store,
                                                          const NewSlot& slot, KeyService* service,
                                                          PackedOptions options, bool single_writer = false);
  // kRepositoryMissing when there is none; else the errors of SlotStore::open and CommitLog::open.
  static Result<std::unique_ptr<PackedRepository>> open(std::shared_ptr<storage::ObjectStore> store,
                                                        const std::vector<SlotSecret>& secrets,
                                                        KeyService* service, PackedOptions options,
                                                        const Cancellation& cancellation = {});
  ~PackedRepository() override;

  std::string describe() const override { return store_->describe(); }
  std::string_view layout() const override { return kPackedLayout; }

  Result<std::unique_ptr<BackupWriter>> begin(const std::string& id) override;
  Result<std::vector<BackupSummary>> list() const override;
  Result<std::unique_ptr<BackupReader>> open(std::string_view reference) const override;
  using BackupRepository::verify;
  // What was proven is remembered in the log; after a finding nothing counts as proven any more.
  Result<VerifyReport> verify(std::string_view reference, const VerifyOptions& options, Reporter& reporter,
                              const Cancellation& cancellation = {}) const override;
  // Its packs stay until a collection; kRefused while it is pinned.
  Result<void> remove(const std::string& id) override;

  // Whether a backup of this id lives.
  Result<bool> has(std::string_view id) const;
  // All that live: their commits, pins and verifications.
  Result<std::map<std::string, LiveBackup, std::less<>>> backups() const;

  // Makes the published view of a live backup again, as far as it differs.
  Result<void> publish(const std::string& id) const;

  Result<void> pin(std::string_view reference, const std::string& reason);
  Result<void> unpin(std::string_view reference, const std::string& reason);

  // Kept equal to another repository by replication: nothing but that may write to it, or the two would go
  // their own ways.
  bool is_replica() const { return replica_; }
  // Makes a replica a repository of its own, when the one that it follows is lost.
  Result<void> promote();

  storage::ObjectStore& store() const { return *store_; }
  const OpenedKeyring& keys() const { return keys_; }
  const RepositoryId& id() const { return format_.format.id; }
  // A log of its own for who works on it at length: a collection, say.
  Result<std::unique_ptr<CommitLog>> open_log(const Cancellation& cancellation = {}) const;

 private:
  friend class PackedWriter;

  PackedRepository(std::shared_ptr<storage::ObjectStore> store, StoredFormat format, OpenedKeyring keys,
                   PackedOptions options);

  // Runs `use` on the log as it is now, one at a time.
  template <typename Use>
  auto with_log(const Use& use, const Cancellation& cancellation = {}) const
      -> decltype(use(std::declval<CommitLog&>())) {
    const std::lock_guard lock(mutex_);
    if (!log_) {
      ASSIGN_OR_RETURN(log_, open_log(cancellation));
    } else {
      RETURN_IF_ERROR(log_->refresh(cancellation));
    }
    return use(*log_);
  }
  Result<void> refuse_replica() const;
  Result<std::string> live_id(const RepositoryState& state, std::string_view reference) const;
  // Appends what `build` makes, see CommitLog::append.
  Result<void> append(const CommitLog::Build& build, const Cancellation& cancellation = {}) const;

  const std::shared_ptr<storage::ObjectStore> store_;
  const StoredFormat format_;
  const OpenedKeyring keys_;
  const PackedOptions options_;
  bool replica_ = false;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<CommitLog> log_;
};

}  // namespace summit::repository::packed
