// Whose rows a backup holds, and by which rules they were chosen.
#pragma once

#include <optional>
#include <string>

#include "config/configuration.h"
#include "core/result.h"
#include "repository/metadata.h"

namespace summit::recovery {

struct BackupOwner {
  std::string kind;  // "tenant", "project"
  std::string id;
};
// Nothing for a backup that belongs to nobody alone.
std::optional<BackupOwner> owner_of(const repository::BackupMetadata& metadata);

// The set by whose rules the rows were chosen: that of the backup, or, for a safety backup, one that asks for
// the same id, by preference with the selections that the backup was made by. Null when there is none.
const config::BackupSet* set_of(const config::Configuration& configuration,
                                const repository::BackupMetadata& metadata);

// The rules of `component` ("postgresql", "neo4j/second") for putting it back beside what belongs to others.
// A merge deletes what the rules select and the backup does not hold: other rules than those of the backup
// would delete what it never held. So that is kRefused; kConfig when no set of the configuration has rules.
// A backup that recorded none goes by those of today.
Result<const config::ComponentSpec*> merge_rules(const config::Configuration& configuration,
                                                 const repository::BackupMetadata& metadata,
                                                 const std::string& component);

}  // namespace summit::recovery
