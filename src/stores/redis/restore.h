// Restores an RDB into a running Redis server, without restarting it.
//
//   inspect        reads the whole artifact once: damage is found before anything of the target is touched
//   check_target   everything that would make the server refuse later, asked beforehand
//   restore        empties the server and fills it again
//
// Crash-honest: the server is emptied in one transaction that also sets the key
// `summit-dr:restore-incomplete` and the environment marker; that key is deleted last. So a server holds its
// old data, or the restored data, or says that it is incomplete. Other clients are not kept out: stop them
// with restore hooks, or what they write meanwhile stays among the data.
//
// Rights that the user needs: see README.md. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/marker.h"
#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "stores/redis/connection.h"
#include "stores/redis/rdb_source.h"

namespace summit::redis {

// What an RDB needs of a server.
struct RdbSummary {
  int version = 0;
  std::string redis_version;          // of the server that wrote it; empty when it does not say
  std::map<uint32_t, uint64_t> keys;  // by database, without own keys
  uint64_t expiring = 0;              // keys with an expiry
  uint64_t functions = 0;             // libraries
  uint64_t largest_value = 0;         // bytes, undecoded
  uint64_t memory = 0;                // what its server used, as it says; 0: unknown
  std::set<std::string> modules;      // names of module types
  bool has_module_fields = false;     // auxiliary data of modules, which RESTORE cannot bring back

  uint64_t key_count() const;
};

// kCorrupt when the artifact is damaged.
Result<RdbSummary> inspect(const RdbSource& source);

// Changes nothing that anybody sees (a probing key lives for the length of a command). Errors name what to
// change: the server is a replica or a cluster node, too old (kUnsupported), has too few databases, too
// little memory (kNoSpace), too small a proto-max-bulk-len, lacks a module.
Result<void> check_target(Connection& connection, const RdbSummary& summary);

struct RestoreCounts {
  uint64_t keys = 0;
  uint64_t expired = 0;  // skipped: their time has passed
  uint64_t functions = 0;
};

// Call after check_target(). `advance` is told the bytes of each key done. After an error the server says
// that it is incomplete, unless the error came before it was emptied.
Result<RestoreCounts> restore(Connection& connection, const RdbSource& source,
                              const std::optional<config::EnvironmentMarker>& marker,
                              const Cancellation& cancellation,
                              const std::function<void(uint64_t)>& advance = {});

// Whether a restore into this server has begun and not ended. Leaves database 0 selected.
Result<bool> restore_incomplete(Connection& connection);

}  // namespace summit::redis
