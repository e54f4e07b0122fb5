#include "stores/postgres/binary_columns.h"

#include <algorithm>
#include <array>
#include <map>

#include "stores/postgres/archive_schema.h"
#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

// A domain is received as the type below it. By the symbols of a type's functions: the server's own ones are
// internal, pgvector's are C.
constexpr const char* kColumns = R"(
WITH RECURSIVE below(name, type) AS (
  SELECT a.attname, a.atttypid FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT b.name, t.typbasetype FROM below b JOIN pg_catalog.pg_type t ON t.oid = b.type WHERE t.typtype = 'd'
), types AS (
  SELECT t.oid, t.typelem, i.prosrc AS input, r.prosrc AS receive,
    i.prosrc = 'array_in' AND r.prosrc = 'array_recv' AS is_array
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_proc i ON i.oid = t.typinput JOIN pg_catalog.pg_proc r ON r.oid = t.typreceive
  JOIN pg_catalog.pg_language li ON li.oid = i.prolang JOIN pg_catalog.pg_language lr ON lr.oid = r.prolang
  WHERE t.typtype <> 'd' AND li.lanname = lr.lanname
    AND (lr.lanname = 'internal' OR (lr.lanname = 'c' AND t.typname = 'vector'))
)
SELECT b.name, CASE WHEN t.is_array THEN e.input ELSE t.input END,
  CASE WHEN t.is_array THEN e.receive ELSE t.receive END, CASE WHEN t.is_array THEN e.oid ELSE 0 END
FROM below b JOIN types t ON t.oid = b.type LEFT JOIN types e ON e.oid = t.typelem
)";

bool keeps_ascii_apart(const std::string& encoding) {
  static constexpr std::array<std::string_view, 4> kEncodings = {"UTF8", "SQL_ASCII", "LATIN1", "LATIN9"};
  return std::find(kEncodings.begin(), kEncodings.end(), encoding) != kEncodings.end();
}

}  // namespace

Result<std::optional<BinaryRows>> binary_rows_for(Connection& connection, const std::string& copy) {
  const std::optional<BinaryRows> as_text;
  const auto names = copied_columns(copy);
  ASSIGN_OR_RETURN(const auto encoding, connection.scalar("SHOW client_encoding"));
  if (names.empty() || !keeps_ascii_apart(encoding)) return as_text;
  const auto table = copied_relation(copy);
  ASSIGN_OR_RETURN(
      const auto rows,
      connection.query(kColumns, {table.schema.empty() ? quote_identifier(table.name) : table.quoted()}));
  std::map<std::string, BinaryType, std::less<>> known;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto form = binary_form(rows.text(i, 1), rows.text(i, 2));
    if (!form) continue;
    known[rows.string(i, 0)] = {*form, static_cast<uint32_t>(rows.number(i, 3))};
  }
  std::vector<BinaryType> columns;
  for (const auto& name : names) {
    const auto found = known.find(name);
    if (found == known.end()) return as_text;
    columns.push_back(found->second);
  }
  return std::optional(BinaryRows(std::move(columns)));
}

}  // namespace summit::postgres
