// A real Neo4j 5 Community, on request of another release than the platform's. data_directory() is its home:
// data/, conf/neo4j.conf, logs/.
//
//   ASSIGN_OR_RETURN(auto server, Neo4jServer::create());
//   use(server->endpoint());
//
// About 0.4 GB of memory and 3 s to start with the class archive of the cache, 6 s and more without. The
// variables NEO4J_HEAP and NEO4J_PAGE_CACHE ("2g") give it more memory, NEO4J_JAVA_OPTS another collector.
#pragma once

#include <optional>
#include <string>

#include "config/endpoint.h"
#include "devtools/platform/server.h"

namespace summit::platform {

// The release of the platform, and the oldest that is supported as a server.
inline constexpr const char* kPlatformNeo4j = "5";
inline constexpr const char* kOldestNeo4j = "5.8";

struct Neo4jOptions : ServerOptions {
  std::optional<uint16_t> http_port{};   // its HTTP interface too; 0: a free one. `port` is Bolt's.
  std::string release = kPlatformNeo4j;  // kOldestNeo4j is there by scripts/setup/neo4j-others.sh
};

class Neo4jServer final : public Server {
 public:
  using Options = Neo4jOptions;

  // A new server, started. `settings` are lines of neo4j.conf: {"db.checkpoint.interval.time", "10s"}.
  static Result<std::unique_ptr<Neo4jServer>> create(Options options = {});
  // One that `root` has already, whether it runs or not. Nothing is stopped at the end.
  static Result<std::unique_ptr<Neo4jServer>> open(const fs::path& root);

  config::Neo4jEndpoint endpoint() const;
  // Of its HTTP interface, when it has one.
  std::optional<std::string> http_uri() const;

 protected:
  Result<void> prepare() override;
  Launch launch() const override;
  Result<bool> answers() override;
  std::map<std::string, std::string> more_state() const override;

 private:
  explicit Neo4jServer(Options options);
  Result<void> locate();
  Result<void> write_configuration() const;
  Result<void> write_initial_password() const;

  std::optional<uint16_t> http_port_;
  std::string release_;
  fs::path installation_;
};

}  // namespace summit::platform
