// What a running server says about itself and its graph.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/store_layout.h"

namespace summit::neo4j {

// "5.26.30"
std::string server_version(const BoltConnection& bolt);
// "community", "enterprise"
Result<std::string> server_edition(BoltConnection& bolt);

struct ElementCounts {
  uint64_t nodes = 0;  // without the environment marker
  uint64_t relationships = 0;
};
// From the server's own counts: instant, whatever the size.
Result<ElementCounts> count_elements(BoltConnection& bolt);

struct DatabaseState {
  std::string status;        // "online", "offline", "starting", …
  std::string message;       // why it is not online
  std::string store_format;  // "record-aligned-1.1"; empty while it is not online
};
// Of the endpoint's database, whether or not that answers. kNotFound when the server has no such database.
Result<DatabaseState> database_state(const config::Neo4jEndpoint& endpoint,
                                     const Cancellation& cancellation = {});

// Where a running server says its files are: right without any configuration of ours, on the server's own
// machine.
Result<StoreLayout> reported_layout(BoltConnection& bolt);

// As declared in the endpoint; else as the running server says.
Result<StoreLayout> find_layout(const config::Neo4jEndpoint& endpoint, const Cancellation& cancellation = {});

// kConfig with a hint when the files of `layout` are not those of the running server.
Result<void> check_files_belong(const config::Neo4jEndpoint& endpoint, const StoreLayout& layout,
                                const Cancellation& cancellation = {});

// kUnsupported with a hint when a copy of files in this format cannot be recovered by the Community edition.
Result<void> check_store_format(std::string_view format, std::string_view database);

struct IndexState {
  std::string name;
  std::string state;  // "ONLINE", "POPULATING", "FAILED"
  double percent = 0;
};
Result<std::vector<IndexState>> index_states(BoltConnection& bolt);
Result<uint64_t> count_constraints(BoltConnection& bolt);

// Waits, without an end as long as the population moves on, until every index is online; gives how many there
// are. kFailed naming the first index that failed; kTimeout when nothing moved for `patience`.
Result<uint64_t> await_indexes(BoltConnection& bolt, std::string_view store,
                               std::chrono::milliseconds patience, Reporter& reporter,
                               const Cancellation& cancellation);

// The last lines of a text file, for errors; empty when it cannot be read.
std::string tail_of(const std::filesystem::path& file, size_t lines);

// The first value of a statement's first row as text, for smoke checks: "42", "text".
Result<std::string> scalar(const config::Neo4jEndpoint& endpoint, std::string_view cypher,
                           const Cancellation& cancellation = {});

}  // namespace summit::neo4j
