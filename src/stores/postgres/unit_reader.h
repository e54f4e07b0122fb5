// Reads units, fingerprints and compresses them, and gives them as pieces.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/fingerprint.h"
#include "core/result.h"
#include "formats/pgarchive/compressor.h"
#include "stores/postgres/capture_plan.h"
#include "stores/postgres/connection.h"

namespace summit::postgres {

// Compressed bytes of one table, or of one large object or a part of it.
struct Piece {
  std::string bytes;
  pgarchive::PartChecksum checksum;
  uint32_t large_object = 0;  // 0: rows
  bool begins_object = false;
  bool ends_object = false;
};

struct UnitRead {
  uint64_t elements = 0;    // rows or large objects
  SetHash hash;             // of nothing when the rows are of no fingerprint
  uint64_t compressed = 0;  // rows, where the source has them counted
};

// One thread at a time; each has its own.
class UnitReader {
 public:
  // Takes a piece and gives an empty string for the next one; null: the unit is read for its fingerprint
  // only.
  using Give = std::function<Result<std::string>(Piece)>;

  static Result<std::unique_ptr<UnitReader>> create(const pgarchive::CompressionChoice& compression);

  // `connection` is in the snapshot; large objects need one with binary results.
  Result<UnitRead> read(Connection& connection, const Source& source, const Unit& unit, const Give& give);

 private:
  explicit UnitReader(std::unique_ptr<pgarchive::PartCompressor> compressor)
      : compressor_(std::move(compressor)) {}

  Result<UnitRead> read_rows(Connection& connection, const Source& source, const Unit& unit,
                             const Give& give);
  Result<UnitRead> read_objects(Connection& connection, const Source& source, const Unit& unit,
                                const Give& give);
  // `about` says what the piece is.
  Result<void> give_piece(ByteView plain, Piece about, const Give& give);

  std::unique_ptr<pgarchive::PartCompressor> compressor_;
  std::string output_;  // empty, with room
  // Of the last unit; only ever compared with.
  const Source* source_ = nullptr;
};

}  // namespace summit::postgres
