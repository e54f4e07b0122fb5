// The chunks of TimescaleDB's hypertables, as a capture has to know them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// The rows that a chunk's heap holds are part of its hypertable, and so are those that it holds compressed,
// which lie in another table.
struct Chunk {
  RelationName hypertable;
  int64_t id = 0;
  RelationName compressed;  // the table of the compressed rows; without a name: there are none
  // Some of those were compressed before a column with a default was added. They get it from the catalog
  // entry of the column, which no dump has: restored as they are, they would hold NULL.
  bool lacks_defaults = false;

  bool is_compressed() const { return !compressed.name.empty(); }
};
using Chunks = std::map<RelationName, Chunk>;

// None without the extension. `connection` is in the snapshot and has locked the tables.
Result<Chunks> read_chunks(Connection& connection, const Inventory& inventory);

// The statement that counts the rows that a chunk holds compressed.
std::string count_of_compressed_rows(const Chunk& chunk);
// All rows of a chunk, counted without looking at one that is compressed.
Result<uint64_t> count_rows(Connection& connection, const RelationName& name, const Chunk& chunk);

}  // namespace summit::postgres
