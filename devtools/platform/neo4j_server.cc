#include "devtools/platform/neo4j_server.h"

#include <sys/random.h>
#include <cstdlib>

#include <sstream>

#include "core/digest.h"
#include "core/text.h"
#include "stores/neo4j/bolt_connection.h"

namespace summit::platform {

namespace {

const std::map<std::string, std::string> kNeo4jSettings{
    {"db.tx_log.preallocate", "false"},
    {"dbms.usage_report.enabled", "false"},
    {"server.default_listen_address", "127.0.0.1"},
    // Starts sooner without the others.
    {"server.http_enabled_modules", "TRANSACTIONAL_ENDPOINTS,QUERY_API_ENDPOINTS"},
    {"server.https.enabled", "false"},
};

// A server of a few megabytes starts sooner with little memory; measurements give it what users have.
std::string memory(const char* variable, const char* otherwise) {
  const char* value = std::getenv(variable);
  return value && *value ? value : otherwise;
}

// Settings by name; a name that stands twice stops the server, so files cannot simply be joined.
Result<std::map<std::string, std::string>> read_settings(const fs::path& path) {
  ASSIGN_OR_RETURN(const std::string text, read_file(path));
  std::map<std::string, std::string> settings;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string_view content = trimmed(line);
    const size_t equals = content.find('=');
    if (content.empty() || content.front() == '#' || equals == std::string_view::npos) continue;
    settings[std::string(trimmed(content.substr(0, equals)))] = trimmed(content.substr(equals + 1));
  }
  return settings;
}

// What `neo4j-admin dbms set-initial-password` writes, without a Java start and without the password among
// the arguments of a process: SHA-256 of salt and password, iterated.
std::string initial_credentials(const Secret& password) {
  constexpr int kIterations = 1024;
  std::string salt(32, '\0');
  (void)::getrandom(salt.data(), salt.size(), 0);
  Sha256Digest digest = sha256(as_bytes(salt + password.reveal()));
  for (int i = 1; i < kIterations; ++i) digest = sha256(digest);
  return fmt::format("neo4j:SHA-256,{},{},{}:\n", to_hex(digest), to_hex(as_bytes(salt)), kIterations);
}

}  // namespace

Neo4jServer::Neo4jServer(Options options)
    : Server("neo4j", options), http_port_(options.http_port), release_(options.release) {}

Result<std::unique_ptr<Neo4jServer>> Neo4jServer::create(Options options) {
  std::unique_ptr<Neo4jServer> server(new Neo4jServer(std::move(options)));
  RETURN_IF_ERROR(server->locate());
  if (server->http_port_ && *server->http_port_ == 0) {
    ASSIGN_OR_RETURN(server->http_port_, free_port());
  }
  RETURN_IF_ERROR(server->establish());
  RETURN_IF_ERROR(server->start());
  return server;
}

Result<std::unique_ptr<Neo4jServer>> Neo4jServer::open(const fs::path& root) {
  Options options;
  options.root = root;
  options.lifetime = Lifetime::kDetached;
  std::unique_ptr<Neo4jServer> server(new Neo4jServer(std::move(options)));
  ASSIGN_OR_RETURN(auto more, server->load());
  if (const auto found = more.find("release"); found != more.end()) server->release_ = found->second;
  RETURN_IF_ERROR(server->locate());
  if (const auto found = more.find("http_port"); found != more.end())
    server->http_port_ = static_cast<uint16_t>(std::stoul(found->second));
  return server;
}

std::map<std::string, std::string> Neo4jServer::more_state() const {
  std::map<std::string, std::string> state;
  if (http_port_) state["http_port"] = std::to_string(*http_port_);
  if (release_ != kPlatformNeo4j) state["release"] = release_;
  return state;
}

Result<void> Neo4jServer::locate() {
  ASSIGN_OR_RETURN(const fs::path program, cached(fmt::format("neo4j-{}/bin/neo4j", release_)));
  installation_ = program.parent_path().parent_path();
  return {};
}

Server::Launch Neo4jServer::launch() const {
  Launch launch;
  launch.argv = {installation_ / "bin" / "neo4j", "console"};
  launch.env = {{"NEO4J_HOME", data_directory()},
                {"NEO4J_CONF", data_directory() / "conf"},
                {"NEO4J_HEAP", memory("NEO4J_HEAP", "384m")}};
  launch.start_patience = std::chrono::minutes(3);
  launch.stop_patience = std::chrono::minutes(2);
  return launch;
}

Result<void> Neo4jServer::prepare() {
  for (const char* folder : {"conf", "data", "import", "logs", "plugins", "run"}) {
    RETURN_IF_ERROR(make_directories(data_directory() / folder, 0750));
  }
  RETURN_IF_ERROR(write_configuration());
  // The server takes it over into its system database at the first start, and never looks again.
  return fs::exists(data_directory() / "data" / "databases" / "system") ? Result<void>()
                                                                        : write_initial_password();
}

Result<void> Neo4jServer::write_configuration() const {
  ASSIGN_OR_RETURN(const auto shipped, read_settings(installation_ / "conf" / "neo4j.conf"));
  auto lines = settings();
  lines.insert(kNeo4jSettings.begin(), kNeo4jSettings.end());
  lines.emplace("server.memory.pagecache.size", memory("NEO4J_PAGE_CACHE", "64m"));
  lines.insert(shipped.begin(), shipped.end());
  if (release_ != kPlatformNeo4j) {
    // These know fewer settings and modules, and would refuse to start.
    lines["server.config.strict_validation.enabled"] = "false";
    lines["server.http_enabled_modules"] = "TRANSACTIONAL_ENDPOINTS";
  }
  lines["server.bolt.listen_address"] = fmt::format(":{}", port());
  lines["server.http.enabled"] = http_port_ ? "true" : "false";
  if (http_port_) lines["server.http.listen_address"] = fmt::format(":{}", *http_port_);
  std::string configuration;
  for (const auto& [name, value] : lines) configuration += fmt::format("{}={}\n", name, value);
  return write_file_durably(data_directory() / "conf" / "neo4j.conf", configuration);
}

Result<void> Neo4jServer::write_initial_password() const {
  const fs::path folder = data_directory() / "data" / "dbms";
  RETURN_IF_ERROR(make_directories(folder, 0750));
  return write_file_durably(folder / "auth.ini", initial_credentials(password()), 0600);
}

Result<bool> Neo4jServer::answers() {
  auto bolt = neo4j::BoltConnection::open(endpoint(), {}, {.silence = std::chrono::seconds(5)});
  if (!bolt.ok() && bolt.error().code() == Code::kDenied) {
    return Error(Code::kDenied, "neo4j on port {} has another password", port())
        .hint("another server uses this port: stop it");
  }
  return bolt.ok() && bolt->run("RETURN 1").ok();
}

std::optional<std::string> Neo4jServer::http_uri() const {
  if (!http_port_) return std::nullopt;
  return fmt::format("http://127.0.0.1:{}", *http_port_);
}

config::Neo4jEndpoint Neo4jServer::endpoint() const {
  config::Neo4jEndpoint endpoint;
  endpoint.bolt_uri = fmt::format("bolt://127.0.0.1:{}", port());
  endpoint.password = password();
  endpoint.home = data_directory();
  endpoint.data_directory = data_directory() / "data";
  endpoint.bin_directory = installation_ / "bin";
  endpoint.access.start_command = start_command();
  endpoint.access.stop_command = stop_command();
  return endpoint;
}

}  // namespace summit::platform
