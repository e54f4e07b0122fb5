#include "stores/postgres/extensions.h"

#include <fmt/format.h>

namespace summit::postgres {

Result<std::vector<std::string>> missing_extensions(Connection& connection,
                                                    const pgarchive::Contents& contents,
                                                    const std::string& timescale_version) {
  std::vector<std::string> missing;
  for (const auto& entry : contents.entries) {
    if (!entry.is("EXTENSION")) continue;
    const std::string name = entry.tag.value_or("");
    const bool exact = name == "timescaledb" && !timescale_version.empty();
    ASSIGN_OR_RETURN(auto rows,
                     connection.query("SELECT version FROM pg_catalog.pg_available_extension_versions "
                                      "WHERE name = $1 ORDER BY 1",
                                      {name}));
    if (rows.empty()) {
      missing.push_back(fmt::format("{} is not installed on this server", name));
      continue;
    }
    if (!exact) continue;
    std::string versions;
    bool found = false;
    for (size_t i = 0; i < rows.size(); ++i) {
      found = found || rows.text(i, 0) == timescale_version;
      versions += (i ? ", " : "") + rows.string(i, 0);
    }
    if (!found) {
      missing.push_back(fmt::format(
          "{} {} is needed, its catalogs do not load into another version, and this server has {}", name,
          timescale_version, versions));
    }
  }
  return missing;
}

Result<void> check_extensions(Connection& connection, const pgarchive::Contents& contents,
                              const std::string& timescale_version) {
  ASSIGN_OR_RETURN(auto missing, missing_extensions(connection, contents, timescale_version));
  if (missing.empty()) return {};
  std::string all;
  for (const auto& sentence : missing) all += (all.empty() ? "" : "; ") + sentence;
  return Error(Code::kUnsupported, "the backup needs extensions that are not to be had: {}", all)
      .hint("install that version of the extension on the server, then restore again");
}

}  // namespace summit::postgres
