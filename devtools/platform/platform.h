// All servers of one development platform below one root, and what the project's .env says of them.
//
//   ASSIGN_OR_RETURN(auto platform, Platform::create());       // a test's own world: PostgreSQL, Neo4j and
//   Redis, gone with the object run({.argv = {"summit-dr", "backup"}, .env = platform->environment()});
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "devtools/platform/elasticsearch_server.h"
#include "devtools/platform/guard.h"
#include "devtools/platform/neo4j_server.h"
#include "devtools/platform/postgres_server.h"
#include "devtools/platform/redis_server.h"
#include "devtools/platform/s3_server.h"

namespace summit::platform {

// All stores that we can start, in the order in which they are shown.
const std::vector<std::string>& store_names();

// The server of that store below `root`. "postgres" is accepted for "postgresql".
Result<std::unique_ptr<Server>> open_server(std::string_view store, const fs::path& root);

struct PlatformOptions {
  fs::path root{};                  // empty: a temporary directory, removed at the end
  std::vector<std::string> with{};  // beside PostgreSQL, Neo4j and Redis: "elasticsearch", "s3"
  std::map<std::string, std::map<std::string, std::string>> settings{};  // of each store, for new servers
  bool neo4j_http = false;  // Neo4j's HTTP interface too, when it is new
  Lifetime lifetime = Lifetime::kWithObject;
  // Called once a server answers, by several threads, one at a time.
  std::function<void(const Server& server, bool ran_already, Seconds time)> on_answer{};
};

class Platform {
 public:
  // Starts all servers in parallel, new ones and those that the root has already. When one fails the others
  // keep running if they are detached; else nothing is left.
  static Result<std::unique_ptr<Platform>> create(PlatformOptions options = {});
  // What the root has, running or not. Nothing is stopped at the end.
  static Result<std::unique_ptr<Platform>> open(const fs::path& root);

  PostgresServer& postgres() { return *postgres_; }
  Neo4jServer& neo4j() { return *neo4j_; }
  RedisServer& redis() { return *redis_; }
  ElasticsearchServer* elasticsearch() { return elasticsearch_.get(); }  // null when there is none
  S3Server* s3() { return s3_.get(); }                                   // null when there is none
  // Those that there are, in the order of store_names().
  std::vector<Server*> servers() const;

  const fs::path& root() const { return root_; }
  // Where the platform's files live: configuration, policies, uploads, audit chain. Made by the sample
  // generator.
  fs::path files_root() const { return root_ / "platform"; }

  // In parallel; all are tried whatever happens with one.
  Result<void> stop();

  // A total loss: the databases and roles are dropped, the volumes of the others and the files deleted.
  // Afterwards empty servers run with the same ports and passwords. `stores` as in store_names() and "files";
  // empty: everything but "s3", which holds the backups.
  Result<void> destroy(const std::vector<std::string>& stores = {});

  // The variables that programs of the platform read: the runbook's names, DATABASE_URL and more. Has
  // passwords in it.
  std::map<std::string, std::string> environment() const;

 private:
  Platform() = default;
  Result<void> start_store(const std::string& store, const PlatformOptions& options);

  fs::path root_;
  // The first member to be destroyed is the last: servers go before the directory does.
  std::optional<Guard> guard_;
  std::unique_ptr<PostgresServer> postgres_;
  std::unique_ptr<Neo4jServer> neo4j_;
  std::unique_ptr<RedisServer> redis_;
  std::unique_ptr<ElasticsearchServer> elasticsearch_;
  std::unique_ptr<S3Server> s3_;
};

}  // namespace summit::platform
