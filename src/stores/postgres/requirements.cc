#include "stores/postgres/requirements.h"

#include <fmt/format.h>

#include <set>

namespace summit::postgres {

namespace {

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

Result<std::vector<std::string>> missing_tablespaces(Connection& connection,
                                                     const pgarchive::Contents& contents) {
  std::set<std::string> named;
  for (const auto& entry : contents.entries) {
    if (entry.tablespace && !entry.tablespace->empty()) named.insert(*entry.tablespace);
  }
  std::vector<std::string> missing;
  for (const auto& name : named) {
    ASSIGN_OR_RETURN(const auto rows,
                     connection.query("SELECT FROM pg_catalog.pg_tablespace WHERE spcname = $1", {name}));
    if (rows.empty()) missing.push_back(fmt::format("this server has no tablespace {}", name));
  }
  return missing;
}

}  // namespace

Result<std::vector<std::string>> missing_requirements(Connection& connection,
                                                      const pgarchive::Contents& contents,
                                                      const std::string& timescale_version) {
  ASSIGN_OR_RETURN(auto missing, missing_extensions(connection, contents, timescale_version));
  ASSIGN_OR_RETURN(const auto tablespaces, missing_tablespaces(connection, contents));
  missing.insert(missing.end(), tablespaces.begin(), tablespaces.end());
  return missing;
}

Result<void> check_requirements(Connection& connection, const pgarchive::Contents& contents,
                                const std::string& timescale_version) {
  ASSIGN_OR_RETURN(const auto missing, missing_requirements(connection, contents, timescale_version));
  if (missing.empty()) return {};
  std::string all;
  for (const auto& sentence : missing) all += (all.empty() ? "" : "; ") + sentence;
  return Error(Code::kUnsupported, "the backup needs what is not to be had: {}", all)
      .hint("install the extensions on the server and create the tablespaces, then restore again");
}

}  // namespace summit::postgres
