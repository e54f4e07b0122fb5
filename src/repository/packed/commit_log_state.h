// The inside of CommitLog. For its .cc files only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "repository/packed/commit_log.h"
#include "repository/packed/log_record.h"
#include "repository/packed/remembered_head.h"

namespace summit::repository::packed {

// What lies under a record's key.
struct FoundRecord {
  std::string bytes;
  LogObject object;

  // Of the record that is there, or was before a void took its place.
  const Sha256Digest& hash() const {
    return object.header.kind == LogObjectKind::kVoid ? object.header.hash : object.digest;
  }
};

struct CommitLog::State {
  storage::ObjectStore* store = nullptr;
  const Keyring* keyring = nullptr;
  Sha256Digest format_hash{};
  CommitLogOptions options;
  std::array<std::byte, 16> writer{};
  RepositoryState state;
  std::optional<LogHead> remembered;
  // The hash of the remembered record, once it was read; records before the checkpoint are not.
  std::optional<Sha256Digest> seen_at_remembered;

  // Nothing when there is no such object. kCorrupt, naming it, when it is not what belongs there.
  Result<std::optional<FoundRecord>> get_record(uint64_t number, const Cancellation& cancellation) const;
  Result<std::optional<RepositoryState>> get_checkpoint(uint64_t number,
                                                        const Cancellation& cancellation) const;
  // The numbers of all checkpoints, ascending.
  Result<std::vector<uint64_t>> checkpoints(const Cancellation& cancellation) const;

  // The state of the newest checkpoint that opens, or of the empty log.
  Result<void> start(const Cancellation& cancellation);
  Result<void> read_on(const Cancellation& cancellation);
  Result<void> check_end(const Cancellation& cancellation);
  Result<void> apply(uint64_t number, const FoundRecord& found);

  Result<bool> create(uint64_t number, ByteView record, const Sha256Digest& hash,
                      const Cancellation& cancellation) const;

  // Voids the records up to `until` that commit no live backup. Gives how many.
  Result<uint64_t> void_records(uint64_t until, const Cancellation& cancellation) const;
  Result<void> void_record(uint64_t number, const Cancellation& cancellation) const;

  void note(uint64_t number, const Sha256Digest& hash);
  Result<void> check_remembered(const Cancellation& cancellation);
  Result<void> remember();
};

}  // namespace summit::repository::packed
