// Names of backups.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "core/time.h"

namespace summit::repository {

// The set under which a restore keeps what it is about to overwrite. It never counts as an environment's
// "latest".
inline constexpr std::string_view kSafetySet = "safety";

// "summit-backup-full-20261121T031048Z", "summit-backup-tenant-acme-20261121T031048Z"; `scope` is the
// tenant's or project's id, made safe for a file name (an id that had to be changed gets a short hash, so
// that two never meet). The `scripts/db` form is "summit-backup-20261121_031048".
std::string make_backup_id(std::string_view set, std::string_view scope, Instant instant);
// The part of an id that `text` becomes: letters, digits, `_`, `-` and `.`, at most 105 of them.
std::string safe_id_part(std::string_view text);
std::string make_database_backup_id(Instant instant);

struct ParsedBackupId {
  std::string set;    // empty in the `scripts/db` form
  std::string scope;  // only of the sets "tenant" and "project"
  Instant instant;
};
// kUsage when it is none of our forms. Never accepts a name that could leave its directory.
Result<ParsedBackupId> parse_backup_id(std::string_view id);

// Whether the id is of the set "safety".
bool is_safety_backup(std::string_view id);

// What people type: "ID", "ID:" (as `ls` prints it), "backups/ID", "/a/b/ID/", "ID/postgres-full.dump".
// Gives the id and, when the text held one, the directory it lies in.
struct BackupReference {
  std::string id;
  std::string base;  // empty: BACKUP_BASE
};
Result<BackupReference> parse_reference(std::string_view text);

}  // namespace summit::repository
