// The vendor's own programs for online backups, `neo4j-admin database backup` and `restore` of the Enterprise
// edition, as an endpoint configures them.
//
// A command runs on this machine as this program's user, without a shell and in a process group that ends
// with us. In its words {directory} is where the files of the backup are, {file} the one `.backup` of a
// restore and {database} the endpoint's database; in its environment are NEO4J_URI, NEO4J_USERNAME and
// NEO4J_PASSWORD.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/endpoint.h"
#include "config/redactor.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/process.h"
#include "core/result.h"

namespace summit::neo4j {

// What the metadata call the method, and what stands before an artifact's name in the details: its path below
// {directory}.
inline constexpr std::string_view kVendorMethod = "vendor command";
inline constexpr std::string_view kVendorFilePrefix = "file:";

enum class VendorStep { kBackup, kRestore };

// The words of the endpoint's backup_command or restore_command, filled in. kConfig with a hint when it has
// none, or names {file} and there are several.
Result<Command> vendor_command(const config::Neo4jEndpoint& endpoint, VendorStep step,
                               const fs::path& directory);

// kConfig when there is no command, kMissingTool when its program is not installed.
Result<void> check_vendor_command(const config::Neo4jEndpoint& endpoint, VendorStep step);

// Runs it to its end; its output goes to `log` (appended). An error quotes the end of that, with secrets
// hidden; kTimeout after the endpoint's command_timeout.
Result<void> run_vendor_command(const config::Neo4jEndpoint& endpoint, VendorStep step,
                                const fs::path& directory, const fs::path& log,
                                const config::Redactor& redactor, const Cancellation& cancellation);

struct VendorFile {
  std::string path;  // below the directory: "neo4j-2026-11-21T03-10-48.backup"
  uint64_t size = 0;
};

// What a backup command left below `directory`, by path. kFailed when that is no backup: no file, only empty
// ones, an empty .backup, something that is no file.
Result<std::vector<VendorFile>> vendor_files(const fs::path& directory);

}  // namespace summit::neo4j
