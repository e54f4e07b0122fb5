// The search of a whole target for replaced values, store by store. Page: docs/masking.md.
//
// Each function reads everything that its store holds, once, in bounded memory, and reports where a value of
// the table stands. An error means that not everything was read.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"
#include "masking/leak/text_search.h"
#include "recovery/leak/leak_report.h"
#include "stores/files/tree_walk.h"
#include "stores/postgres/passing_rows.h"

namespace summit::recovery {

struct LeakScan {
  const masking::ReplacedTable& table;
  LeakReport& report;
  Reporter& reporter;
  Cancellation cancellation{};
  fs::path workspace{};  // for 16 bytes a node of the graph
  size_t jobs = 2;       // connections to one server
};

// A database may be searched before it has its own name and comment.
struct SearchedDatabase {
  std::string name;                       // at present
  std::string shown_as;                   // in findings
  std::string comment{};                  // that it will have
  postgres::PassingRows* rows = nullptr;  // where set, takes all rows on the way
};

// Every row of every table and materialized view, large objects, and all definitions of one database.
// Short values are looked for in the columns of tables called as the masked ones:
// "postgresql:<schema>.<table>.<column>".
Result<void> search_postgres(const config::PostgresEndpoint& endpoint, const SearchedDatabase& database,
                             const LeakScan& scan);
// Labels, types, names and values of properties, names of indexes and constraints.
Result<void> search_neo4j(const config::Neo4jEndpoint& endpoint, const LeakScan& scan);
// Names and values of keys of every type, in all databases; functions.
Result<void> search_redis(const config::RedisEndpoint& endpoint, const LeakScan& scan);
// Which files are searched.
using FileChoice = std::function<Result<bool>(const files::WalkEntry& entry)>;
// Names and content of all files that belong to the tree, and what links point to. With a choice only those
// that it takes, and the names of the directories that lead to them.
Result<void> search_files(const config::FilesEndpoint& tree, const LeakScan& scan,
                          const FileChoice& chosen = {});

}  // namespace summit::recovery
