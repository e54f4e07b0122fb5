// Cuts the rows of one table, as they stream by in COPY's text format, into blocks of whole rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/result.h"

namespace summit::postgres {

struct RowBlock {
  std::string bytes;  // whole rows, each with its newline
  uint64_t rows = 0;
};

// Whole rows in COPY's text format, each with its newline.
uint64_t count_rows(std::string_view rows);

// A newline ends a row and stands nowhere else: within values it is written as \n, and in no encoding that a
// client may use is it part of another character.
//
// Memory: what waits for a block, which is at least one row. One thread at a time.
class RowSplitter {
 public:
  void feed(ByteView bytes);
  // What was fed and is not taken.
  size_t waiting() const { return waiting_.size(); }
  // Whether there is a whole row to take.
  bool has_row() const { return end_ > 0; }
  // All whole rows that wait, nothing when there is none yet.
  std::optional<RowBlock> take();
  // The remaining rows, when the table has ended; kCorrupt when the last one has no end.
  Result<RowBlock> finish();

 private:
  std::string waiting_;
  size_t end_ = 0;  // of the last whole row
};

}  // namespace summit::postgres
