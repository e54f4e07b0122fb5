// The vendor's programs on files that no server uses: dump and load of a stopped database.
//
// They always work on a configuration of ours that names every directory, so that nothing of the home in
// which the programs lie is read or written.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/endpoint.h"
#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/process.h"
#include "core/result.h"
#include "stores/neo4j/store_layout.h"

namespace summit::neo4j {

struct Programs {
  fs::path server;  // bin/neo4j
  fs::path admin;   // bin/neo4j-admin
};

// In the endpoint's bin_directory, its home's bin/, then PATH. kMissingTool with a hint when one is not
// there.
Result<Programs> find_programs(const config::Neo4jEndpoint& endpoint);

// "5.26.30", as `neo4j --version` prints it.
Result<std::string> installed_version(const Programs& programs, const Cancellation& cancellation = {});

// kUnsupported when programs of version `installed` cannot open the files of a server of version `server`.
Result<void> check_versions(std::string_view installed, std::string_view server);

// A private configuration for a server or for neo4j-admin.
struct PrivateHome {
  fs::path root;       // conf/, logs/, run/, … come below it
  StoreLayout layout;  // where the data are, perhaps elsewhere

  fs::path configuration() const { return root / "conf"; }
  fs::path server_log() const { return root / "logs" / "neo4j.log"; }
  fs::path debug_log() const { return root / "logs" / "debug.log"; }

  // Makes the directories and writes neo4j.conf; `settings` win over the defaults (loopback, no reports,
  // small logs).
  Result<void> create(const std::map<std::string, std::string>& settings) const;
};

// User and group that run a program and own what it makes; nothing: as we are.
struct RunAs {
  uint32_t uid = 0;
  uint32_t gid = 0;
};

// `database dump` to standard output, given to `consume` block by block. The archive is what `neo4j-admin
// database load` takes.
Result<void> dump_database(const Programs& programs, const PrivateHome& home, std::string_view database,
                           const std::function<Result<void>(ByteView)>& consume,
                           const Cancellation& cancellation);

// `database load` from a stream: `feed` is called once with a function that takes the archive block by block.
// Replaces what the home has. The error of `feed` wins over the program's, which would only say that its
// input ended.
using ArchiveFeed = std::function<Result<void>(const std::function<Result<void>(ByteView)>& write)>;
Result<void> load_database(const Programs& programs, const PrivateHome& home, std::string_view database,
                           const ArchiveFeed& feed, const std::optional<RunAs>& run_as,
                           const Cancellation& cancellation);

// Sets the password of user `neo4j` for the first start of a server that has no system database yet, in the
// form of `neo4j-admin dbms set-initial-password`, which takes it only as an argument that everybody could
// read.
Result<void> write_initial_password(const StoreLayout& layout, const Secret& password,
                                    const std::optional<RunAs>& run_as);

// Gives a file or directory with all its content to its user; nothing to do without one.
Result<void> give_to(const fs::path& path, const std::optional<RunAs>& run_as);

}  // namespace summit::neo4j
