// What is known of plain backups beyond their bytes: which are pinned, and when each was read whole.
//
// Lies beside the backups, never in them, for a finished backup is not touched: `.ledger/pins/<id>` holds the
// reason, `.ledger/verified/<id>` the time (RFC 3339) at which every byte was found good last. Whoever can
// write to the backups can write here: it guards against mistakes, not against attackers.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/cancellation.h"
#include "core/result.h"
#include "core/time.h"
#include "storage/object_store.h"

namespace summit::repository {

// Thread-safe.
class PlainLedger {
 public:
  struct Entry {
    std::optional<std::string> pin{};   // the reason
    std::optional<Instant> verified{};  // when every byte was read and found good
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  // `store` outlives this.
  explicit PlainLedger(storage::ObjectStore& store) : store_(store) {}

  // By id, of all backups that anything is known of. An entry that cannot be understood says nothing but, of
  // a pin, that there is one.
  Result<Entries> read(const Cancellation& cancellation = {}) const;
  Result<Entry> read(const std::string& id, const Cancellation& cancellation = {}) const;

  Result<void> pin(const std::string& id, const std::string& reason);
  Result<void> unpin(const std::string& id);
  Result<void> note_verified(const std::string& id, Instant at);
  // Damage was found: what was known before counts no more.
  Result<void> note_doubted(const std::string& id);
  // The backup is gone.
  Result<void> forget(const std::string& id);

 private:
  storage::ObjectStore& store_;
};

}  // namespace summit::repository
