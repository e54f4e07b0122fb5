// Which part of a load takes which entry of an archive.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "formats/pgarchive/contents.h"

namespace summit::postgres {

// Entries in the archive's order; they point into the contents that the plan was made of.
struct LoadPlan {
  using Entries = std::vector<const pgarchive::Entry*>;

  Entries before;        // definitions that the data need
  Entries rows;          // tables' rows
  Entries sequences;     // values of sequences
  Entries builds;        // indexes and constraints that have one
  Entries attachments;   // of partitions' indexes to their parents'
  Entries foreign_keys;  // once every index stands
  Entries after;         // everything else: triggers, rules, policies, grants, refreshes, …
  // With their comments. They see whatever is defined, and may refuse it: nothing is left to define then.
  Entries event_triggers;
};

// Grants come after the data: an owner may have been denied its own table. An index or constraint that needs
// a definition of the `after` part (a materialized view that groups by a primary key) goes there itself.
LoadPlan plan_load(const pgarchive::Contents& contents,
                   const std::function<bool(const pgarchive::Entry&)>& chosen);

// Finds the entries of an archive, which it points into, by their number.
class EntryIndex {
 public:
  explicit EntryIndex(const pgarchive::Contents& contents);
  // Null when there is none. As dependencies name it: "1234".
  const pgarchive::Entry* find(const std::string& id) const;

 private:
  std::unordered_map<std::string, const pgarchive::Entry*> entries_;
};

// The entry of the table whose rows these are; null for a table that the archive does not create, such as a
// configuration table of an extension.
const pgarchive::Entry* table_of(const EntryIndex& index, const pgarchive::Entry& rows);

}  // namespace summit::postgres
