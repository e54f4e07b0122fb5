// Where a Neo4j server keeps what, and which of its files are the data and which can be derived from them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/endpoint.h"
#include "core/files.h"
#include "core/result.h"

namespace summit::neo4j {

inline constexpr std::string_view kSystemDatabase = "system";

// Directories of one server, or of a copy.
struct StoreLayout {
  fs::path data;          // holds databases/, dbms/, server_id
  fs::path transactions;  // holds one directory a database

  fs::path databases() const { return data / "databases"; }
  fs::path store(std::string_view database) const { return databases() / database; }
  fs::path logs(std::string_view database) const { return transactions / database; }
  fs::path store_lock() const { return databases() / "store_lock"; }
  fs::path credentials() const { return data / "dbms"; }

  // As a server with this data directory and nothing else set has it.
  static StoreLayout below(const fs::path& data) { return {data, data / "transactions"}; }
};

// From the endpoint and, when it is readable, its conf/neo4j.conf (server.directories.data,
// .transaction.logs.root). kConfig when neither home nor data_directory is set.
Result<StoreLayout> layout_of(const config::Neo4jEndpoint& endpoint);

// The directory of neo4j.conf; nothing when it is not where the home suggests.
std::optional<fs::path> configuration_directory(const config::Neo4jEndpoint& endpoint);

// Whether a process holds the store's lock: a server, or an administration tool. False when there is no lock
// file.
Result<bool> is_locked(const fs::path& lock_file);

enum class FileKind {
  kRecords,    // the data: replay of the transaction log makes them whole
  kDerived,    // B+ trees and Lucene indexes: rebuilt by the server when they are missing
  kTemporary,  // locks, buffers: never copied
};

// Of a file by its path relative to the database's directory.
FileKind kind_of(const fs::path& relative);

struct StoreFile {
  fs::path path;  // relative to the database's directory
  uint64_t size = 0;
};

// All files of `kind` below `store`, the largest first. Files that vanish meanwhile are left out.
Result<std::vector<StoreFile>> list_files(const fs::path& store, FileKind kind);

// Whether something has this name, a dangling link included. Never throws.
bool is_present(const fs::path& path);

// Bytes of all its files but the temporary ones.
uint64_t stored_bytes(const fs::path& store);

}  // namespace summit::neo4j
