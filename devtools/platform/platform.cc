#include "devtools/platform/platform.h"

#include "devtools/platform/neo4j_server.h"
#include "devtools/platform/postgres_server.h"
#include "devtools/platform/redis_server.h"

namespace summit::platform {

const std::vector<std::string>& store_names() {
  static const std::vector<std::string> names{"postgresql", "neo4j", "redis"};
  return names;
}

Result<std::unique_ptr<Server>> open_server(std::string_view store, const fs::path& root) {
  const auto widened = [](auto opened) -> Result<std::unique_ptr<Server>> {
    if (!opened) return std::move(opened).error();
    return std::unique_ptr<Server>(std::move(opened).value());
  };
  if (store == "postgresql" || store == "postgres") return widened(PostgresServer::open(root));
  if (store == "neo4j") return widened(Neo4jServer::open(root));
  if (store == "redis") return widened(RedisServer::open(root));
  return Error(Code::kUsage, "no store is named {}", store)
      .hint(fmt::format("one of {}", fmt::join(store_names(), ", ")));
}

}  // namespace summit::platform
