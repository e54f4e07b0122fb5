// A real Redis 7. A full synchronisation starts at once (repl-diskless-sync-delay 0); an orderly stop saves,
// a kill does not.
//
//   ASSIGN_OR_RETURN(auto server, RedisServer::create());
//   use(server->endpoint());
#pragma once

#include "config/endpoint.h"
#include "devtools/platform/server.h"

namespace summit::platform {

class RedisServer final : public Server {
 public:
  using Options = ServerOptions;

  // A new server, started. `settings` are lines of redis.conf: {"save", "\"\""}, {"maxmemory", "64mb"}.
  static Result<std::unique_ptr<RedisServer>> create(Options options = {});
  // One that `root` has already, whether it runs or not. Nothing is stopped at the end.
  static Result<std::unique_ptr<RedisServer>> open(const fs::path& root);

  config::RedisEndpoint endpoint() const;

 protected:
  Result<void> prepare() override;
  Launch launch() const override;
  Result<bool> answers() override;

 private:
  explicit RedisServer(Options options);
  Result<void> locate();

  fs::path program_;
};

}  // namespace summit::platform
