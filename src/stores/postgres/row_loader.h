// One connection that takes rows and large objects into a database.
#pragma once

#include <cstdint>
#include <functional>
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

// A table that one connection loads goes in by TRUNCATE and COPY (FREEZE) in one transaction: its rows are
// visible to everybody at once, so no later reader or VACUUM writes them again, and a server with wal_level =
// minimal logs nothing. Rows that come over several connections cannot be frozen. For a table that is most of
// the database that is faster all the same: with wal_level = minimal, 140 MB of jsonb took 1.45 s frozen over
// one connection and 1.0 s over two.
//
// Rows go in in COPY's binary format where their types allow it (binary_columns.h), each block for itself:
// one with a value that has no such form is the server's to read as text, or to refuse in its own words.
//
// One thread at a time. After an error the connection is of no more use.
class RowLoader {
 public:
  // `connection` is a load session (load_session.h) and outlives this, as does `editing`; `rows` and
  // `editing` may be null.
  // `goes_on`: false when the server is surely through with the COPY that is open; may be empty.
  using GoesOn = std::function<bool()>;
  RowLoader(Connection& connection, Phase* rows, RowEditing* editing = nullptr, GoesOn goes_on = {})
      : connection_(connection), rows_(rows), editing_(editing), goes_on_(std::move(goes_on)) {}

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
  GoesOn goes_on_;
  std::map<const LoadTarget*, std::unique_ptr<RowEditor>> editors_;     // null: the rows stay as they are
  std::map<const LoadTarget*, std::optional<BinaryRows>> binary_rows_;  // nothing: the rows go in as text
  std::string edited_;
  std::string encoded_;
  LoadTarget* copying_ = nullptr;  // into which a COPY is open
  bool copying_binary_ = false;
  uint64_t copied_ = 0;           // bytes in that COPY
  uint64_t looked_at_ = 0;        // of them, when the server was last asked whether it goes on
  bool writing_objects_ = false;  // in a transaction of their own
};

}  // namespace summit::postgres
