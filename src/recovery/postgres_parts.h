// What the record of a backup's PostgreSQL component says of its databases.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "repository/backup_repository.h"
#include "repository/metadata.h"
#include "stores/postgres/archive_source.h"

namespace summit::recovery {

// One database of the backup and where it goes.
struct DatabasePart {
  std::string source;  // its name in the backup
  std::string target;  // its name here
  std::string artifact;
  std::string prefix;  // of its fingerprints' names
  uint64_t bytes = 0;  // at the source
  uint64_t archive_bytes = 0;
  uint64_t rows = 0;
  std::string timescale_version;
  bool has_checksums = false;     // the archive's compressed data
  postgres::TableExtents tables;  // within the artifact; empty where it is not recorded
};

// In the record's order, the main one first, which becomes the endpoint's main one. Damaged metadata show as
// no parts, or as parts without an artifact.
std::vector<DatabasePart> parts_of(const repository::ComponentRecord& record,
                                   const config::PostgresEndpoint& endpoint);

// The bytes of its artifact; `backup` outlives it.
postgres::ArchiveSource archive_of(const repository::BackupReader& backup, const DatabasePart& part,
                                   const Cancellation& cancellation);

// Empty: there is none.
std::string globals_artifact(const repository::ComponentRecord& record);

// Of the server that was backed up; 0 when it is not recorded.
int major_version_of(const repository::ComponentRecord& record);

}  // namespace summit::recovery
