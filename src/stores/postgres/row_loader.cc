#include "stores/postgres/row_loader.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "stores/postgres/binary_columns.h"

namespace summit::postgres {

namespace {

// The server says at the end of a COPY that it refused a row: a huge table must not be sent whole before.
// After so much a COPY ends, or, if it is the only one of its table, is looked at.
constexpr uint64_t kLongestCopy = 256 * MiB;
// A smaller table is loaded before the server has answered what its columns are.
constexpr size_t kWorthAsking = 64 * KiB;
// The binary form is held beside the rows: one of very large values goes in as it is.
constexpr size_t kLargestEncoded = 16 * MiB;

}  // namespace

Result<void> RowLoader::load(const LoadUnit& unit) {
  switch (unit.kind) {
    case LoadUnit::Kind::kWholeTable:
      return load_table(unit);
    case LoadUnit::Kind::kRows:
    case LoadUnit::Kind::kRowsInTurn:
      return load_rows(unit);
    case LoadUnit::Kind::kLargeObject:
      return load_large_object(unit);
  }
  return {};
}

Result<void> RowLoader::load_table(const LoadUnit& unit) {
  RETURN_IF_ERROR(finish());
  LoadTarget& target = *unit.target;
  ASSIGN_OR_RETURN(const Data data, encoded(unit), "while loading the rows of {}", target.name);
  RETURN_IF_ERROR(begin_copy(target, data.binary, !target.truncate.empty()));
  RETURN_IF_ERROR(put(data.bytes));
  if (rows_) rows_->advance(unit.block.rows);
  return end_copy();
}

Result<void> RowLoader::load_rows(const LoadUnit& unit) {
  LoadTarget& target = *unit.target;
  ASSIGN_OR_RETURN(const Data data, encoded(unit), "while loading the rows of {}", target.name);
  const bool alone = unit.kind == LoadUnit::Kind::kRowsInTurn;
  if (copying_ != &target || copying_binary_ != data.binary || (!alone && copied_ >= kLongestCopy)) {
    RETURN_IF_ERROR(finish());
    // Freezing empties the table first, which must not lose what an earlier COPY brought.
    const bool frozen = alone && !target.truncate.empty() && !std::exchange(target.begun, true);
    RETURN_IF_ERROR(begin_copy(target, data.binary, frozen));
  }
  RETURN_IF_ERROR(put(data.bytes));
  if (rows_) rows_->advance(unit.block.rows);
  return {};
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

Result<RowLoader::Data> RowLoader::encoded(const LoadUnit& unit) {
  ASSIGN_OR_RETURN(const auto rows, edited(unit));
  const Data as_text{rows, false};
  if (unit.target->of_extension || rows.size() > kLargestEncoded) return as_text;
  if (unit.kind == LoadUnit::Kind::kWholeTable && rows.size() < kWorthAsking) return as_text;
  // A COPY that ends leaves what follows it unfrozen: once is enough.
  const bool in_turn = unit.kind == LoadUnit::Kind::kRowsInTurn && copying_ == unit.target;
  if (in_turn && !copying_binary_) return as_text;
  ASSIGN_OR_RETURN(BinaryRows* const binary, binary_rows(*unit.target));
  encoded_.clear();
  if (!binary || !binary->append(rows, encoded_)) return as_text;
  return Data{encoded_, true};
}

Result<BinaryRows*> RowLoader::binary_rows(const LoadTarget& target) {
  auto found = binary_rows_.find(&target);
  if (found == binary_rows_.end()) {
    // The question needs the connection.
    RETURN_IF_ERROR(finish());
    ASSIGN_OR_RETURN(auto rows, binary_rows_for(connection_, target.copy));
    found = binary_rows_.emplace(&target, std::move(rows)).first;
  }
  return found->second ? &*found->second : nullptr;
}

Result<void> RowLoader::begin_copy(LoadTarget& target, bool binary, bool frozen) {
  std::vector<std::string_view> options;
  if (frozen || target.freezes) options.emplace_back("FREEZE");
  if (binary) options.emplace_back("FORMAT binary");
  std::string sql = target.copy;
  if (!options.empty()) sql += fmt::format(" WITH ({})", fmt::join(options, ", "));
  // Statements sent together are one transaction, which FREEZE needs.
  if (frozen) sql = target.truncate + "; " + sql;
  RETURN_IF_ERROR(connection_.begin_copy(sql), "while loading the rows of {}", target.name);
  copying_ = &target;
  copying_binary_ = binary;
  return binary ? put(kBinaryHead) : Result<void>();
}

Result<void> RowLoader::put(std::string_view bytes) {
  RETURN_IF_ERROR(connection_.put_copy(as_bytes(bytes)), "while loading the rows of {}", copying_->name);
  copied_ += bytes.size();
  if (!goes_on_ || copied_ - looked_at_ < kLongestCopy) return {};
  looked_at_ = copied_;
  if (goes_on_()) return {};
  const std::string name = copying_->name;
  RETURN_IF_ERROR(end_copy());
  return Error(Code::kFailed, "the server ended the COPY into {} before its end, and does not say why", name);
}

Result<void> RowLoader::end_copy() {
  if (!copying_) return {};
  if (copying_binary_) RETURN_IF_ERROR(put(kBinaryEnd));
  LoadTarget& target = *std::exchange(copying_, nullptr);
  copied_ = looked_at_ = 0;
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
