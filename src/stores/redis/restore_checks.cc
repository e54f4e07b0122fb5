// What is looked at before a restore touches anything.
#include <algorithm>

#include "formats/rdb/payload.h"
#include "formats/rdb/types.h"
#include "formats/rdb/value.h"
#include "stores/redis/own_keys.h"
#include "stores/redis/probe.h"
#include "stores/redis/restore.h"

namespace summit::redis {

namespace {

constexpr std::string_view kProbeKey = "summit-dr:restore-probe";
constexpr uint64_t kDefaultLongestWord = 512 * MiB;

Result<void> note(const rdb::Record& record, RdbSummary& summary) {
  using Kind = rdb::Record::Kind;
  summary.version = record.version;
  switch (record.kind) {
    case Kind::kAux:
      if (record.name == "redis-ver") summary.redis_version = record.text;
      if (record.name == "used-mem")
        summary.memory = parse_info(fmt::format("used-mem:{}", record.text)).number("used-mem");
      break;
    case Kind::kFunction:
      ++summary.functions;
      break;
    case Kind::kModuleAux:
      summary.has_module_fields = true;
      break;
    case Kind::kEntry: {
      if (is_own_key(record)) break;
      ++summary.keys[record.db];
      if (record.expires_at_ms) ++summary.expiring;
      summary.largest_value = std::max<uint64_t>(summary.largest_value, record.value.size());
      if (record.type == static_cast<uint8_t>(rdb::ValueType::kModule2)) {
        ASSIGN_OR_RETURN(std::string module, rdb::module_type_of(record.value, record.offset));
        summary.modules.insert(std::move(module));
      }
      break;
    }
    default:
      break;
  }
  return {};
}

Result<void> check_role(const ServerInfo& info) {
  if (info.text("role") != "master") {
    return Error(Code::kRefused, "the redis server is a replica: what is restored into it would vanish")
        .hint("name its master in config/environments.yaml, or make it one: redis-cli REPLICAOF NO ONE");
  }
  if (info.number("cluster_enabled") == 0) return {};
  return Error(Code::kUnsupported, "the redis server is a node of a cluster, which cannot be restored online")
      .hint("restore into a server with cluster-enabled no");
}

Result<void> check_memory(const ServerInfo& info, const RdbSummary& summary) {
  const uint64_t limit = info.number("maxmemory");
  // A tenth is for the buffers of clients and replicas, which are counted in and do not come along.
  if (limit == 0 || summary.memory - summary.memory / 10 <= limit) return {};
  return Error(Code::kNoSpace, "the data took {} in memory, and the server's maxmemory is {}",
               human_bytes(summary.memory), human_bytes(limit))
      .hint(fmt::format("raise it: redis-cli CONFIG SET maxmemory {}", summary.memory + summary.memory / 4));
}

Result<void> check_longest_word(Connection& connection, const RdbSummary& summary) {
  ASSIGN_OR_RETURN(const auto setting, read_setting(connection, "proto-max-bulk-len"));
  uint64_t limit = kDefaultLongestWord;
  if (setting && !parse_bytes(*setting, limit)) limit = kDefaultLongestWord;
  // A payload is the value, one byte before and ten behind it.
  const uint64_t needed = summary.largest_value + 11;
  if (needed <= limit) return {};
  return Error(Code::kUnsupported, "the largest value takes {}, and the server's proto-max-bulk-len is {}",
               human_bytes(needed), human_bytes(limit))
      .hint(fmt::format("raise it: redis-cli CONFIG SET proto-max-bulk-len {}", needed));
}

Result<void> check_databases(Connection& connection, const RdbSummary& summary) {
  if (summary.keys.empty()) return {};
  const uint32_t highest = summary.keys.rbegin()->first;
  ASSIGN_OR_RETURN(const Reply reply, connection.ask({"SELECT", std::to_string(highest)}));
  RETURN_IF_ERROR(connection.select(0));
  if (!reply.is_error()) return {};
  return Error(Code::kUnsupported, "the backup has data in database {}, which the server does not have",
               highest)
      .hint(fmt::format("set `databases {}` or more in its redis.conf and restart it", highest + 1));
}

// The server itself says whether it reads values of this version: they carry it.
Result<void> check_version(Connection& connection, const RdbSummary& summary) {
  constexpr std::byte kOneCharacter[] = {std::byte{1}, std::byte{'x'}};
  const std::string payload =
      rdb::make_payload(static_cast<uint8_t>(rdb::ValueType::kString), kOneCharacter, summary.version);
  ASSIGN_OR_RETURN(const Reply restored, connection.ask({"RESTORE", kProbeKey, "1000", payload, "REPLACE"}));
  RETURN_IF_ERROR(connection.call({"DEL", kProbeKey}));
  if (!restored.is_error()) return {};
  if (restored.text.find("payload version") == std::string::npos)
    return error_of(restored.text, "RESTORE is not possible");
  return Error(Code::kUnsupported, "the server does not read rdb version {}{}", summary.version,
               summary.redis_version.empty() ? std::string()
                                             : fmt::format(", which Redis {} wrote", summary.redis_version))
      .hint(fmt::format("restore into Redis {} or newer",
                        summary.redis_version.empty() ? "of the backup's version" : summary.redis_version));
}

Result<void> check_modules(Connection& connection, const RdbSummary& summary) {
  if (summary.modules.empty()) return {};
  ASSIGN_OR_RETURN(const Reply loaded, connection.ask({"MODULE", "LIST"}));
  if (loaded.is_error() || !loaded.elements.empty()) return {};
  return Error(Code::kUnsupported,
               "the backup has values of the module type {}, and the server has no module loaded",
               *summary.modules.begin())
      .hint("load the module with loadmodule in redis.conf, and restore again");
}

Result<void> check_functions(const ServerInfo& info, const RdbSummary& summary) {
  if (summary.functions == 0 || has_functions(info)) return {};
  return Error(Code::kUnsupported, "the backup has {} function libraries, and Redis {} has no functions",
               summary.functions, info.text("redis_version"))
      .hint("restore into Redis 7.0 or newer");
}

}  // namespace

uint64_t RdbSummary::key_count() const {
  uint64_t count = 0;
  for (const auto& [db, in_db] : keys) count += in_db;
  return count;
}

Result<RdbSummary> inspect(const RdbSource& source) {
  RdbSummary summary;
  RETURN_IF_ERROR(read_records(source, [&](const rdb::Record& record) { return note(record, summary); }));
  return summary;
}

Result<void> check_target(Connection& connection, const RdbSummary& summary) {
  ASSIGN_OR_RETURN(const ServerInfo info, read_info(connection));
  RETURN_IF_ERROR(check_role(info));
  RETURN_IF_ERROR(check_memory(info, summary));
  RETURN_IF_ERROR(check_longest_word(connection, summary));
  RETURN_IF_ERROR(check_databases(connection, summary));
  RETURN_IF_ERROR(check_functions(info, summary));
  RETURN_IF_ERROR(check_modules(connection, summary));
  return check_version(connection, summary);
}

Result<bool> restore_incomplete(Connection& connection) {
  RETURN_IF_ERROR(connection.select(0));
  ASSIGN_OR_RETURN(const Reply exists, connection.call({"EXISTS", kIncompleteKey}));
  return exists.integer > 0;
}

}  // namespace summit::redis
