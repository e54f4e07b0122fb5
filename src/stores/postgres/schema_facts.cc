// The queries below give two columns: a fact, and a definition that is normalised or NULL.
//
// They begin with two common table expressions: `rel`, the relations that users made, and `own(class, id)`,
// the objects that belong to an extension and hence to its version and not to the schema.
#include "stores/postgres/schema_facts.h"

#include <algorithm>
#include <array>

#include "stores/postgres/schema_queries.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/timescale.h"

namespace summit::postgres {

namespace {

constexpr std::string_view kCommon = R"sql(
WITH own AS (SELECT classid AS class, objid AS id FROM pg_catalog.pg_depend WHERE deptype = 'e'),
     chunk AS ({chunks}),
     space AS (SELECT oid, nspname FROM pg_catalog.pg_namespace
               WHERE nspname !~ '^pg_' AND nspname !~ '^_timescaledb_'
                 AND nspname NOT IN ('information_schema', 'summit_dr')),
     rel AS (SELECT c.*, s.nspname, pg_catalog.format('%I.%I', s.nspname, c.relname) AS name
             FROM pg_catalog.pg_class c JOIN space s ON s.oid = c.relnamespace
             WHERE (('pg_catalog.pg_class'::regclass)::oid, c.oid) NOT IN (SELECT class, id FROM own)
               AND (s.nspname, c.relname) NOT IN (SELECT schema_name, table_name FROM chunk))
)sql";

constexpr std::string_view kNoChunkNames =
    "SELECT ''::name AS schema_name, ''::name AS table_name WHERE false";
constexpr std::string_view kChunkNames = "SELECT schema_name, table_name FROM _timescaledb_catalog.chunk";

std::string statement(const SchemaQuery& query, bool timescale) {
  std::string common(kCommon);
  const std::string_view placeholder = "{chunks}";
  common.replace(common.find(placeholder), placeholder.size(), timescale ? kChunkNames : kNoChunkNames);
  return common + std::string(query.sql);
}

std::string element_of(const Rows& row) {
  std::string element = row.string(0, 0);
  if (!row.is_null(0, 1)) element += "\x1f" + normalized_definition(row.text(0, 1));
  return element;
}

Result<void> for_each_fact(Connection& connection, const SchemaQuery& query, bool timescale,
                           const std::function<void(std::string)>& take) {
  if (query.needs_timescale && !timescale) return {};
  return connection.stream(statement(query, timescale), {}, [&](const Rows& row) -> Result<void> {
    take(element_of(row));
    return {};
  });
}

}  // namespace

std::vector<std::string_view> schema_groups() {
  std::vector<std::string_view> groups;
  for (const auto& query : schema_queries()) {
    if (groups.empty() || groups.back() != query.group) groups.push_back(query.group);
  }
  return groups;
}

Result<std::vector<Fingerprint>> fingerprint_schema(Connection& connection, const FingerprintScope& scope,
                                                    LargeObjects large_objects,
                                                    const std::vector<std::string_view>& groups) {
  // As both the grants and the comments name them.
  constexpr std::string_view kLargeObject = "large object ";
  ASSIGN_OR_RETURN(const bool timescale, has_timescale(connection));
  std::vector<Fingerprint> fingerprints;
  for (const auto group : groups) {
    SetHash hash;
    for (const auto& query : schema_queries()) {
      if (query.group != group) continue;
      const auto add = [&](const std::string& element) {
        if (large_objects == LargeObjects::kTaken || !element.starts_with(kLargeObject))
          hash.add(as_bytes(element));
      };
      RETURN_IF_ERROR(for_each_fact(connection, query, timescale, add), "while reading the {} of {}", group,
                      connection.database());
    }
    fingerprints.push_back(
        {scope.store, "schema", scope.prefix + std::string(group), hash.count(), hash.hex()});
  }
  return fingerprints;
}

Result<std::vector<std::string>> schema_facts(Connection& connection, std::string_view group) {
  ASSIGN_OR_RETURN(const bool timescale, has_timescale(connection));
  std::vector<std::string> facts;
  for (const auto& query : schema_queries()) {
    if (query.group != group) continue;
    RETURN_IF_ERROR(for_each_fact(connection, query, timescale, [&](std::string element) {
      std::replace(element.begin(), element.end(), '\x1f', '\t');
      facts.push_back(std::move(element));
    }));
  }
  std::sort(facts.begin(), facts.end());
  return facts;
}

}  // namespace summit::postgres
