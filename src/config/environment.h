// The environments of config/environments.yaml: class, objectives, storage, endpoints.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/endpoint.h"

namespace summit::config {

enum class EnvironmentClass { kProduction, kStaging, kDrRehearsal, kDev, kTest, kDrDrill };
std::string_view name_of(EnvironmentClass value);

enum class Layout { kPlain, kPacked };
std::string_view name_of(Layout value);

// What production data needs before it may enter an environment of this class (the framework's table).
enum class Sanitization { kNone, kMinimal, kFull };
std::string_view name_of(Sanitization value);

struct Objectives {
  std::chrono::seconds recovery_point{};  // the promise
  std::chrono::seconds recovery_time{};
  std::chrono::seconds recovery_point_alarm{};  // alarm before the promise is at risk; zero: at the promise
  std::string backup_frequency{};               // of one store, as documented: "Continuous WAL + daily full"
};

// An argument vector run before or after a step; runs where summit-dr runs.
struct Hook {
  std::vector<std::string> argv;
  std::chrono::seconds timeout{300};
  bool required = true;  // a failure of a required hook fails the step
};

struct Hooks {
  std::vector<Hook> before;
  std::vector<Hook> after;
};

// Of plain-layout prefixes on S3. Zero: no such step. S3 refuses a deletion before a transition, so a
// transition that comes after it is left out where the rule is written.
struct Lifecycle {
  std::chrono::seconds standard_ia_after{};
  std::chrono::seconds glacier_after{};
  std::chrono::seconds delete_after_retention{};
};

struct Storage {
  bool local = true;
  std::string s3_bucket;  // empty: none
  std::string s3_prefix;  // "summit-backups/"; a set may have its own
  std::string region;
  std::string dr_bucket;
  std::string dr_region;
  std::string encryption;         // "none", "AES256", "KMS", as documented for the bucket
  std::string database_bucket{};  // of scripts/db and scripts/backups; empty: s3_bucket
  std::string database_prefix{};
  std::string dr_prefix{};            // "dr-backups/"
  std::string restore_test_prefix{};  // "restore-tests/"
  std::string endpoint_url{};         // another S3 than Amazon's; empty: by region
  Lifecycle lifecycle{};
};

// GET of `url` must answer 2xx; skipped (and said) when nothing listens there, unless required.
struct HttpProbe {
  std::string name;
  std::string url;
  bool required = false;
};

struct Environment {
  std::string name;                  // "dev"
  std::vector<std::string> aliases;  // "development"
  EnvironmentClass kind = EnvironmentClass::kProduction;
  Objectives objectives;
  std::map<std::string, Objectives>
      store_objectives;  // by store: "postgresql", "neo4j", "redis", "timescaledb"
  std::string backup_frequency;
  std::chrono::seconds retention{};  // zero: manual clean-up
  Storage storage;
  Layout layout = Layout::kPacked;
  bool encrypted = true;
  std::string credential_source;
  Sanitization sanitization = Sanitization::kNone;
  unsigned reduction_percent = 100;
  std::vector<std::string>
      hosts;  // machines on which this environment may be touched; required for production

  std::vector<PostgresEndpoint> postgresql;
  std::vector<Neo4jEndpoint> neo4j;
  std::vector<RedisEndpoint> redis;
  std::vector<ElasticsearchEndpoint> elasticsearch;
  std::vector<FilesEndpoint> files;
  std::vector<HttpProbe> probes;

  std::map<std::string, Hooks> backup_hooks;  // by store name, or "all"
  std::map<std::string, Hooks>
      restore_hooks;  // by store name, or "all" (dependent services stop before, start after)

  std::vector<std::string> inactive_endpoints;   // in the file, but their `when` does not hold
  std::vector<std::filesystem::path> env_files;  // the .env files that feed its variables
  // Variables that are missing or wrong, by kind of endpoint ("postgresql", …, "files"), "" for the rest.
  // They are no findings in the file, but what they belong to cannot be used until they are set.
  std::map<std::string, std::vector<std::string>> problems;
};

}  // namespace summit::config
