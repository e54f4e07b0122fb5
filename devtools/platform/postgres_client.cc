#include "devtools/platform/postgres_client.h"

#include <libpq-fe.h>

namespace summit::platform {

namespace {

Error failure(PGconn* connection, Code code, std::string_view what) {
  std::string message = PQerrorMessage(connection);
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return Error(code, "{}: {}", what, message);
}

}  // namespace

void PostgresClient::Close::operator()(PGconn* connection) const { PQfinish(connection); }

Result<PostgresClient> PostgresClient::connect(const config::PostgresEndpoint& endpoint,
                                               const std::string& database) {
  const std::string port = std::to_string(endpoint.port);
  const std::string& chosen = database.empty() ? endpoint.databases.front() : database;
  const char* names[] = {"host", "port", "user", "password", "dbname", "client_encoding", "connect_timeout",
                         nullptr};
  const char* values[] = {endpoint.host.c_str(),
                          port.c_str(),
                          endpoint.user.c_str(),
                          endpoint.password.reveal().c_str(),
                          chosen.c_str(),
                          "UTF8",
                          "5",
                          nullptr};
  PostgresClient client(PQconnectdbParams(names, values, 0));
  if (PQstatus(client.raw()) != CONNECTION_OK)
    return failure(client.raw(), Code::kUnreachable, "cannot connect to database " + chosen);
  PQsetNoticeProcessor(client.raw(), [](void*, const char*) {}, nullptr);
  return client;
}

Result<Rows> PostgresClient::execute(const std::string& sql, const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(
      parameters.empty() ? PQexec(raw(), sql.c_str())
                         : PQexecParams(raw(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                        values.data(), nullptr, nullptr, 0),
      &PQclear);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    return failure(raw(), PQstatus(raw()) == CONNECTION_OK ? Code::kFailed : Code::kUnreachable,
                   "postgresql");
  }
  Rows rows(static_cast<size_t>(PQntuples(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      auto& fields = rows[static_cast<size_t>(row)];
      if (PQgetisnull(result.get(), row, column) != 0) {
        fields.emplace_back();
      } else {
        fields.emplace_back(std::string(PQgetvalue(result.get(), row, column),
                                        static_cast<size_t>(PQgetlength(result.get(), row, column))));
      }
    }
  }
  return rows;
}

Result<std::string> PostgresClient::value(const std::string& sql,
                                          const std::vector<std::string>& parameters) {
  ASSIGN_OR_RETURN(const Rows rows, execute(sql, parameters));
  if (rows.size() != 1 || rows[0].size() != 1 || !rows[0][0])
    return Error(Code::kFailed, "not one value: {}", sql);
  return *rows[0][0];
}

std::string PostgresClient::quoted(std::string_view identifier) const {
  const std::unique_ptr<char, decltype(&PQfreemem)> text(
      PQescapeIdentifier(raw(), identifier.data(), identifier.size()), &PQfreemem);
  return text.get();
}

}  // namespace summit::platform
