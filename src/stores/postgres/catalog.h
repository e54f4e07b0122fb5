// What a database holds, as its catalogs say: relations with their columns, extensions, and what a dump
// leaves out.
//
// All functions read through the caller's connection, hence in its snapshot when it has one. The schema of
// the environment marker (marker.h), system schemas, members of extensions and TimescaleDB's chunks are not
// listed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

inline constexpr std::string_view kMarkerSchema = "summit_dr";

struct Column {
  std::string name;
  std::string type;  // format_type(), qualified: "public.vector(3)"
  bool generated = false;
};

struct RelationName {
  std::string schema;
  std::string name;

  std::string display() const;
  std::string quoted() const;
  friend bool operator==(const RelationName&, const RelationName&) = default;
  friend auto operator<=>(const RelationName&, const RelationName&) = default;
};

// A table as its users see it: a partitioned table or hypertable is one, whatever holds its rows.
struct Table {
  enum class Kind { kOrdinary, kPartitioned, kHypertable, kMaterializedView };
  Kind kind = Kind::kOrdinary;
  RelationName name;
  std::vector<Column> columns;      // not dropped, in their order
  std::vector<RelationName> parts;  // leaf partitions of a partitioned table
  uint64_t bytes = 0;               // with indexes and TOAST, as far as known
  int64_t estimated_rows = -1;      // -1: never analysed
};

struct Extension {
  std::string name;
  std::string version;
};

struct Hypertable {
  RelationName name;
  int64_t chunks = 0;
  std::string time_column;
};

struct Inventory {
  std::string server_version;  // "16.15"
  uint64_t database_bytes = 0;
  std::vector<Table> tables;
  std::vector<Extension> extensions;
  std::vector<Hypertable> hypertables;  // empty without TimescaleDB
  int64_t sequences = 0;
  int64_t large_objects = 0;
  uint64_t large_object_bytes = 0;
  // What a dump cannot hold, or only defines, one sentence each: unlogged tables, foreign tables, prepared
  // transactions, logical slots, invalid indexes, subscriptions.
  std::vector<std::string> notes;

  const Extension* extension(std::string_view name) const;
  const Table* table(const RelationName& name) const;
};

Result<Inventory> read_inventory(Connection& connection);

// Tables, partitions, chunks and configuration tables of extensions: all whose rows a dump reads, for
// locking.
Result<std::vector<RelationName>> tables_to_lock(Connection& connection);

struct DatabaseSize {
  std::string name;
  uint64_t bytes = 0;
};
// Databases of the server that accept connections, by name; templates left out.
Result<std::vector<DatabaseSize>> list_databases(Connection& connection);

// "16.15" as the server says, without the packager's addition.
Result<std::string> server_version_text(Connection& connection);

}  // namespace summit::postgres
