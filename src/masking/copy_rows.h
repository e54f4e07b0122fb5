// Masks the rows of a table as they stream by in COPY's text format.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "masking/replaced.h"
#include "masking/report_replaced.h"
#include "masking/rules.h"

namespace summit::masking {

// One thread at a time; several may work on blocks of one table, each with a mask of its own. Memory: one
// row. Format: https://www.postgresql.org/docs/16/sql-copy.html, "Text Format".
class CopyRowMask {
 public:
  // `mask` was compiled for the columns of the COPY, in its order.
  explicit CopyRowMask(RowMask mask);

  // From now on `listener` is told of each value that becomes a different one; nobody when it is null. It
  // outlives this. `places` are those of RowMask::targets(), in that order.
  void report_to(ReplacedValues* listener, const std::vector<std::string>& places);

  // Appends the masked form of `rows`, which are whole, each with its newline. Rows and columns that no rule
  // touches are appended byte for byte. kCorrupt for a row with too few columns or without its end; what was
  // appended then must not be used.
  Result<void> mask(std::string_view rows, std::string& out);

 private:
  Result<void> mask_row(std::string_view row, std::string& out);
  bool find_fields(std::string_view row);
  void report();

  struct Place {
    size_t begin = 0;
    size_t end = 0;
  };

  RowMask mask_;
  std::vector<Place> places_;         // of the inputs, in the row
  std::vector<Field> fields_;         // of the inputs, decoded
  std::vector<std::string> decoded_;  // owns what had escapes
  std::vector<size_t> input_of_target_;
  std::vector<std::unique_ptr<ReplacedPlace>> listeners_;  // of the targets; empty: nobody listens
  ReplacedReport report_;
};

// What stands in a COPY row for a value, and back. False for a backslash at the end.
void append_copy_field(std::string_view value, std::string& out);
[[nodiscard]] bool decode_copy_field(std::string_view field, std::string& value);

// The values of a row, which comes without its newline; nothing for NULL. kCorrupt when it has fewer columns
// or ends in the middle of an escape.
Result<std::vector<std::optional<std::string>>> decode_copy_row(std::string_view row, size_t columns);

}  // namespace summit::masking
