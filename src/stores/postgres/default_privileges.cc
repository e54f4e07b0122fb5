#include "stores/postgres/default_privileges.h"

namespace summit::postgres {

namespace {

// Statements that take a catalog row away, and those that make it again. Without the schema it counts from
// the server's own defaults, within a schema from nothing.
constexpr std::string_view kStatements = R"sql(
    WITH defaults AS (
      SELECT d.oid, d.defaclacl AS acl, r.rolname AS owner, d.defaclnamespace = 0 AS is_global,
             pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s ', r.rolname, ' IN SCHEMA ' || pg_catalog.quote_ident(n.nspname)) AS alter,
             CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                                  WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' WHEN 'L' THEN 'LARGE OBJECTS' END AS kind
      FROM pg_catalog.pg_default_acl d
      JOIN pg_catalog.pg_roles r ON r.oid = d.defaclrole
      LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
      WHERE pg_catalog.pg_has_role(d.defaclrole, 'USAGE') AND ($1 OR r.rolname = CURRENT_USER)),
    grants AS (
      SELECT d.oid, a.is_grantable, coalesce(pg_catalog.quote_ident(g.rolname), 'PUBLIC') AS grantee,
             pg_catalog.string_agg(a.privilege_type, ', ') AS privileges
      FROM defaults d CROSS JOIN LATERAL pg_catalog.aclexplode(d.acl) a
      LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
      GROUP BY 1, 2, 3),
    empty AS (
      SELECT d.oid, pg_catalog.string_agg(pg_catalog.format('%sREVOKE ALL ON %s FROM %s CASCADE; ', d.alter, d.kind, g.grantee), '') AS statements
      FROM defaults d
      JOIN (SELECT oid, grantee FROM grants UNION SELECT oid, 'PUBLIC' FROM defaults
            UNION SELECT oid, pg_catalog.quote_ident(owner) FROM defaults) g ON g.oid = d.oid
      GROUP BY 1)
    SELECT e.statements || CASE WHEN d.is_global THEN
             pg_catalog.format('%sGRANT ALL ON %s TO %I; ', d.alter, d.kind, d.owner) ||
             CASE d.kind WHEN 'FUNCTIONS' THEN d.alter || 'GRANT EXECUTE ON FUNCTIONS TO PUBLIC'
                         WHEN 'TYPES' THEN d.alter || 'GRANT USAGE ON TYPES TO PUBLIC' ELSE '' END
           ELSE '' END,
           e.statements || coalesce((
             SELECT pg_catalog.string_agg(pg_catalog.format('%sGRANT %s ON %s TO %s%s; ', d.alter, g.privileges, d.kind,
                                                            g.grantee, CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END), '')
             FROM grants g WHERE g.oid = d.oid), '')
    FROM defaults d JOIN empty e ON e.oid = d.oid
    ORDER BY d.oid)sql";

}  // namespace

Result<DefaultPrivileges> DefaultPrivileges::put_aside(Connection& connection, Of of) {
  ASSIGN_OR_RETURN(const auto rows,
                   connection.query(std::string(kStatements), {of == Of::kEverybody ? "true" : "false"}));
  DefaultPrivileges defaults;
  for (size_t i = 0; i < rows.size(); ++i) {
    RETURN_IF_ERROR(connection.execute(rows.string(i, 0)), "while taking default privileges away");
    defaults.statements_.push_back(rows.string(i, 1));
  }
  return defaults;
}

Result<void> DefaultPrivileges::put_back(Connection& connection) const {
  for (const auto& statement : statements_)
    RETURN_IF_ERROR(connection.execute(statement), "while giving default privileges back");
  return {};
}

}  // namespace summit::postgres
