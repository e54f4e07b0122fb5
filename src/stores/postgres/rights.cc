#include "stores/postgres/rights.h"

#include <fmt/format.h>

#include "stores/postgres/sql.h"

namespace summit::postgres {

Result<void> check_may_create_databases(Connection& connection) {
  ASSIGN_OR_RETURN(const auto rows,
                   connection.query("SELECT rolname, rolsuper OR rolcreatedb FROM pg_catalog.pg_roles WHERE "
                                    "rolname = CURRENT_USER"));
  if (rows.truth(0, 1)) return {};
  return Error(Code::kDenied, "{}: user {} may not create databases", connection.where(), rows.text(0, 0))
      .hint(fmt::format("run `ALTER ROLE {} CREATEDB` as a superuser, or add `--in-place`",
                        quote_identifier(rows.text(0, 0))));
}

Result<void> check_owner(Connection& connection, const std::string& database) {
  ASSIGN_OR_RETURN(const auto rows,
                   connection.query("SELECT CURRENT_USER, pg_catalog.pg_has_role(datdba, 'USAGE'), "
                                    "pg_catalog.pg_get_userbyid(datdba) FROM "
                                    "pg_catalog.pg_database WHERE datname = $1",
                                    {database}));
  if (rows.empty() || rows.truth(0, 1)) return {};
  return Error(Code::kDenied, "{}: user {} does not own database {} and may not replace what is in it",
               connection.where(), rows.text(0, 0), database)
      .hint(fmt::format("connect as its owner, {}, or as a superuser (POSTGRES_USER)", rows.text(0, 2)));
}

}  // namespace summit::postgres
