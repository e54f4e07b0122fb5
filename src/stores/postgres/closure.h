// Finds the rows that belong to one owner, and all that they refer to.
//
// Works at the server, set by set: for each table a temporary table holds the places (part and ctid) of the
// rows taken so far, with the values of their references. First owned rows, from parents to children; then
// everything that taken rows refer to; both in rounds, until a round finds nothing new. No key and no row
// comes here, so memory here does not grow with the data.
//
// A place is true as long as the snapshot lives and the tables are locked (snapshot.h): nothing moves a row
// version that a snapshot can see, except what needs a lock that conflicts with ours.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/row_selection.h"
#include "stores/postgres/selection_rules.h"

namespace summit::postgres {

// References of taken rows to rows that belong to others, one for each reference that has some.
struct LeavingReference {
  std::string name;   // "public.tasks.parent_id"
  std::string table;  // referred to
  uint64_t rows = 0;  // that refer
  config::OutsidePolicy outside = config::OutsidePolicy::kInclude;
};

// One thread at a time.
class Closure {
 public:
  // `connection` is in a transaction that may write temporary tables; it outlives the closure and keeps the
  // temporary tables until its transaction ends. `rules` outlives the closure.
  Closure(Connection& connection, const SelectionRules& rules);

  // Takes the rows of the owner `id`. kUsage when the id is no value of a column that it is compared with;
  // kRefused when a reference leaves that may not.
  Result<void> run(const std::string& id);

  // After run().
  uint64_t owned_rows() const { return owned_rows_; }
  const std::vector<LeavingReference>& leaving() const { return leaving_; }
  // Of one part of the table at `index`.
  TableRows rows_of(size_t index, const GraphPart& part) const;

 private:
  // What is kept of one table.
  struct Taken {
    bool tracked = false;                  // has a temporary table
    std::string relation;                  // its name
    std::vector<std::string> columns;      // whose values it holds
    bool fresh = false;                    // had rows added in the last round
    std::map<std::string, uint64_t> rows;  // by the part's oid
    std::vector<size_t> emptied;           // references that are NULL in some rows
  };

  void choose_tracked();
  void keep_columns(size_t index, const std::vector<std::string>& columns);
  Result<void> create(size_t index);
  Result<void> check_id(const std::string& id);
  Result<uint64_t> insert(size_t index, const std::string& owner, const std::string& from,
                          const Parameters& parameters = {});

  Result<void> take_owned(const std::string& id);
  Result<uint64_t> take_children(size_t index);
  Result<void> take_whole_tables();
  Result<void> take_referenced();
  Result<uint64_t> take_referenced_by(size_t index, uint64_t first_round);
  Result<void> treat_leaving();
  std::string why_refused(size_t index) const;
  Result<void> count_rows();
  std::vector<bool> begin_round();

  static std::string matches(const Reference& by, const std::vector<std::string>& to,
                             const std::vector<std::string>& from);
  std::string value(size_t index, std::string_view alias, const std::string& column) const;
  std::vector<std::string> values(size_t index, std::string_view alias,
                                  const std::vector<std::string>& columns) const;
  std::string refers(size_t index, Parameters& parameters) const;
  std::string leaves(size_t index, Parameters& parameters) const;

  const GraphTable& table(size_t index) const { return rules_.graph.tables[index]; }
  const Reference& reference(size_t index) const { return rules_.graph.references[index]; }

  Connection& connection_;
  const SelectionRules& rules_;
  std::vector<Taken> taken_;
  uint64_t round_ = 0;  // of the rows that are added next
  uint64_t owned_rows_ = 0;
  std::vector<LeavingReference> leaving_;
};

}  // namespace summit::postgres
