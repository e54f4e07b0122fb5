#include "stores/postgres/chunks.h"

#include <fmt/format.h>

#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

// Columns of a chunk that were added, with a default, to rows that were there.
constexpr std::string_view kDefaulted = R"sql(
    SELECT k.schema_name, k.table_name, a.attname
    FROM _timescaledb_catalog.chunk k
    JOIN pg_catalog.pg_namespace n ON n.nspname = k.schema_name
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = k.table_name
    JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = 'heap'
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.atthasmissing AND NOT a.attisdropped
    WHERE k.compressed_chunk_id IS NOT NULL AND NOT k.dropped)sql";

// A chunk knows for ever that columns were added to it. What was compressed since holds their values.
Result<void> find_lacking(Connection& connection, Chunks& chunks) {
  ASSIGN_OR_RETURN(const auto rows, connection.query(std::string(kDefaulted)));
  std::map<RelationName, std::string> conditions;
  for (size_t i = 0; i < rows.size(); ++i) {
    auto& condition = conditions[{rows.string(i, 0), rows.string(i, 1)}];
    condition +=
        fmt::format("{}{} IS NULL", condition.empty() ? "" : " OR ", quote_identifier(rows.text(i, 2)));
  }
  for (const auto& [name, condition] : conditions) {
    auto& chunk = chunks.at(name);
    ASSIGN_OR_RETURN(const auto found, connection.query(fmt::format("SELECT EXISTS (SELECT FROM {} WHERE {})",
                                                                    chunk.compressed.quoted(), condition)));
    chunk.lacks_defaults = found.truth(0, 0);
  }
  return {};
}

}  // namespace

Result<Chunks> read_chunks(Connection& connection, const Inventory& inventory) {
  Chunks chunks;
  if (!inventory.extension("timescaledb")) return chunks;
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT c.schema_name, c.table_name, h.schema_name, h.table_name, c.id, k.schema_name, k.table_name
      FROM _timescaledb_catalog.chunk c JOIN _timescaledb_catalog.hypertable h ON h.id = c.hypertable_id
      LEFT JOIN _timescaledb_catalog.chunk k ON k.id = c.compressed_chunk_id
      WHERE NOT c.dropped)sql"));
  for (size_t i = 0; i < rows.size(); ++i) {
    chunks[{rows.string(i, 0), rows.string(i, 1)}] = {.hypertable = {rows.string(i, 2), rows.string(i, 3)},
                                                      .id = rows.number(i, 4),
                                                      .compressed = {rows.string(i, 5), rows.string(i, 6)}};
  }
  RETURN_IF_ERROR(find_lacking(connection, chunks), "while looking at compressed rows");
  return chunks;
}

std::string count_of_compressed_rows(const Chunk& chunk) {
  return fmt::format("SELECT coalesce(pg_catalog.sum(_ts_meta_count), 0)::bigint FROM {}",
                     chunk.compressed.quoted());
}

Result<uint64_t> count_rows(Connection& connection, const RelationName& name, const Chunk& chunk) {
  RETURN_IF_ERROR(connection.execute("SET LOCAL timescaledb.enable_transparent_decompression = off"));
  ASSIGN_OR_RETURN(const auto in_heap, connection.query("SELECT count(*) FROM ONLY " + name.quoted()));
  RETURN_IF_ERROR(connection.execute("SET LOCAL timescaledb.enable_transparent_decompression = on"));
  ASSIGN_OR_RETURN(const auto compressed, connection.query(count_of_compressed_rows(chunk)));
  return static_cast<uint64_t>(in_heap.number(0, 0) + compressed.number(0, 0));
}

}  // namespace summit::postgres
