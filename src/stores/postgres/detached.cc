#include "stores/postgres/detached.h"

#include <fmt/format.h>

#include "stores/postgres/sql.h"
#include "stores/postgres/timescale.h"

namespace summit::postgres {

namespace {

// Names as one value, which the server takes apart again.
std::string array_of(const std::vector<RelationName>& tables) {
  std::string text = "{";
  for (const auto& table : tables) {
    std::string escaped;
    for (const char c : table.quoted()) {
      if (c == '"' || c == '\\') escaped += '\\';
      escaped += c;
    }
    text += fmt::format("{}\"{}\"", text.size() > 1 ? "," : "", escaped);
  }
  return text + "}";
}

// The statement that puts a trigger back into the state it is in.
std::string_view verb_for(std::string_view state) {
  if (state == "R") return "ENABLE REPLICA TRIGGER";
  return state == "A" ? "ENABLE ALWAYS TRIGGER" : "ENABLE TRIGGER";
}

// TimescaleDB copies a hypertable's keys to its chunks; the copies go and come with theirs.
constexpr std::string_view kNoChunks = "SELECT 0::oid WHERE false";
constexpr std::string_view kChunks = R"sql(
    SELECT c.oid FROM _timescaledb_catalog.chunk k
    JOIN pg_catalog.pg_namespace s ON s.nspname = k.schema_name
    JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid AND c.relname = k.table_name
    WHERE NOT k.dropped)sql";

// ADD CONSTRAINT is not for hypertables that have compressed rows.
constexpr std::string_view kCompressed = R"sql(
    SELECT c.oid FROM _timescaledb_catalog.chunk k
    JOIN _timescaledb_catalog.hypertable h ON h.id = k.hypertable_id
    JOIN pg_catalog.pg_namespace s ON s.nspname = h.schema_name
    JOIN pg_catalog.pg_class c ON c.relnamespace = s.oid AND c.relname = h.table_name
    WHERE k.compressed_chunk_id IS NOT NULL AND NOT k.dropped)sql";

Error broken(const ForeignKey& key, const Error& cause) {
  return Error(Code::kRefused,
               "foreign key {} of {} would not hold: it refers to rows of {} that the backup does not have "
               "({})",
               key.name, key.table.display(), key.referenced.display(), cause.message())
      .hint(fmt::format("restore both tables: --only={},{}", key.referenced.display(), key.table.display()));
}

Result<void> comment_on(Connection& connection, const std::string& constraint, const RelationName& table,
                        const std::string& comment) {
  if (comment.empty()) return {};
  return connection.execute(fmt::format("COMMENT ON CONSTRAINT {} ON {} IS {}", quote_identifier(constraint),
                                        table.quoted(), quote_literal(comment)));
}

}  // namespace

Result<std::vector<ForeignKey>> foreign_keys_of(Connection& connection,
                                                const std::vector<RelationName>& tables) {
  ASSIGN_OR_RETURN(const bool timescale, has_timescale(connection));
  // A partition's key is a copy of its parent's, and goes and comes with it.
  ASSIGN_OR_RETURN(auto rows, connection.query(fmt::format(R"sql(
      WITH RECURSIVE chosen AS (SELECT t::pg_catalog.regclass::oid AS oid FROM pg_catalog.unnest($1::text[]) t),
      keys AS (
        SELECT c.oid, c.conparentid FROM pg_catalog.pg_constraint c
        WHERE c.contype = 'f' AND (c.conrelid IN (SELECT oid FROM chosen) OR c.confrelid IN (SELECT oid FROM chosen))
        UNION
        SELECT p.oid, p.conparentid FROM pg_catalog.pg_constraint p JOIN keys k ON p.oid = k.conparentid)
      SELECT c.conname, n.nspname, r.relname, fn.nspname, f.relname, pg_catalog.pg_get_constraintdef(c.oid),
             coalesce(pg_catalog.obj_description(c.oid, 'pg_constraint'), ''), c.conrelid IN ({})
      FROM keys k
      JOIN pg_catalog.pg_constraint c ON c.oid = k.oid AND c.conparentid = 0
      JOIN pg_catalog.pg_class r ON r.oid = c.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
      JOIN pg_catalog.pg_class f ON f.oid = c.confrelid JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
      WHERE c.conrelid NOT IN ({})
      ORDER BY 2, 3, 1)sql",
                                                           timescale ? kCompressed : kNoChunks,
                                                           timescale ? kChunks : kNoChunks),
                                               {array_of(tables)}));
  std::vector<ForeignKey> keys;
  for (size_t i = 0; i < rows.size(); ++i) {
    keys.push_back({rows.string(i, 0),
                    {rows.string(i, 1), rows.string(i, 2)},
                    {rows.string(i, 3), rows.string(i, 4)},
                    rows.string(i, 5),
                    rows.string(i, 6),
                    rows.truth(i, 7)});
  }
  return keys;
}

