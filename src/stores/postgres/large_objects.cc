#include "stores/postgres/large_objects.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/digest.h"

namespace summit::postgres {

namespace {

constexpr uint64_t kPiece = MiB;

uint32_t oid_from_binary(std::string_view bytes) {
  uint32_t oid = 0;
  for (const char c : bytes) oid = oid << 8 | static_cast<unsigned char>(c);
  return oid;
}

using Consume = std::function<Result<void>(const LargeObjectPart&)>;

Result<void> read_long_object(Connection& connection, uint32_t oid, const Consume& consume) {
  for (uint64_t offset = 0;; offset += kPiece) {
    std::string piece;
    const std::string sql =
        fmt::format("SELECT pg_catalog.lo_get({}::oid, {}::bigint, {})", oid, offset, kPiece);
    RETURN_IF_ERROR(connection.stream(sql, {}, [&](const Rows& row) -> Result<void> {
      piece = row.text(0, 0);
      return {};
    }));
    const bool last = piece.size() < kPiece;
    RETURN_IF_ERROR(consume({.oid = oid, .bytes = as_bytes(piece), .first = offset == 0, .last = last}));
    if (last) return {};
  }
}

}  // namespace

Result<void> read_large_objects(Connection& connection, std::span<const uint32_t> objects,
                                const Consume& consume) {
  if (objects.empty()) return {};
  std::string oids;
  for (const uint32_t oid : objects) oids += fmt::format("{}{}", oids.empty() ? "{" : ",", oid);
  // One statement reads the first piece of all of them, which is the whole for most; the long ones follow
  // singly.
  std::vector<uint32_t> long_objects;
  size_t found = 0;
  const std::string first_pieces = fmt::format(
      "SELECT oid, pg_catalog.lo_get(oid, 0, {}) FROM pg_catalog.pg_largeobject_metadata "
      "WHERE oid = ANY ($1::pg_catalog.oid[]) ORDER BY oid",
      kPiece);
  RETURN_IF_ERROR(connection.stream(first_pieces, {oids + "}"}, [&](const Rows& row) -> Result<void> {
    const uint32_t oid = oid_from_binary(row.text(0, 0));
    ++found;
    if (row.text(0, 1).size() >= kPiece) {
      long_objects.push_back(oid);
      return {};
    }
    return consume({.oid = oid, .bytes = as_bytes(row.text(0, 1)), .first = true, .last = true});
  }));
  if (found != objects.size()) {
    return Error(Code::kCorrupt, "{}: {} of {} large objects are missing", connection.where(),
                 objects.size() - found, objects.size())
        .hint("run `pg_amcheck` on the database to find the damage");
  }
  for (const uint32_t oid : long_objects) RETURN_IF_ERROR(read_long_object(connection, oid, consume));
  return {};
}

Result<std::vector<uint32_t>> list_large_objects(Connection& connection) {
  ASSIGN_OR_RETURN(auto rows,
                   connection.query("SELECT oid FROM pg_catalog.pg_largeobject_metadata ORDER BY oid"));
  std::vector<uint32_t> objects;
  for (size_t i = 0; i < rows.size(); ++i) objects.push_back(static_cast<uint32_t>(rows.number(i, 0)));
  return objects;
}

void LargeObjectHasher::add(const LargeObjectPart& part) {
  content_.update(part.bytes);
  if (!part.last) return;
  const Sha256Digest content = content_.finish();
  Sha256 element;
  element.update(fmt::format("{}:", part.oid));
  element.update(ByteView(content));
  hash_.add(element.finish());
}

Result<void> hash_large_objects(Connection& connection, SetHash& hash) {
  constexpr size_t kAtOnce = 256;
  ASSIGN_OR_RETURN(const auto objects, list_large_objects(connection));
  LargeObjectHasher hasher;
  for (std::span<const uint32_t> rest(objects); !rest.empty();) {
    const auto some = rest.first(std::min(kAtOnce, rest.size()));
    RETURN_IF_ERROR(read_large_objects(connection, some, [&](const LargeObjectPart& part) -> Result<void> {
      hasher.add(part);
      return {};
    }));
    rest = rest.subspan(some.size());
  }
  hash.merge(hasher.hash());
  return {};
}

}  // namespace summit::postgres
