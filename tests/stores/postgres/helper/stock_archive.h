// What the stock programs say of an archive, in a form that can be compared.
#pragma once

#include <string>
#include <vector>

#include "core/files.h"

namespace summit::postgres {

// Runs a program and gives what it printed.
std::string output_of(const fs::path& program, std::vector<std::string> arguments);

// Lines of `pg_restore --list`, sorted, without the archive's own ids and without its header.
std::vector<std::string> listed(const fs::path& pg_restore, const fs::path& archive);

// The script that `pg_restore` makes of an archive: what it says of each entry, with the rows of a table
// sorted. The entries are sorted too, because TimescaleDB's catalogs come first in ours.
std::vector<std::string> script_of(const fs::path& pg_restore, const fs::path& archive);

// What is in one of the two only, shortened: the scripts themselves are megabytes.
std::vector<std::string> only_in_one(const std::vector<std::string>& left,
                                     const std::vector<std::string>& right);

}  // namespace summit::postgres
