// What the log's records add up to: which backups live, which packs they need, what may be referenced.
//
// Every rule of docs/formats/repository.md ("allowed when") is enforced here and nowhere else. Memory: about
// 150 bytes for each pack that is known, tombstoned or relocated, and 4 bytes for each pack of each live
// backup. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.h"
#include "core/result.h"
#include "core/time.h"
#include "repository/packed/events.h"
#include "repository/packed/pack_name.h"
#include "repository/packed/pack_table.h"

namespace summit::repository::packed {

struct Verification {
  uint32_t level = 0;
  double fraction = 0;
  Instant at{};
  friend bool operator==(const Verification&, const Verification&) = default;
};

// A backup that was committed and not removed.
struct LiveBackup {
  uint64_t record = 0;  // the number of the record that commits it
  Sha256Digest record_hash{};
  std::optional<std::string> pin{};           // the reason while pinned
  std::vector<Verification> verifications{};  // the last of each level, by level
};

enum class PackStatus { kUnknown, kKnown, kTombstoned };

class RepositoryState {
 public:
  RepositoryState();
  RepositoryState(const RepositoryState& other);
  RepositoryState(RepositoryState&&) noexcept;
  RepositoryState& operator=(RepositoryState&&) noexcept;
  ~RepositoryState();

  // Of the last record applied; 0 and all zeros before the first.
  uint64_t number() const;
  const Sha256Digest& hash() const;

  // kRefused, naming the event and the rule, when record number() + 1 may not say this. Nothing is changed.
  Result<void> check(const std::vector<Event>& events) const;

  // Record number() + 1, whose object has the hash `hash`. On an error the state is unchanged.
  Result<void> apply(const std::vector<Event>& events, const Sha256Digest& hash);

  // Live backups by id.
  const std::map<std::string, LiveBackup, std::less<>>& backups() const;
  const LiveBackup* find(std::string_view backup) const;

  // The packs that a live backup needs now, relocations followed, in the order of their names. Empty when no
  // such backup lives.
  std::vector<StoredPack> packs_of(std::string_view backup) const;

  PackStatus status(const PackName& pack) const;
  // Whether a commit in the next record may reference the pack. Until then it can change: only the log
  // decides.
  bool may_reference(const PackName& pack) const;
  // Where the chunks of a relocated pack lie now, relocations of relocations followed; nothing when it was
  // not relocated.
  std::optional<std::vector<PackName>> relocated(const PackName& pack) const;

  struct Tombstone {
    PackName pack;
    uint64_t size = 0;    // bytes
    uint64_t record = 0;  // the number of the record that says so
  };
  using KnownPack = PackTable::Entry;
  // In the order of their names.
  void visit_known(const std::function<void(const KnownPack&)>& visit) const;
  void visit_tombstones(const std::function<void(const Tombstone&)>& visit) const;

  uint64_t floor() const;

  // The body of a checkpoint (CBOR), and back. kCorrupt when it is none, or contradicts itself.
  std::string to_checkpoint() const;
  static Result<RepositoryState> from_checkpoint(ByteView body, uint64_t number, const Sha256Digest& hash);

  struct Data;  // state_data.h

 private:
  std::unique_ptr<Data> data_;
};

}  // namespace summit::repository::packed
