#include "tests/stores/neo4j/helper/server_test.h"

#include "core/files.h"
#include "core/process.h"

namespace summit::neo4j {
namespace {

// Of an authority that is its own.
const fs::path& certificates() {
  static const TemporaryDirectory directory = [] {
    auto made = must(TemporaryDirectory::create(fs::temp_directory_path(), "summit-bolt-"));
    must(summit::run({.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                               "-subj", "/CN=summit test", "-addext", "subjectAltName=IP:127.0.0.1",
                               "-keyout", made.path() / "private.key", "-out", made.path() / "public.crt"}}));
    return made;
  }();
  return directory.path();
}

std::unique_ptr<platform::Neo4jServer> start() {
  platform::Neo4jOptions options;
  options.http_port = 0;
  options.settings = {{"db.lock.acquisition.timeout", "2s"},
                      {"dbms.ssl.policy.bolt.enabled", "true"},
                      {"dbms.ssl.policy.bolt.base_directory", certificates()},
                      {"dbms.ssl.policy.bolt.client_auth", "NONE"},
                      {"server.bolt.tls_level", "OPTIONAL"}};
  return must(platform::Neo4jServer::create(options));
}

Result<void> drop_each(BoltConnection& bolt, const std::string& list, const std::string& drop) {
  ASSIGN_OR_RETURN(const auto rows, bolt.run(list));
  for (const auto& row : rows) RETURN_IF_ERROR(bolt.run(drop + quote_identifier(row.at(0).text())));
  return {};
}

Result<void> empty(platform::Neo4jServer& server) {
  RETURN_IF_ERROR(server.start());
  ASSIGN_OR_RETURN(auto bolt, BoltConnection::open(server.endpoint()));
  RETURN_IF_ERROR(bolt.run("MATCH (n) DETACH DELETE n"));
  RETURN_IF_ERROR(drop_each(bolt, "SHOW CONSTRAINTS YIELD name RETURN name", "DROP CONSTRAINT "));
  RETURN_IF_ERROR(
      drop_each(bolt, "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name", "DROP INDEX "));
  ASSIGN_OR_RETURN(auto system, BoltConnection::open(server.endpoint(), {}, {.database = "system"}));
  return drop_each(system, "SHOW USERS YIELD user WHERE user <> 'neo4j' RETURN user", "DROP USER ");
}

std::unique_ptr<platform::Neo4jServer>& current() {
  static std::unique_ptr<platform::Neo4jServer> server;
  return server;
}

}  // namespace

platform::Neo4jServer& empty_server() {
  auto& server = current();
  if (!server || !empty(*server).ok()) server = start();
  return *server;
}

platform::Neo4jServer& server_as_it_is() { return current() ? *current() : empty_server(); }

fs::path shared_certificate() { return certificates() / "public.crt"; }
fs::path shared_private_key() { return certificates() / "private.key"; }

}  // namespace summit::neo4j
