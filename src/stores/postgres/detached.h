// Foreign keys, checks that old rows need not pass, and triggers of tables, taken off while the tables are
// emptied and filled again, and put back.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

struct ForeignKey {
  std::string name;
  RelationName table;       // that refers
  RelationName referenced;  // to this one
  std::string definition;   // FOREIGN KEY (…) REFERENCES …
  std::string comment;      // empty: none
  bool fixed = false;       // of a hypertable with compressed rows: it cannot be put back
};

// Foreign keys that one of `tables` has or is referred to by. Those of partitions are their root's,
// those of chunks their hypertable's.
Result<std::vector<ForeignKey>> foreign_keys_of(Connection& connection,
                                                const std::vector<RelationName>& tables);

// In the caller's transaction. attach() validates the foreign keys against the rows that are there then;
// kRefused names the one that does not hold. One thread at a time.
class Detached {
 public:
  static Result<Detached> detach(Connection& connection, const std::vector<RelationName>& tables);
  Result<void> attach(Connection& connection);

 private:
  struct Check {
    std::string name;
    RelationName table;
    std::string definition;
    std::string comment;  // empty: none
  };

  Result<void> detach_checks(Connection& connection, const std::vector<RelationName>& tables);
  Result<void> detach_triggers(Connection& connection, const std::vector<RelationName>& tables);

  std::vector<ForeignKey> keys_;
  std::vector<Check> checks_;
  std::vector<std::string> enable_triggers_;  // statements
};

}  // namespace summit::postgres
