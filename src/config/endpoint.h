// Where a store is, who we are there, and how its files, start and stop are reached.
//
// Plain values, filled from config/environments.yaml; the stores take them and know nothing of YAML.
// `password` is empty until Configuration::resolve() reads it from `password_source`.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/secret_source.h"
#include "core/secret.h"

namespace summit::config {

// How commands run "where the store is", and how it is stopped and started.
struct Access {
  enum class Kind { kLocal, kSystemd, kDocker, kPodman, kKubernetes };
  Kind kind = Kind::kLocal;
  std::string unit;            // systemd
  std::string container;       // docker, podman, kubernetes (optional there)
  std::string kube_namespace;  // kubernetes
  std::string pod;             // kubernetes
  std::string workload;        // kubernetes: "statefulset/neo4j", scaled to 0 and back to stop and start
  // Configured commands win over what `kind` implies. Argument vectors, empty when not set.
  std::vector<std::string> start_command{};
  std::vector<std::string> stop_command{};
  // User and group that own the store's files when we run as root there: "neo4j", "999:999"; empty: keep.
  std::string run_as;
};

struct PostgresEndpoint {
  std::string name = "postgresql";  // unique within the environment
  std::string host = "localhost";   // or a socket directory
  uint16_t port = 5432;
  std::string user;
  Secret password;
  std::vector<std::string> databases;  // the first is the main one
  std::string ssl_mode = "prefer";
  std::filesystem::path bin_directory;   // of pg_dump, pg_restore, …; empty: PATH
  std::filesystem::path data_directory;  // empty: not reachable
  Access access;
  SecretSource password_source{};
};

struct Neo4jEndpoint {
  std::string name = "neo4j";
  std::string bolt_uri = "bolt://localhost:7687";
  std::string user = "neo4j";
  Secret password;
  std::string database = "neo4j";
  std::filesystem::path home;            // NEO4J_HOME of the server; holds data/ unless set below
  std::filesystem::path data_directory;  // empty: <home>/data
  std::filesystem::path bin_directory;   // of neo4j, neo4j-admin; empty: <home>/bin, then PATH
  Access access;
  SecretSource password_source{};
  std::filesystem::path ca_file{};  // PEM, for +s in bolt_uri; empty: the authorities that this system trusts
  // The vendor's own programs, for `method: command` (stores/neo4j/vendor_command.h). Empty: not set.
  std::vector<std::string> backup_command{};
  std::vector<std::string> restore_command{};
  std::chrono::seconds command_timeout{std::chrono::hours(12)};  // of each
};

struct RedisEndpoint {
  std::string name = "redis";
  std::string host = "localhost";
  uint16_t port = 6379;
  std::string user;  // empty: the default user
  Secret password;
  bool tls = false;
  std::filesystem::path ca_file;
  Access access;
  SecretSource password_source{};
};

struct ElasticsearchEndpoint {
  std::string name = "elasticsearch";
  std::string url = "http://localhost:9200";
  std::string user;
  Secret password;
  std::vector<std::string> reindex_command{};  // what rebuilds the indexes; shown when absent
  SecretSource password_source{};
};

// A named tree of files: "config", "uploads", "audit_chain", "provenance", "policies", "policy_store",
// "policy_bundles", "catalog", "kubernetes", "terraform". The root is absolute.
struct FilesEndpoint {
  std::string name;
  std::filesystem::path root;        // nothing outside it is read or written
  std::vector<std::string> include;  // glob patterns relative to the root; empty: everything
  std::vector<std::string> exclude;
  std::vector<std::string> secret;  // patterns of files that belong into secrets.enc only
};

}  // namespace summit::config
