#include "stores/postgres/doorkeeper.h"

#include <fmt/format.h>

#include <utility>

#include "stores/postgres/sql.h"
#include "stores/postgres/swap.h"

namespace summit::postgres {

namespace {

// "summit-dr: restored in place; connection limit before: -1; comment before: …"
constexpr std::string_view kMark = "summit-dr: restored in place; connection limit before: ";
constexpr std::string_view kComment = "; comment before: ";

std::string marked(const std::string& limit, const std::string& comment) {
  return fmt::format("{}{}{}{}", kMark, limit, kComment, comment);
}

// What a doorkeeper that was killed left.
void unmark(std::string& limit, std::string& comment) {
  if (!comment.starts_with(kMark)) return;
  const size_t end = comment.find(kComment);
  if (end == std::string::npos) return;
  limit = comment.substr(kMark.size(), end - kMark.size());
  comment = comment.substr(end + kComment.size());
}

Result<void> set(Connection& connection, const std::string& database, const std::string& limit,
                 const std::string& comment) {
  return connection.execute(fmt::format("ALTER DATABASE {} CONNECTION LIMIT {}; COMMENT ON DATABASE {} IS {}",
                                        quote_identifier(database), limit, quote_identifier(database),
                                        comment.empty() ? "NULL" : quote_literal(comment)));
}

}  // namespace

Result<Doorkeeper> Doorkeeper::close(const config::PostgresEndpoint& endpoint, const std::string& database) {
  Doorkeeper keeper(endpoint, database);
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint, maintenance_database(database)));
  if (!connection.is_superuser()) return keeper;
  ASSIGN_OR_RETURN(auto rows,
                   connection.query("SELECT datconnlimit, coalesce(pg_catalog.shobj_description(oid, "
                                    "'pg_database'), '') FROM pg_catalog.pg_database WHERE datname = $1",
                                    {database}));
  if (rows.empty()) return Error(Code::kNotFound, "there is no database {}", database);
  keeper.limit_ = rows.string(0, 0);
  keeper.comment_ = rows.string(0, 1);
  unmark(keeper.limit_, keeper.comment_);
  RETURN_IF_ERROR(set(connection, database, "0", marked(keeper.limit_, keeper.comment_)));
  keeper.closed_ = true;
  return keeper;
}

Doorkeeper::Doorkeeper(Doorkeeper&& other) noexcept
    : endpoint_(std::move(other.endpoint_)),
      database_(std::move(other.database_)),
      limit_(std::move(other.limit_)),
      comment_(std::move(other.comment_)),
      closed_(std::exchange(other.closed_, false)) {}

Doorkeeper::~Doorkeeper() {
  // Should it fail, the comment tells the next one.
  [[maybe_unused]] auto opened = open();
}

Result<void> Doorkeeper::open() {
  if (!std::exchange(closed_, false)) return {};
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint_, maintenance_database(database_)));
  return set(connection, database_, limit_, comment_);
}

}  // namespace summit::postgres
