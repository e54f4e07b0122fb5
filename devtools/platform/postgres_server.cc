#include "devtools/platform/postgres_server.h"

#include <libpq-fe.h>
#include <signal.h>

#include "devtools/platform/postgres_client.h"

namespace summit::platform {

namespace {

constexpr std::string_view kStore = "postgresql";
// The longest path of a Unix socket, less the socket's own name.
constexpr size_t kLongestSocketDirectory = 107 - std::string_view("/.s.PGSQL.65535").size();

const std::map<std::string, std::string> kPostgresSettings{
    // Below the data directory: a server that is killed leaves nothing in /dev/shm.
    {"dynamic_shared_memory_type", "mmap"},
    {"fsync", "off"},
    {"jit", "off"},
    {"log_timezone", "UTC"},
    {"max_connections", "100"},
    {"shared_buffers", "64MB"},
    {"timezone", "UTC"},
    {"wal_level", "replica"},
};

const std::map<std::string, std::string> kTimescaleSettings{
    {"shared_preload_libraries", "timescaledb"},
    {"timescaledb.max_background_workers", "4"},
    {"timescaledb.telemetry_level", "off"},
};

std::string in_quotes(std::string_view value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

}  // namespace

PostgresServer::PostgresServer(Options options)
    : Server(std::string(kStore), options),
      user_(std::move(options.user)),
      database_(std::move(options.database)),
      major_(options.major) {}

Result<std::unique_ptr<PostgresServer>> PostgresServer::create(Options options) {
  std::unique_ptr<PostgresServer> server(new PostgresServer(std::move(options)));
  RETURN_IF_ERROR(server->locate());
  RETURN_IF_ERROR(server->establish());
  RETURN_IF_ERROR(server->start());
  return server;
}

Result<std::unique_ptr<PostgresServer>> PostgresServer::open(const fs::path& root) {
  Options options;
  options.root = root;
  options.lifetime = Lifetime::kDetached;
  std::unique_ptr<PostgresServer> server(new PostgresServer(std::move(options)));
  ASSIGN_OR_RETURN(auto more, server->load());
  server->user_ = more["user"];
  server->database_ = more["database"];
  if (!more["major"].empty()) server->major_ = std::stoi(more["major"]);
  RETURN_IF_ERROR(server->locate());
  return server;
}

std::map<std::string, std::string> PostgresServer::more_state() const {
  return {{"user", user_}, {"database", database_}, {"major", std::to_string(major_)}};
}

Result<void> PostgresServer::locate() {
  ASSIGN_OR_RETURN(const fs::path postgres, cached(fmt::format("postgresql-{}/bin/postgres", major_)));
  bin_directory_ = postgres.parent_path();
  ASSIGN_OR_RETURN(server_user_, unprivileged_user());
  return {};
}

Server::Launch PostgresServer::launch() const {
  Launch launch;
  const std::string socket_directory =
      data_directory().native().size() <= kLongestSocketDirectory ? data_directory().string() : "";
  // On the command line, because a restored cluster brings a postgresql.conf of its own.
  launch.argv = {bin_directory_ / "postgres",
                 "-D",
                 cluster_directory(),
                 "-p",
                 std::to_string(port()),
                 "-c",
                 "listen_addresses=127.0.0.1",
                 "-c",
                 "unix_socket_directories=" + socket_directory};
  launch.env = {{"LD_LIBRARY_PATH", bin_directory_.parent_path() / "lib"}};
  launch.user = server_user_;
  launch.stop_signal = SIGINT;         // fast shutdown
  launch.quick_stop_signal = SIGQUIT;  // immediate, but frees its shared memory
  return launch;
}

Result<void> PostgresServer::prepare() {
  if (fs::exists(cluster_directory() / "PG_VERSION")) return {};
  RETURN_IF_ERROR(make_directories(data_directory(), 0755));
  RETURN_IF_ERROR(give_to_server(data_directory()));
  const fs::path incomplete = data_directory() / "data.incomplete";
  RETURN_IF_ERROR(remove_recursively(incomplete));
  RETURN_IF_ERROR(initialise_cluster(incomplete));
  return rename_durably(incomplete, cluster_directory());
}

Result<void> PostgresServer::initialise_cluster(const fs::path& directory) {
  const fs::path password_file = data_directory() / "password";
  RETURN_IF_ERROR(write_file_durably(password_file, password().reveal() + "\n", 0600));
  RETURN_IF_ERROR(give_to_server(password_file));
  const auto initialised = run_as_server({bin_directory_ / "initdb", "-D", directory, "-U", user_, "-A",
                                          "scram-sha-256", "--pwfile=" + password_file.string(), "-E", "UTF8",
                                          "--locale=C.UTF-8", "--no-sync", "--no-instructions"},
                                         {{"LD_LIBRARY_PATH", bin_directory_.parent_path() / "lib"}});
  RETURN_IF_ERROR(remove_recursively(password_file));
  if (!initialised) return initialised.error();

  ASSIGN_OR_RETURN(std::string configuration, read_file(directory / "postgresql.conf"));
  auto lines = settings();
  lines.insert(kPostgresSettings.begin(), kPostgresSettings.end());
  if (major_ == kPlatformPostgres) lines.insert(kTimescaleSettings.begin(), kTimescaleSettings.end());
  configuration += "\n# devtools/platform\n";
  for (const auto& [name, value] : lines) configuration += fmt::format("{} = {}\n", name, in_quotes(value));
  RETURN_IF_ERROR(write_file_durably(directory / "postgresql.conf", configuration, 0600));
  return give_to_server(directory / "postgresql.conf");
}

Secret PostgresServer::connection_string(const std::string& database) const {
  return Secret(fmt::format(
      "host=127.0.0.1 port={} user={} password={} dbname={} connect_timeout=5 sslmode=disable", port(),
      in_quotes(user_), in_quotes(password().reveal()), in_quotes(database.empty() ? database_ : database)));
}

Result<bool> PostgresServer::answers() {
  const std::string conninfo = fmt::format("host=127.0.0.1 port={} user={} dbname=postgres connect_timeout=5",
                                           port(), in_quotes(user_));
  return PQping(conninfo.c_str()) == PQPING_OK;
}

Result<void> PostgresServer::after_start() {
  ASSIGN_OR_RETURN(PostgresClient client, PostgresClient::connect(endpoint(), "postgres"));
  ASSIGN_OR_RETURN(const Rows found,
                   client.execute("SELECT 1 FROM pg_database WHERE datname = $1", {database_}));
  if (found.empty()) RETURN_IF_ERROR(client.execute("CREATE DATABASE " + client.quoted(database_)));
  return {};
}

config::PostgresEndpoint PostgresServer::endpoint() const {
  config::PostgresEndpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = port();
  endpoint.user = user_;
  endpoint.password = password();
  endpoint.databases = {database_};
  endpoint.bin_directory = bin_directory_;
  endpoint.data_directory = cluster_directory();
  endpoint.access.start_command = start_command();
  endpoint.access.stop_command = stop_command();
  if (server_user_) endpoint.access.run_as = fmt::format("{}:{}", server_user_->uid, server_user_->gid);
  return endpoint;
}

}  // namespace summit::platform
