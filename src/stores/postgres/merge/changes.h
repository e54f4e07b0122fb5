// What a merge will do to each table, found by comparing the backup's rows with the live ones in one
// snapshot.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/result.h"
#include "stores/postgres/merge/workspace.h"

namespace summit::postgres::merge {

struct Changes {
  uint64_t owned = 0;    // rows of the owner in the backup
  uint64_t insert = 0;   // of them: missing here
  uint64_t change = 0;   // of them: different here
  uint64_t remove = 0;   // rows of the owner here that the backup does not have
  uint64_t lend = 0;     // rows of others that are missing here, and that are the owner's as well or that its
                         // rows need: inserted
  uint64_t lacking = 0;  // rows of others that are missing here and that nothing of the owner needs: left out
  uint64_t differing = 0;  // rows of others that are different here: left as they are

  bool any() const { return insert + change + remove + lend > 0; }
};

// The actions in changes_table().
inline constexpr char kInsert = 'i';
inline constexpr char kChange = 'c';
inline constexpr char kRewrite = 'r';  // a change by deletion and insertion
inline constexpr char kRemove = 'd';
inline constexpr char kLend = 's';

// The session's table of what is to be done: (action "char", part oid, place tid, source tid); part and place
// of the live row, source of the backup's. Unchanged rows are not in it.
std::string changes_table(size_t table);

// Makes changes_table() of every staged table, for the rest of the transaction; after find_owned_rows() on
// both sides. Rows are matched by key, or by all of their values where there is no key, and compared byte for
// byte. Rows of others are only ever inserted, and only those that the owner's rows need or that belong to
// the owner, too.
Result<std::map<size_t, Changes>> find_changes(Workspace& workspace);

// The number of rows of the owner that are not as in the backup: 0 after a merge.
Result<uint64_t> count_differences(Workspace& workspace, size_t table);

}  // namespace summit::postgres::merge
