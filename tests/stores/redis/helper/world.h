// Real servers and their data, for the tests of this folder.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/fingerprint.h"
#include "core/result.h"
#include "devtools/platform/redis_server.h"
#include "stores/redis/connection.h"
#include "stores/redis/fingerprint.h"
#include "stores/redis/replica.h"
#include "stores/redis/restore.h"

namespace summit::redis {

using Settings = std::map<std::string, std::string>;

// A running server. Throws when it cannot be started, which ends the test with the reason.
std::unique_ptr<platform::RedisServer> start_server(Settings settings = {});

// Signed in. Throws when it cannot.
Connection connect(const platform::RedisServer& server);

// One command; the answer's texts joined by blanks, or the error's message.
std::string run(Connection& connection, const std::vector<std::string_view>& words);
std::string run(const platform::RedisServer& server, const std::vector<std::string_view>& words);

// Every type, small and large, binary keys and values, expiries, stream groups with pending entries, a
// function, three databases.
void fill_with_everything(Connection& connection);

// What a full synchronisation gives.
struct Copy {
  std::string rdb;
  std::vector<Fingerprint> fingerprints;
  ReplicaCut cut;
};
Result<Copy> copy_of(const config::RedisEndpoint& endpoint, std::optional<Instant> not_expired_at = {});

// A source that gives `rdb` in blocks; it must stay alive.
RdbSource source_of(const std::string& rdb, size_t block = 64 * KiB);

// "key_space db0: 12 ab34…" a line: equal texts are equal data.
std::string shown(const std::vector<Fingerprint>& fingerprints);

// inspect, check_target and restore in one.
Result<RestoreCounts> restore_into(const platform::RedisServer& server, const std::string& rdb,
                                   const std::optional<config::EnvironmentMarker>& marker = {});

}  // namespace summit::redis
