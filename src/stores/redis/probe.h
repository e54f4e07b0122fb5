// What can be asked of a server without changing it: its version and state, counts, single values. For
// probes, predictions, and smoke checks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "stores/redis/connection.h"

namespace summit::redis {

// The fields of INFO's sections ("server", "memory", …; none: the default ones) by name.
class ServerInfo {
 public:
  explicit ServerInfo(std::map<std::string, std::string> fields) : fields_(std::move(fields)) {}
  std::string text(const std::string& field) const;  // empty when it is not there
  uint64_t number(const std::string& field) const;   // 0 when it is not there or no number

  // "db0:keys=12,expires=3,…" of the section "keyspace": keys by database.
  std::map<uint32_t, uint64_t> key_counts() const;

 private:
  std::map<std::string, std::string> fields_;
};

Result<ServerInfo> read_info(Connection& connection, std::string_view section = "default");
ServerInfo parse_info(std::string_view text);

// "7.0.15"; the number by which it is to be judged is text("redis_version") of "server".
Result<std::string> server_version(Connection& connection);

// Functions came with Redis 7.0. `info` holds the section "server".
bool has_functions(const ServerInfo& info);

// PONG.
Result<void> ping(Connection& connection);

// The server's clock.
Result<Instant> server_time(Connection& connection);

// Keys by database, without our own.
Result<std::map<uint32_t, uint64_t>> count_keys(Connection& connection);

// Bytes that an RDB of this server takes about: what its data take in memory, which is more.
Result<uint64_t> predict_rdb_size(Connection& connection);

// CONFIG GET of one parameter; nothing where CONFIG is forbidden or the parameter unknown.
Result<std::optional<std::string>> read_setting(Connection& connection, std::string_view parameter);

// Single values of the selected database. Nothing when the key (or field) is not there.
Result<std::optional<std::string>> get_string(Connection& connection, std::string_view key);
Result<std::optional<std::string>> get_field(Connection& connection, std::string_view key,
                                             std::string_view field);
// Elements of a list, set, sorted set, hash or stream, or bytes of a string; 0 when the key is not there.
Result<uint64_t> length_of(Connection& connection, std::string_view key);
// Keys that match a pattern, counted with SCAN: exact when nothing changes meanwhile. Own keys do not
// count. Memory grows with the matching keys.
Result<uint64_t> count_matching(Connection& connection, std::string_view pattern);

}  // namespace summit::redis
