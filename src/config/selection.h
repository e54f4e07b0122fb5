// Which part of a store a filtered component takes: the `selection` of a component in backup-sets.yaml.
// Page: docs/configuration.md, "Selections".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace summit::config {

// A name as the file gives it, and where, for messages: "config/backup-sets.yaml:120".
struct Named {
  std::string name;
  std::string where;
};

// What becomes of a reference that leaves the selection for a row that belongs to somebody else.
enum class OutsidePolicy {
  kInclude,  // the row is taken, with everything it refers to
  kNull,     // the referring column comes out as NULL
  kFail,     // the backup fails
};

// Rows of a component of kind postgresql. Tables are named "tasks", or "public.tasks" where that is not
// enough.
struct RowSpec {
  struct Start {
    Named table;
    std::string column;
  };
  // A reference that no foreign key declares: rows of `table` whose `when_column` is `equals` (all when it is
  // empty) refer by `columns` to the rows of `to` with the same `to_columns`.
  struct Reference {
    Named table;
    std::vector<std::string> columns;
    std::string to;
    std::vector<std::string> to_columns;
    std::string when_column;
    std::string when_equals;
  };
  struct Outside {
    Named reference;  // "tasks.parent_id"
    OutsidePolicy policy = OutsidePolicy::kInclude;
  };

  std::string where;            // of the selection; empty: there is none
  Named column;                 // the owner's id in every table that has this column; empty: none
  std::optional<Start> start;   // rows whose column is the id
  bool owned_auto = false;      // every table without `column` that refers to owned rows
  std::vector<Named> owned;     // or these
  std::vector<Named> whole;     // shared tables, taken whole
  std::vector<Named> excluded;  // never taken
  std::vector<Reference> references;
  OutsidePolicy outside = OutsidePolicy::kInclude;
  std::vector<Outside> outside_of;
};

// Files of a component of kind files. "{tenant_id}" and "{project_id}" stand for the id. Both empty: every
// file.
struct FileSpec {
  // Of files that match `files`, the lines that are JSON objects whose member `field` is the id.
  struct Records {
    std::string files;  // a pattern, as of a tree
    std::string field;
  };
  std::string where;
  std::vector<std::string> paths;  // patterns, as of a tree; these files are taken whole
  std::vector<Records> records;
};

// Keys of a component of kind redis, beside its patterns. Each list empty, each time zero: no limit by it.
struct KeySpec {
  std::string where;  // of the selection; empty: there is none
  std::vector<uint32_t> databases;
  std::vector<uint32_t> excluded_databases;
  std::vector<std::string> types;  // as TYPE answers: "string", "list", "set", "zset", "hash", "stream"
  std::vector<std::string> excluded_types;
  std::chrono::seconds expires_within{};  // keys that expire so soon after the backup are left out
  std::chrono::seconds idle_for{};  // keys unused for so long, where the server keeps that (an LRU policy)
};

// Nodes of a component of kind neo4j that one tenant or project owns; at least one way is set.
struct GraphSpec {
  struct Start {
    std::string label;
    std::string property;
  };
  std::string where;
  std::string property;              // the owner's id in every node that has it; empty: none
  std::optional<Start> start;        // nodes of this label whose property is the id
  std::vector<std::string> through;  // types of relationships that lead from a member to the start
};

}  // namespace summit::config
