// Rows into a table through COPY, in PostgreSQL's text format.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

struct pg_conn;

namespace summit::sample {

// One row: add the columns in order.
class CopyRow {
 public:
  explicit CopyRow(std::string& buffer) : buffer_(buffer) {}

  CopyRow& text(std::string_view value);
  // Nothing is NULL.
  CopyRow& text(const std::same_as<std::optional<std::string>> auto& value) {
    return value ? text(std::string_view(*value)) : null();
  }
  CopyRow& bytes(std::string_view value);
  CopyRow& null();
  CopyRow& boolean(bool value) { return text(value ? "t" : "f"); }
  template <std::integral T>
  CopyRow& number(T value) {
    return text(std::to_string(value));
  }
  // The shortest form that reads back as the same value.
  CopyRow& number(double value);

 private:
  void separate();
  std::string& buffer_;
  bool first_ = true;
};

// The COPY ends with finish(); without it the server forgets the rows. One thread.
class CopyWriter {
 public:
  // `target` as after COPY: `users (id, name)`, identifiers quoted.
  static Result<CopyWriter> begin(pg_conn* connection, std::string_view target);

  // The row that is filled next. Buffered; sent in blocks.
  Result<void> add(const auto& fill_row) {
    CopyRow row(buffer_);
    fill_row(row);
    buffer_ += '\n';
    return buffer_.size() < kBlock ? Result<void>() : send();
  }
  Result<void> finish();

 private:
  static constexpr size_t kBlock = 65536;
  explicit CopyWriter(pg_conn* connection) : connection_(connection) {}
  Result<void> send();

  pg_conn* connection_;
  std::string buffer_;
};

// Fills a table by `fill(row, i)` for i from 1 to `count`.
Result<void> fill_table(pg_conn* connection, std::string_view target, uint64_t count, const auto& fill) {
  ASSIGN_OR_RETURN(CopyWriter writer, CopyWriter::begin(connection, target));
  for (uint64_t i = 1; i <= count; ++i) {
    RETURN_IF_ERROR(writer.add([&](CopyRow& row) { fill(row, i); }));
  }
  return writer.finish();
}

}  // namespace summit::sample
