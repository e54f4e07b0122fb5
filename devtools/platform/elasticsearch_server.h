// A real Elasticsearch 7, one node. data_directory() holds config/, data/, logs/ and snapshots/ (the
// path.repo of its snapshot repositories).
//
// About 1 GB of memory and 10 s to start. It has no password: it listens on loopback only.
#pragma once

#include "config/endpoint.h"
#include "devtools/platform/server.h"

namespace summit::platform {

class ElasticsearchServer final : public Server {
 public:
  using Options = ServerOptions;

  // A new server, started. `settings` are lines of elasticsearch.yml.
  static Result<std::unique_ptr<ElasticsearchServer>> create(Options options = {});
  // One that `root` has already, whether it runs or not. Nothing is stopped at the end.
  static Result<std::unique_ptr<ElasticsearchServer>> open(const fs::path& root);

  std::string url() const { return fmt::format("http://127.0.0.1:{}", port()); }
  config::ElasticsearchEndpoint endpoint() const;

 protected:
  Result<void> prepare() override;
  Launch launch() const override;
  Result<bool> answers() override;

 private:
  explicit ElasticsearchServer(Options options);
  Result<void> locate();
  Result<void> copy_configuration();

  fs::path installation_;
  std::optional<User> server_user_;
};

}  // namespace summit::platform
