// Rows changed or left out on their way from an archive into a database: masking is that to a load.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// The rows of one table that go through one connection. One thread at a time.
class RowEditor {
 public:
  virtual ~RowEditor() = default;
  // Appends what becomes of `rows`, which are whole, each with its newline, in COPY's text format; gives the
  // number of rows that were appended. After an error nothing of `out` may be used.
  virtual Result<uint64_t> edit(std::string_view rows, std::string& out) = 0;
};

class RowEditing {
 public:
  virtual ~RowEditing() = default;
  // Once: the tables stand and are empty. `connection` is to their database.
  virtual Result<void> begin(Connection& connection) = 0;
  // For the rows of this entry; null when they go in as they are. Called by several threads.
  virtual Result<std::unique_ptr<RowEditor>> open(const pgarchive::Entry& rows) = 0;
};

}  // namespace summit::postgres