Result<Detached> Detached::detach(Connection& connection, const std::vector<RelationName>& tables) {
  Detached detached;
  ASSIGN_OR_RETURN(detached.keys_, foreign_keys_of(connection, tables));
  for (const auto& key : detached.keys_) {
    RETURN_IF_ERROR(connection.execute(fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", key.table.quoted(),
                                                   quote_identifier(key.name))),
                    "while taking off foreign key {} of {}", key.name, key.table.display());
  }
  RETURN_IF_ERROR(detached.detach_checks(connection, tables));
  RETURN_IF_ERROR(detached.detach_triggers(connection, tables));
  return detached;
}

// Constraints that are NOT VALID hold for rows to come. The backup's may be older than the constraint.
Result<void> Detached::detach_checks(Connection& connection, const std::vector<RelationName>& tables) {
  for (;;) {
    // An inherited one goes with its parent's, and stays where the child has it of its own as well.
    ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
        SELECT k.conname, n.nspname, c.relname, pg_catalog.pg_get_constraintdef(k.oid),
               coalesce(pg_catalog.obj_description(k.oid, 'pg_constraint'), '')
        FROM pg_catalog.pg_constraint k
        JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE k.contype = 'c' AND NOT k.convalidated AND k.coninhcount = 0
          AND c.oid IN (SELECT r::pg_catalog.regclass FROM pg_catalog.unnest($1::text[]) r)
        ORDER BY 2, 3, 1)sql",
                                                 {array_of(tables)}));
    if (rows.empty()) return {};
    for (size_t i = 0; i < rows.size(); ++i) {
      checks_.push_back(
          {rows.string(i, 0), {rows.string(i, 1), rows.string(i, 2)}, rows.string(i, 3), rows.string(i, 4)});
      RETURN_IF_ERROR(
          connection.execute(fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", checks_.back().table.quoted(),
                                         quote_identifier(checks_.back().name))),
          "while taking off constraint {} of {}", checks_.back().name, checks_.back().table.display());
    }
  }
}

Result<void> Detached::detach_triggers(Connection& connection, const std::vector<RelationName>& tables) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT n.nspname, c.relname, t.tgname, t.tgenabled
      FROM pg_catalog.pg_trigger t
      JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
        AND c.oid IN (SELECT r::pg_catalog.regclass FROM pg_catalog.unnest($1::text[]) r)
      ORDER BY 1, 2, 3)sql",
                                               {array_of(tables)}));
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string table = quote_qualified(rows.text(i, 0), rows.text(i, 1));
    const std::string trigger = quote_identifier(rows.text(i, 2));
    RETURN_IF_ERROR(
        connection.execute(fmt::format("ALTER TABLE ONLY {} DISABLE TRIGGER {}", table, trigger)));
    enable_triggers_.push_back(
        fmt::format("ALTER TABLE ONLY {} {} {}", table, verb_for(rows.text(i, 3)), trigger));
  }
  return {};
}

Result<void> Detached::attach(Connection& connection) {
  for (const auto& key : keys_) {
    auto added = connection.execute(fmt::format("ALTER TABLE {} ADD CONSTRAINT {} {}", key.table.quoted(),
                                                quote_identifier(key.name), key.definition));
    if (!added.ok()) {
      const bool violated = added.error().message().find("23503") != std::string::npos;
      return violated ? broken(key, added.error()) : std::move(added).error();
    }
    RETURN_IF_ERROR(comment_on(connection, key.name, key.table, key.comment));
  }
  for (auto check = checks_.rbegin(); check != checks_.rend(); ++check) {
    RETURN_IF_ERROR(
        connection.execute(fmt::format("ALTER TABLE {} ADD CONSTRAINT {} {}", check->table.quoted(),
                                       quote_identifier(check->name), check->definition)));
    RETURN_IF_ERROR(comment_on(connection, check->name, check->table, check->comment));
  }
  for (const auto& statement : enable_triggers_) RETURN_IF_ERROR(connection.execute(statement));
  return {};
}

}  // namespace summit::postgres
