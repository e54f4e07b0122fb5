// A finished backup in further places.
#pragma once

#include <string>
#include <vector>

#include "backup/destinations.h"
#include "cli/repositories.h"

namespace summit::cli {

// Copies the backup to every destination: a packed one by replicating its repository, a plain one file by
// file. Where the set asks for it, each copy is read back and verified. One line for each destination that
// does not hold the backup now; the local one is kept whatever happens.
std::vector<std::string> store_too(const repository::CombinedRepository& repository, const std::string& id,
                                   const std::vector<backup::Destination>& destinations,
                                   const config::BackupSet& set, Session& session);

}  // namespace summit::cli
