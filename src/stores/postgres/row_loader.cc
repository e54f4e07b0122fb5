#include "stores/postgres/row_loader.h"

#include <fmt/format.h>

#include <utility>

namespace summit::postgres {

namespace {

// The server says at the end of a COPY that it refused a row: a huge table must not be sent whole before.
constexpr uint64_t kLongestCopy = 256 * MiB;

}  // namespace

Result<void> RowLoader::load(const LoadUnit& unit) {
  switch (unit.kind) {
    case LoadUnit::Kind::kWholeTable:
      return load_table(unit);
    case LoadUnit::Kind::kRows:
      return load_rows(unit);
    case LoadUnit::Kind::kLargeObject:
      return load_large_object(unit);
  }
  return {};
}

Result<void> RowLoader::load_table(const LoadUnit& unit) {
  RETURN_IF_ERROR(finish());
  LoadTarget& target = *unit.target;
  // Statements sent together are one transaction.
  const std::string sql = target.truncate.empty()
                              ? target.copy
                              : fmt::format("{}; {} WITH (FREEZE)", target.truncate, target.copy);
  RETURN_IF_ERROR(connection_.begin_copy(sql), "while loading the rows of {}", target.name);
  copying_ = &target;
  RETURN_IF_ERROR(put(unit));
  return end_copy();
}

Result<void> RowLoader::load_rows(const LoadUnit& unit) {
  if (copying_ != unit.target || copied_ >= kLongestCopy) {
    RETURN_IF_ERROR(finish());
    RETURN_IF_ERROR(connection_.begin_copy(unit.target->copy), "while loading the rows of {}",
                    unit.target->name);
    copying_ = unit.target;
  }
  return put(unit);
}

Result<std::string_view> RowLoader::edited(const LoadUnit& unit) {
  const std::string_view rows = unit.block.bytes;
  if (!editing_) return rows;
  auto [place, is_new] = editors_.try_emplace(unit.target);
  if (is_new) {
    ASSIGN_OR_RETURN(place->second, editing_->open(*unit.target->entry));
  }
  if (!place->second) return rows;
  edited_.clear();
  ASSIGN_OR_RETURN(const uint64_t kept, place->second->edit(rows, edited_));
  unit.target->left_out += unit.block.rows - kept;
  return std::string_view(edited_);
}

Result<void> RowLoader::put(const LoadUnit& unit) {
  ASSIGN_OR_RETURN(const auto rows, edited(unit), "while loading the rows of {}", unit.target->name);
  auto taken = connection_.put_copy(as_bytes(rows));
  RETURN_IF_ERROR(std::move(taken), "while loading the rows of {}", unit.target->name);
  copied_ += rows.size();
  if (rows_) rows_->advance(unit.block.rows);
  return {};
}

Result<void> RowLoader::end_copy() {
  if (!copying_) return {};
  LoadTarget& target = *std::exchange(copying_, nullptr);
  copied_ = 0;
  ASSIGN_OR_RETURN(const uint64_t stored, connection_.end_copy(), "while loading the rows of {}",
                   target.name);
  target.stored += stored;
  return {};
}

Result<void> RowLoader::load_large_object(const LoadUnit& unit) {
  if (!writing_objects_) {
    RETURN_IF_ERROR(finish());
    RETURN_IF_ERROR(connection_.execute("BEGIN"));
    writing_objects_ = true;
  }
  auto written = connection_.query(
      "SELECT pg_catalog.lo_put($1::pg_catalog.oid, $2::pg_catalog.int8, $3::pg_catalog.bytea)",
      {fmt::format("{}", unit.object), fmt::format("{}", unit.offset)}, as_bytes(unit.block.bytes));
  if (!written.ok())
    return std::move(written).error().at(fmt::format("while loading the large object {}", unit.object));
  return {};
}

Result<void> RowLoader::finish() {
  RETURN_IF_ERROR(end_copy());
  if (std::exchange(writing_objects_, false)) RETURN_IF_ERROR(connection_.execute("COMMIT"));
  return {};
}

}  // namespace summit::postgres
