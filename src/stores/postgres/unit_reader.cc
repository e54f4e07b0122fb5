#include "stores/postgres/unit_reader.h"

#include <algorithm>
#include <utility>

#include "stores/postgres/large_objects.h"
#include "stores/postgres/row_hasher.h"

namespace summit::postgres {

namespace {

// Plain bytes. Longer ones compress hardly better, and each reader of an archive holds one.
constexpr size_t kPieceBytes = 2 * MiB;

}  // namespace

Result<std::unique_ptr<UnitReader>> UnitReader::create(const pgarchive::CompressionChoice& compression) {
  ASSIGN_OR_RETURN(auto compressor, pgarchive::PartCompressor::create(compression));
  return std::unique_ptr<UnitReader>(new UnitReader(std::move(compressor)));
}

Result<UnitRead> UnitReader::read(Connection& connection, const Source& source, const Unit& unit,
                                  const Give& give) {
  if (std::exchange(source_, &source) != &source) compressor_->next_table();
  return source.is_rows() ? read_rows(connection, source, unit, give)
                          : read_objects(connection, source, unit, give);
}

Result<UnitRead> UnitReader::read_rows(Connection& connection, const Source& source, const Unit& unit,
                                       const Give& give) {
  const auto columns = source.table ? stored_columns(source.table->columns) : std::vector<Column>();
  RowHasher hasher(columns, source.places);
  uint64_t rows = 0;
  const auto take = [&](ByteView block) -> Result<void> {
    if (source.table) {
      hasher.add(block);
    } else {
      rows += static_cast<uint64_t>(std::count(block.begin(), block.end(), std::byte{'\n'}));
    }
    return give_piece(block, {}, give);
  };
  if (!source.copy.empty()) {
    RETURN_IF_ERROR(connection.copy_out_blocks(copy_statement(source, unit, connection.server_encoding()),
                                               kPieceBytes, take));
  }
  UnitRead read{.elements = source.table ? hasher.hash().count() : rows, .hash = hasher.hash()};
  if (!source.count_compressed.empty()) {
    ASSIGN_OR_RETURN(const auto counted, connection.query(source.count_compressed));
    read.compressed = static_cast<uint64_t>(counted.number(0, 0));
  }
  return read;
}

Result<UnitRead> UnitReader::read_objects(Connection& connection, const Source& source, const Unit& unit,
                                          const Give& give) {
  const size_t end = unit.end ? static_cast<size_t>(*unit.end) : source.objects.size();
  const std::span<const uint32_t> objects(source.objects.data() + unit.first, end - unit.first);
  LargeObjectHasher hasher;
  const auto take = [&](const LargeObjectPart& part) -> Result<void> {
    hasher.add(part);
    return give_piece(part.bytes,
                      {.bytes = {},
                       .checksum = {},
                       .large_object = part.oid,
                       .begins_object = part.first,
                       .ends_object = part.last},
                      give);
  };
  RETURN_IF_ERROR(read_large_objects(connection, objects, take));
  return UnitRead{.elements = hasher.hash().count(), .hash = hasher.hash()};
}

Result<void> UnitReader::give_piece(ByteView plain, Piece about, const Give& give) {
  if (!give) return {};
  ASSIGN_OR_RETURN(about.checksum, compressor_->compress(plain, &output_));
  about.bytes = std::exchange(output_, {});
  ASSIGN_OR_RETURN(output_, give(std::move(about)));
  return {};
}

}  // namespace summit::postgres
