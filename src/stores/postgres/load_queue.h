// What the reader of an archive hands to the connections that load it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "core/bounded_queue.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/row_splitter.h"

namespace summit::postgres {

// A table that rows go into. The counters are of rows.
struct LoadTarget {
  const pgarchive::Entry* entry = nullptr;  // its TABLE DATA
  int64_t table = 0;                        // the number of its TABLE entry; 0: the archive has none
  std::string name;                         // for messages: public.users
  std::string copy;                         // COPY public.users (id, name) FROM stdin
  // TRUNCATE ONLY public.users; empty when it may hold rows that did not come from this entry.
  std::string truncate;
  // A table that an extension made: it may hold rows already, has triggers, and refers to others of its kind.
  bool of_extension = false;
  bool freezes = false;               // was created or emptied in the transaction that it is loaded in
  bool in_order = false;              // goes to the one connection that loads in the archive's order
  bool begun = false;                 // the only connection that loads it has opened a COPY into it
  uint64_t bytes = 0;                 // fed; the reader's
  uint64_t rows = 0;                  // fed; the reader's
  std::atomic<uint64_t> left_out{0};  // by an editor (row_editing.h)
  std::atomic<uint64_t> stored{0};
};

// One piece of work. Pieces of one kind are independent of each other, also those of one table or large
// object; but kRowsInTurn are all rows of a table, piece by piece, for one connection.
struct LoadUnit {
  enum class Kind { kWholeTable, kRows, kRowsInTurn, kLargeObject };
  Kind kind = Kind::kRows;
  LoadTarget* target = nullptr;  // outlives the unit; null for a large object
  RowBlock block;                // a large object's bytes have no rows
  uint32_t object = 0;
  uint64_t offset = 0;
};

struct BytesOfUnit {
  uint64_t operator()(const LoadUnit& unit) const { return unit.block.bytes.size(); }
};
using LoadQueue = BoundedQueue<LoadUnit, BytesOfUnit>;

}  // namespace summit::postgres
