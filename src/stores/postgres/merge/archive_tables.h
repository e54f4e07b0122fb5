// Which table of the live database takes the rows of which entry of an archive, and in which columns.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/merge/target.h"

namespace summit::postgres::merge {

struct ArchivedTable {
  size_t table = 0;                  // in Target::tables
  std::vector<std::string> columns;  // in the order of the rows
};

struct ArchiveMapping {
  std::map<int64_t, ArchivedTable> tables;        // by the entry's id
  std::map<int64_t, RelationName> without_table;  // the database has none: an error once a row comes
  // Entries that belong to TimescaleDB itself are in neither.
};

// Partitions map to the table that they are a part of, here or in the archive; chunks to their hypertable.
// kUnsupported, naming all of them, for columns that the database lacks, computes itself or has with another
// type, and for columns that it requires and the archive lacks.
Result<ArchiveMapping> map_archive(const pgarchive::Contents& contents, const Target& target);

// The columns of a CREATE TABLE as pg_dump writes it: name and type. For tests.
std::vector<Column> defined_columns(std::string_view definition);

}  // namespace summit::postgres::merge
