// backup-metadata.json: what a backup holds and how it was made. Format: docs/formats/backup-metadata.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fingerprint.h"
#include "core/result.h"
#include "core/time.h"

namespace summit::repository {

enum class Status { kComplete, kPartial, kFailed, kAbsent };
std::string_view name_of(Status status);

struct Artifact {
  std::string name;             // file name within the backup: "postgres-full.dump"
  std::string component;        // "postgresql"
  uint64_t size = 0;            // bytes
  std::string sha256;           // hexadecimal
  double duration_seconds = 0;  // from its first byte to its durable last
};

struct ComponentRecord {
  std::string name;  // "postgresql"; with several instances "postgresql/analytics"
  std::string kind;
  Status status = Status::kFailed;
  std::string reason;  // why failed or absent
  std::string hint;
  std::optional<Instant> instant;  // the moment the data are from
  double duration_seconds = 0;
  std::string server_version;
  std::vector<Artifact> artifacts;
  std::vector<Fingerprint> fingerprints;
  std::vector<std::string> notes;              // what the backup does not hold, and other things worth saying
  std::map<std::string, std::string> details;  // "snapshot", "lsn", "replication_offset", "hypertables"
};

// The names of the layouts in metadata.
inline constexpr std::string_view kPlainLayout = "plain";
inline constexpr std::string_view kPackedLayout = "packed";

struct BackupMetadata {
  static constexpr int kSchemaVersion = 1;

  std::string id;
  std::string set;
  std::string environment;        // whose data these are, decided by the servers that were read
  std::string environment_class;  // "production" when unknown
  std::string label;              // free text of the user
  std::string tool_version;
  std::map<std::string, std::string> tool_versions;  // "pg_dump": "16.15"
  std::string host;
  std::string layout;  // kPlainLayout, kPackedLayout
  Instant started{};
  Instant finished{};
  std::optional<Instant> recovery_point;  // the earliest of the components' instants
  double skew_seconds = 0;          // latest minus earliest instant of the components captured at the cut
  Status status = Status::kFailed;  // kComplete only when every required component is
  std::map<std::string, std::string> scope;  // "tenant_id", "project_id"
  std::vector<ComponentRecord> components;

  const ComponentRecord* find(std::string_view component) const;
  uint64_t total_size() const;
};

// Stable key order, two-space indent, for people and `jq` alike.
std::string to_json(const BackupMetadata& metadata);
// kCorrupt with the JSON path of what is wrong.
Result<BackupMetadata> metadata_from_json(std::string_view text);

}  // namespace summit::repository
