// The backup sets of config/backup-sets.yaml. The program does what this file says, and nothing else.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/environment.h"
#include "config/selection.h"

namespace summit::config {

// One line of a set: what is taken, from where, by which method.
struct ComponentSpec {
  // "postgresql", "timescaledb", "neo4j", "redis", "elasticsearch", "config", "uploads", "audit_chain",
  // "secrets", "provenance", "policies", "policy_bundles", "catalog", "kubernetes", "terraform", …
  std::string name;
  std::string kind;    // "postgresql", "timescaledb", "neo4j", "redis", "elasticsearch", "files", "secrets"
  std::string method;  // "logical", "hot_copy", "live", "command", "replica", "archive", "sealed", "reindex"
  std::string description;
  bool required = true;                         // false: absence is no failure
  std::vector<std::string> endpoints;           // names; empty: all of that kind
  std::vector<std::string> tables;              // core tables, hypertables
  std::vector<std::string> labels;              // of the graph, for filters; empty: all
  std::vector<std::string> relationship_types;  // of the graph, for filters; empty: all
  std::vector<std::string> trees;               // FilesEndpoint names, for kind files and secrets
  std::string filter;                     // "none", "core", "tenant", "project": what later filtering takes
  std::vector<std::string> include_keys;  // Redis key patterns; empty: all
  std::vector<std::string> exclude_keys;  // Redis key patterns
  RowSpec rows;                           // `selection` of kind postgresql
  FileSpec files;                         // `selection` of kind files
  KeySpec keys;                           // `selection` of kind redis
  GraphSpec graph;                        // `selection` of kind neo4j
  std::string where;                      // "config/backup-sets.yaml:12"
  int line = 0;                           // in the file, for messages
};

struct BackupSet {
  std::string name;  // "full"
  std::string description;
  std::string use_case;
  std::string frequency;  // as documented: "Daily at 2 AM UTC"
  std::string schedule;   // cron expression(s); empty: on demand
  std::chrono::seconds retention{};
  std::vector<std::string> storage;  // "local", "s3", "s3_dr", "git"
  std::uint64_t estimated_size = 0;  // bytes
  std::chrono::seconds estimated_duration{};
  std::vector<std::string> required_metadata;  // "tenant_id", "project_id"
  // Where each required value may come from, the first that is set: project_id from PROJECT_ID,
  // INVESTIGATION_ID.
  std::map<std::string, std::vector<std::string>> metadata_variables;
  std::string s3_prefix;  // empty: the environment's
  bool cross_region_replication = false;
  bool verify_all_regions = false;  // a backup is good only when every region holds it
  std::string estimated_per;        // "tenant", "project": what the estimates are for; empty: the whole set
  int line = 0;
  std::vector<ComponentSpec> components;
  Hooks hooks;
};

}  // namespace summit::config
