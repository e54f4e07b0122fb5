// The tables of an archive as its definitions describe them, without a server.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "formats/pgarchive/contents.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/sql.h"

namespace summit::postgres {

struct ArchivedColumn {
  std::string type;       // as written: "integer", "character varying(20)", "text[]"; of a domain its base
  bool required = false;  // NOT NULL
};

// A table whose rows an archive holds.
struct ArchivedTable {
  RelationName name;
  std::vector<std::string> columns;                                // of a row, in its order
  std::map<std::string, ArchivedColumn, std::less<>> definitions;  // of columns, where they are written
  std::set<std::string> placing;        // columns that decide which partition or chunk a row belongs to
  std::vector<RelationName> ancestors;  // what it is a partition or chunk of, or inherits from; nearest first
  std::vector<std::string> key;         // columns of the primary key, its own or an ancestor's; empty: none
  bool is_part = false;                 // a partition, or a chunk of a hypertable
  bool of_extension = false;            // an extension makes it: it refers to others of its kind

  // The table as its users see it.
  const RelationName& whole() const { return is_part ? ancestors.back() : name; }
};

// A foreign key.
struct ArchivedReference {
  RelationName from;
  std::vector<std::string> columns;
  RelationName to;
  std::vector<std::string> to_columns;
  bool checked = true;  // false: NOT VALID or NOT ENFORCED, so that the archive's rows may not keep it
};

struct ArchiveSchema {
  std::map<int64_t, ArchivedTable> tables;  // by the entry of their rows
  std::vector<ArchivedReference> references;
};

ArchiveSchema read_archive_schema(const pgarchive::Contents& contents);

// Whether an entry defines a chunk of a TimescaleDB hypertable: those of a hypertable may lie in any schema.
bool is_chunk(const pgarchive::Entry& entry);

// "schema . name" at `position` of a definition.
std::optional<RelationName> name_at(const std::vector<Word>& words, size_t position);

// What "COPY public.users (id, name) FROM stdin;" fills: without a schema in archives of times when pg_dump
// did not qualify names, without a name in what is no such statement.
RelationName copied_relation(const std::string& copy);
// A table without columns has no list.
std::vector<std::string> copied_columns(const std::string& copy);

}  // namespace summit::postgres
