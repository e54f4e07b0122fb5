#include "stores/postgres/large_objects.h"

#include <fmt/format.h>

#include <vector>

#include "core/digest.h"

namespace summit::postgres {

namespace {

constexpr uint64_t kPiece = MiB;

uint32_t oid_from_binary(std::string_view bytes) {
  uint32_t oid = 0;
  for (const char c : bytes) oid = oid << 8 | static_cast<unsigned char>(c);
  return oid;
}

void add_element(uint32_t oid, const Sha256Digest& content, SetHash& hash) {
  Sha256 element;
  element.update(fmt::format("{}:", oid));
  element.update(ByteView(content));
  hash.add(element.finish());
}

// At most one piece; less only at the end.
Result<std::string> read_piece(Connection& connection, uint32_t oid, uint64_t offset) {
  std::string piece;
  const std::string sql =
      fmt::format("SELECT pg_catalog.lo_get({}::oid, {}::bigint, {})", oid, offset, kPiece);
  RETURN_IF_ERROR(connection.stream(sql, {}, [&](const Rows& row) -> Result<void> {
    piece = row.text(0, 0);
    return {};
  }));
  return piece;
}

Result<void> hash_long_object(Connection& connection, uint32_t oid, SetHash& hash) {
  Sha256 content;
  for (uint64_t offset = 0;; offset += kPiece) {
    ASSIGN_OR_RETURN(const auto piece, read_piece(connection, oid, offset));
    content.update(piece);
    if (piece.size() < kPiece) break;
  }
  add_element(oid, content.finish(), hash);
  return {};
}

}  // namespace

Result<void> hash_large_objects(Connection& connection, SetHash& hash) {
  // One statement reads the first piece of all of them, which is the whole for most; the long ones follow
  // singly.
  std::vector<uint32_t> long_objects;
  Sha256 content;
  const std::string first_pieces = fmt::format(
      "SELECT oid, pg_catalog.lo_get(oid, 0, {}) FROM pg_catalog.pg_largeobject_metadata ORDER BY oid",
      kPiece);
  RETURN_IF_ERROR(connection.stream(first_pieces, {}, [&](const Rows& row) -> Result<void> {
    const uint32_t oid = oid_from_binary(row.text(0, 0));
    if (row.text(0, 1).size() >= kPiece) {
      long_objects.push_back(oid);
    } else {
      content.update(row.text(0, 1));
      add_element(oid, content.finish(), hash);
    }
    return {};
  }));
  for (const uint32_t oid : long_objects) RETURN_IF_ERROR(hash_long_object(connection, oid, hash));
  return {};
}

}  // namespace summit::postgres
