// Which tables of an archive somebody asks for by name.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/catalog.h"

namespace summit::postgres {

// A word names a table ("users", "public.users") or a whole schema ("analytics", "analytics.*"). Names are
// compared as they are, with or without the quotes that SQL wants.
struct TableSelection {
  std::vector<std::string> only;     // empty: all
  std::vector<std::string> exclude;  // from those
  bool exact = false;                // partitions only where they are named themselves

  bool empty() const { return only.empty() && exclude.empty(); }
};

// The archive's numbers of the chosen TABLE entries, with the partitions of those that are partitioned.
// kNotFound for a word that names nothing in the archive, kUsage for one that names several things,
// kUnsupported for hypertables, whose chunks have other names in every database.
Result<std::set<int64_t>> select_tables(const pgarchive::Contents& contents, const TableSelection& selection);

// Those of `tables` that the archive's record knows only together with others that are not among them: a
// partitioned table without one of its partitions, and a partition without its table.
std::set<int64_t> select_incomplete(const pgarchive::Contents& contents, const std::set<int64_t>& tables);

// What select_tables() chose, by name.
std::set<RelationName> names_of(const pgarchive::Contents& contents, const std::set<int64_t>& tables);

}  // namespace summit::postgres
