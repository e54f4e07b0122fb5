// One connection that takes rows and large objects into a database.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/progress.h"
#include "core/result.h"
#include "stores/postgres/binary_rows.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/load_queue.h"
#include "stores/postgres/row_editing.h"

namespace summit::postgres {

// A whole table goes in by TRUNCATE and COPY (FREEZE) in one transaction: its rows are visible to everybody
// at once, so no later reader or VACUUM writes them again, and a server with wal_level = minimal logs
// nothing. Rows of a larger table, which come over several connections, cannot be frozen. That is faster all
// the same: with wal_level = minimal, 140 MB of jsonb took 1.45 s frozen over one connection and 1.0 s over
// two; with replica, 1.9 GB of mixed rows took 13.1 s over one, prepared by two threads, and 9.0 s over two,
// their indexes then 4.0 and 4.7 s.
//
// Rows go in in COPY's binary format where their types allow it (binary_columns.h), each block for itself:
// one with a value that has no such form is the server's to read as text, or to refuse in its own words.
//
// One thread at a time. After an error the connection is of no more use.
class RowLoader {
 public:
  // `connection` is a load session (load_session.h) and outlives this, as does `editing`; `rows` and
  // `editing` may be null.
  RowLoader(Connection& connection, Phase* rows, RowEditing* editing = nullptr)
      : connection_(connection), rows_(rows), editing_(editing) {}

  Result<void> load(const LoadUnit& unit);
  // Commits what is under way.
  Result<void> finish();

 private:
  Result<void> load_table(const LoadUnit& unit);
  Result<void> load_rows(const LoadUnit& unit);
  Result<void> load_large_object(const LoadUnit& unit);
  // What a COPY is given of a block, and in which format.
  struct Data {
    std::string_view bytes;
    bool binary = false;
  };
  // The rows as they go in: the block's own, or what the table's editor makes of them.
  Result<std::string_view> edited(const LoadUnit& unit);
  Result<Data> encoded(const LoadUnit& unit);
  Result<BinaryRows*> binary_rows(const LoadTarget& target);
  Result<void> begin_copy(LoadTarget& target, bool binary, bool frozen);
  Result<void> put(std::string_view bytes);
  Result<void> end_copy();

  Connection& connection_;
  Phase* rows_;
  RowEditing* editing_;
  std::map<const LoadTarget*, std::unique_ptr<RowEditor>> editors_;     // null: the rows stay as they are
  std::map<const LoadTarget*, std::optional<BinaryRows>> binary_rows_;  // nothing: the rows go in as text
  std::string edited_;
  std::string encoded_;
  LoadTarget* copying_ = nullptr;  // into which a COPY is open
  bool copying_binary_ = false;
  uint64_t copied_ = 0;           // bytes in that COPY
  bool writing_objects_ = false;  // in a transaction of their own
};

}  // namespace summit::postgres
