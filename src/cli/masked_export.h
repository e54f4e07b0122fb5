// `export --masked`: native files without private values.
#pragma once

#include <string>
#include <string_view>

#include "cli/session.h"

namespace summit::cli {

// What `--to` says for it.
inline constexpr std::string_view kStandardOutput = "-";

struct MaskedExport {
  std::string reference;
  std::string artifact;     // empty: all that can be masked
  std::string environment;  // whose rules, key and reduction count
  std::string datastores;   // "all", or "postgres,redis"
  std::string to;           // a directory, or kStandardOutput
  bool dry_run = false;
};

// Looks through everything first: kRefused, and nothing is written, when something looks private and no rule
// covers it. Files are named as in the backup; those of a whole one appear all at once, with their CHECKSUMS.
Result<ExitCode> export_masked(const MaskedExport& request, Session& session);

// Before hours of writing, not after them: kNoSpace unless `bytes` are free where `directory` is, or would
// be.
Result<void> need_room(const fs::path& directory, uint64_t bytes);

}  // namespace summit::cli
