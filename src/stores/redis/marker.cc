#include "stores/redis/marker.h"

#include <algorithm>

#include "stores/redis/own_keys.h"

namespace summit::redis {

Result<std::optional<config::EnvironmentMarker>> read_marker(Connection& connection) {
  RETURN_IF_ERROR(connection.select(0));
  ASSIGN_OR_RETURN(
      const Reply reply,
      connection.call({"HMGET", kEnvironmentKey, "environment", "kind", "adopted_at", "identity"}),
      "while reading the environment marker");
  const auto& values = reply.elements;
  if (values.size() != 4) return Error(Code::kFailed, "redis answers HMGET with {} values", values.size());
  if (std::all_of(values.begin(), values.end(),
                  [](const Reply& value) { return value.kind == Reply::Kind::kNull; }))
    return std::optional<config::EnvironmentMarker>();
  for (const Reply& value : values) {
    if (value.kind == Reply::Kind::kString) continue;
    return Error(Code::kCorrupt, "the key {} of redis is no whole environment marker", kEnvironmentKey)
        .hint("write it anew: summit-dr env adopt");
  }
  return std::optional(
      config::EnvironmentMarker{values[0].text, values[1].text, values[2].text, values[3].text});
}

std::vector<std::vector<std::string_view>> marker_commands(const config::EnvironmentMarker& marker) {
  return {{"DEL", kEnvironmentKey},
          {"HSET", kEnvironmentKey, "environment", marker.environment, "kind", marker.kind, "adopted_at",
           marker.adopted_at, "identity", marker.identity}};
}

Result<void> write_marker(Connection& connection, const config::EnvironmentMarker& marker) {
  RETURN_IF_ERROR(connection.select(0));
  RETURN_IF_ERROR(connection.transaction(marker_commands(marker)), "while writing the environment marker");
  return {};
}

}  // namespace summit::redis
