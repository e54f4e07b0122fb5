#include "stores/redis/probe.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/text.h"
#include "stores/redis/own_keys.h"

namespace summit::redis {

namespace {

uint64_t number_in(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Result<std::optional<std::string>> optional_text(Reply reply) {
  if (reply.kind == Reply::Kind::kNull) return std::optional<std::string>();
  return std::optional(std::move(reply.text));
}

}  // namespace

std::string ServerInfo::text(const std::string& field) const {
  const auto found = fields_.find(field);
  return found == fields_.end() ? std::string() : found->second;
}

uint64_t ServerInfo::number(const std::string& field) const { return number_in(text(field)); }

std::map<uint32_t, uint64_t> ServerInfo::key_counts() const {
  constexpr std::string_view kKeys = "keys=";
  std::map<uint32_t, uint64_t> counts;
  for (const auto& [name, value] : fields_) {
    if (!name.starts_with("db") || name.size() < 3 || !is_digit(name[2]) || !value.starts_with(kKeys))
      continue;
    counts[static_cast<uint32_t>(number_in(std::string_view(name).substr(2)))] =
        number_in(std::string_view(value).substr(kKeys.size()));
  }
  return counts;
}

ServerInfo parse_info(std::string_view text) {
  std::map<std::string, std::string> fields;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const size_t colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    fields.emplace(line.substr(0, colon), line.substr(colon + 1));
  }
  return ServerInfo(std::move(fields));
}

Result<ServerInfo> read_info(Connection& connection, std::string_view section) {
  ASSIGN_OR_RETURN(const Reply reply, connection.call({"INFO", section}));
  return parse_info(reply.text);
}

Result<std::string> server_version(Connection& connection) {
  ASSIGN_OR_RETURN(const ServerInfo info, read_info(connection, "server"));
  return info.text("redis_version");
}

bool has_functions(const ServerInfo& info) { return info.number("redis_version") >= 7; }

Result<void> ping(Connection& connection) {
  ASSIGN_OR_RETURN(const Reply reply, connection.call({"PING"}));
  if (reply.text != "PONG") return Error(Code::kFailed, "redis answers PING with \"{}\"", reply.text);
  return {};
}

Result<Instant> server_time(Connection& connection) {
  ASSIGN_OR_RETURN(const Reply reply, connection.call({"TIME"}));
  if (reply.elements.size() != 2)
    return Error(Code::kFailed, "redis answers TIME with {} parts", reply.elements.size());
  return Instant(std::chrono::seconds(number_in(reply.elements[0].text)) +
                 std::chrono::microseconds(number_in(reply.elements[1].text)));
}

Result<std::map<uint32_t, uint64_t>> count_keys(Connection& connection) {
  ASSIGN_OR_RETURN(const ServerInfo info, read_info(connection, "keyspace"));
  auto counts = info.key_counts();
  if (const auto first = counts.find(0); first != counts.end()) {
    RETURN_IF_ERROR(connection.select(0));
    ASSIGN_OR_RETURN(const Reply own, connection.call({"EXISTS", kEnvironmentKey, kIncompleteKey}));
    first->second -= std::min(first->second, static_cast<uint64_t>(own.integer));
    if (first->second == 0) counts.erase(first);
  }
  return counts;
}

Result<uint64_t> predict_rdb_size(Connection& connection) {
  ASSIGN_OR_RETURN(const ServerInfo info, read_info(connection, "memory"));
  return info.number("used_memory_dataset");
}

Result<std::optional<std::string>> read_setting(Connection& connection, std::string_view parameter) {
  ASSIGN_OR_RETURN(const Reply reply, connection.ask({"CONFIG", "GET", parameter}));
  if (reply.is_error() || reply.elements.size() < 2) return std::optional<std::string>();
  return std::optional(reply.elements[1].text);
}

Result<std::optional<std::string>> get_string(Connection& connection, std::string_view key) {
  ASSIGN_OR_RETURN(Reply reply, connection.call({"GET", key}));
  return optional_text(std::move(reply));
}

Result<std::optional<std::string>> get_field(Connection& connection, std::string_view key,
                                             std::string_view field) {
  ASSIGN_OR_RETURN(Reply reply, connection.call({"HGET", key, field}));
  return optional_text(std::move(reply));
}

Result<uint64_t> length_of(Connection& connection, std::string_view key) {
  static constexpr std::pair<std::string_view, std::string_view> kCommands[] = {
      {"string", "STRLEN"}, {"list", "LLEN"}, {"set", "SCARD"},
      {"zset", "ZCARD"},    {"hash", "HLEN"}, {"stream", "XLEN"}};
  ASSIGN_OR_RETURN(const Reply type, connection.call({"TYPE", key}));
  if (type.text == "none") return uint64_t{0};
  for (const auto& [name, command] : kCommands) {
    if (type.text != name) continue;
    ASSIGN_OR_RETURN(const Reply length, connection.call({command, key}));
    return static_cast<uint64_t>(length.integer);
  }
  return Error(Code::kUnsupported, "a value of type {} has no length", type.text);
}

Result<uint64_t> count_matching(Connection& connection, std::string_view pattern) {
  std::string cursor = "0";
  // SCAN may give a key twice, when a table grows or shrinks meanwhile.
  std::set<std::string> seen;
  do {
    ASSIGN_OR_RETURN(const Reply page, connection.call({"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"}));
    if (page.elements.size() != 2)
      return Error(Code::kFailed, "redis answers SCAN with {} parts", page.elements.size());
    cursor = page.elements[0].text;
    for (const Reply& key : page.elements[1].elements) {
      if (key.text != kEnvironmentKey && key.text != kIncompleteKey) seen.insert(key.text);
    }
  } while (cursor != "0");
  return static_cast<uint64_t>(seen.size());
}

}  // namespace summit::redis
