// What a capture reads: the sources of rows, cut into units of similar size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/row_selection.h"

namespace summit::postgres {

// A relation's rows, or large objects.
struct Source {
  std::optional<size_t> entry;     // of the table of contents; none: read for its fingerprint only
  std::string name;                // "public.users", "large objects"
  RelationName relation;           // empty for large objects
  std::string copy;                // what is copied whole: "\"public\".\"users\" (\"id\")" or "(SELECT …)"
  std::string select;              // what a range of pages is asked of: "SELECT … FROM ONLY …"
  bool through_selection = false;  // read on the selection's own connection
  std::vector<uint32_t> objects;   // large ones
  const Table* table = nullptr;    // whose fingerprint the rows are part of; null: nobody's
  std::vector<size_t> places;      // of the fingerprint's columns among those of the rows (row_hasher.h)
  uint64_t bytes = 0;              // of the server's storage
  // TimescaleDB decides by the newest catalog, not by the snapshot's, whether a chunk's rows are its
  // compressed ones alone or those of its heap too. So they are counted, and either is known.
  std::optional<size_t> heap;        // the source of that heap's rows
  std::string count_compressed;      // the statement that counts the others
  std::optional<uint64_t> expected;  // rows; another number means that the chunk was compressed meanwhile
  size_t first_unit = 0;
  size_t units = 0;

  bool is_rows() const { return !relation.name.empty(); }
};

// A range of a source that one reader reads in one go.
struct Unit {
  size_t source = 0;
  uint64_t first = 0;           // page, or index of a large object
  std::optional<uint64_t> end;  // none: to the source's end
  uint64_t bytes = 0;
};

// Sources with an entry come first, in the order of their data in the archive; units in the order of sources.
struct CapturePlan {
  std::vector<Source> sources;
  std::vector<Unit> units;
  std::vector<std::string> notes;  // for whoever reads about the backup

  uint64_t bytes() const;
};

// `connection` is in the snapshot and has locked the tables. `contents` is what the archive is going to have;
// `inventory` outlives the plan. kBusy when a table was changed after the snapshot had been taken.
Result<CapturePlan> plan_capture(Connection& connection, const pgarchive::Contents& contents,
                                 const Inventory& inventory, const RowSelection* selection);

// The statement that reads a unit of rows, in text format and `encoding`.
std::string copy_statement(const Source& source, const Unit& unit, const std::string& encoding);

// "DATABASE.TABLE DATA" in the archive's order, TimescaleDB's own catalogs first: they are loaded before
// anything that they describe.
void put_timescale_catalogs_first(pgarchive::Contents& contents);

}  // namespace summit::postgres
