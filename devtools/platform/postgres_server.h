// A real PostgreSQL: 16 with pgvector and TimescaleDB at hand (CREATE EXTENSION is the caller's), or another
// version without.
//
//   ASSIGN_OR_RETURN(auto server, PostgresServer::create());           // temporary, gone with the object
//   use(server->endpoint());
//
// Below data_directory(): `data` is the cluster; the socket lies beside it when its path is short enough.
// fsync is off unless the settings say otherwise: nobody needs these data after a power failure.
#pragma once

#include "config/endpoint.h"
#include "devtools/platform/server.h"

namespace summit::platform {

inline constexpr int kPlatformPostgres = 16;

struct PostgresOptions : ServerOptions {
  std::string user = "summit";          // superuser and owner of the database
  std::string database = "summit_dev";  // made at the first start
  int major = kPlatformPostgres;        // 15 to 18; the others than 16 by scripts/setup/postgresql-others.sh
};

class PostgresServer final : public Server {
 public:
  using Options = PostgresOptions;

  // A new server, started: initdb and start take about half a second on an idle machine. `settings` are lines
  // of postgresql.conf.
  static Result<std::unique_ptr<PostgresServer>> create(Options options = {});
  // One that `root` has already, whether it runs or not. Nothing is stopped at the end.
  static Result<std::unique_ptr<PostgresServer>> open(const fs::path& root);

  // User, password, main database, programs, cluster directory, and how it is stopped and started.
  config::PostgresEndpoint endpoint() const;
  // For libpq, with the password in it; `database` empty: the main one.
  Secret connection_string(const std::string& database = {}) const;
  fs::path cluster_directory() const { return data_directory() / "data"; }
  const std::string& user() const { return user_; }
  const std::string& database() const { return database_; }

 protected:
  Result<void> prepare() override;
  Launch launch() const override;
  Result<bool> answers() override;
  Result<void> after_start() override;
  std::map<std::string, std::string> more_state() const override;

 private:
  explicit PostgresServer(Options options);
  Result<void> locate();
  Result<void> initialise_cluster(const fs::path& directory);

  std::string user_;
  std::string database_;
  int major_ = kPlatformPostgres;
  fs::path bin_directory_;
  std::optional<User> server_user_;
};

}  // namespace summit::platform
