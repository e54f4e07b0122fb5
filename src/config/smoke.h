// The checks of config/smoke.yaml: what must hold in a healthy platform, within a store and between stores.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/variables.h"
#include "core/result.h"

namespace summit::config {

// A question to one store. PostgreSQL: SQL; Neo4j: Cypher; Redis: a command and its words.
struct SmokeQuery {
  std::string store;     // "postgresql", "neo4j", "redis"
  std::string endpoint;  // its name; empty: the first
  std::string text;      // gives one column
};

struct SmokeCheck {
  enum class Kind {
    kValue,  // the only answer of `left`, as a number, compares with `bound`
    kSame,   // both give the same collection of texts, in whatever order
  };
  std::string name;
  Kind kind = Kind::kValue;
  SmokeQuery left;
  SmokeQuery right;        // kSame
  std::string comparison;  // kValue: "=", ">", ">=", "<", "<="
  int64_t bound = 0;       // kValue
  int line = 0;
};

// None when the file is absent. All findings come in one error, each with file, line and fix.
Result<std::vector<SmokeCheck>> load_smoke_checks(const std::filesystem::path& directory,
                                                  const Variables& variables);

}  // namespace summit::config
