#include "stores/postgres/sessions.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/time.h"
#include "core/wait.h"

namespace summit::postgres {

namespace {

Result<std::vector<Session>> query_sessions(Connection& connection, const std::string& condition,
                                            const std::string& parameter) {
  ASSIGN_OR_RETURN(
      auto rows, connection.query("SELECT pid, usename, application_name, coalesce(client_addr::text, '') "
                                  "FROM pg_catalog.pg_stat_activity WHERE pid <> pg_catalog.pg_backend_pid() "
                                  "AND backend_type IN ('client backend', 'walsender') AND " +
                                      condition + " ORDER BY pid",
                                  {parameter}));
  std::vector<Session> sessions;
  for (size_t i = 0; i < rows.size(); ++i) {
    sessions.push_back({rows.number(i, 0), rows.string(i, 1), rows.string(i, 2), rows.string(i, 3)});
  }
  return sessions;
}

}  // namespace

Result<std::vector<Session>> sessions_in(Connection& connection, const std::string& database) {
  return query_sessions(connection, "datname = $1", database);
}

Result<std::vector<Session>> sessions_staying_in(Connection& connection, const std::string& database) {
  constexpr std::chrono::seconds kToBeGone{2};
  constexpr std::chrono::milliseconds kInterval{50};
  const Stopwatch watch;
  for (;;) {
    ASSIGN_OR_RETURN(auto sessions, sessions_in(connection, database));
    if (sessions.empty() || watch.elapsed() > kToBeGone) return sessions;
    // The next question listens to the connection's cancellation.
    RETURN_IF_ERROR(pause_for(kInterval, {}));
  }
}

Result<std::vector<Session>> sessions_blocking(Connection& connection, int64_t waiting) {
  return query_sessions(connection, "pid = ANY (pg_catalog.pg_blocking_pids($1::int))",
                        fmt::format("{}", waiting));
}

std::string describe(const std::vector<Session>& sessions) {
  constexpr size_t kShown = 8;
  std::string who;
  for (size_t i = 0; i < std::min(sessions.size(), kShown); ++i) {
    const auto& session = sessions[i];
    who += fmt::format("{}pid {} user {} application '{}'{}", i ? "; " : "", session.pid, session.user,
                       session.application, session.address.empty() ? "" : " from " + session.address);
  }
  if (sessions.size() > kShown) who += fmt::format("; and {} more", sessions.size() - kShown);
  return who;
}

Error busy_error(const config::PostgresEndpoint& endpoint, const std::string& database,
                 const std::vector<Session>& sessions) {
  return Error(Code::kBusy, "database {} at {} is in use by {} session{}: {}", database, address_of(endpoint),
               sessions.size(), sessions.size() == 1 ? "" : "s", describe(sessions))
      .hint("stop these clients, or add `--terminate-connections` to end their sessions");
}

Result<void> end_sessions(Connection& connection, const std::vector<Session>& sessions) {
  for (const auto& session : sessions) {
    auto ended =
        connection.query("SELECT pg_catalog.pg_terminate_backend($1::int)", {fmt::format("{}", session.pid)});
    if (ended.ok()) continue;
    return Error(ended.error().code(), "cannot end the session with pid {} of user {}: {}", session.pid,
                 session.user, ended.error().message())
        .hint("run `GRANT pg_signal_backend TO …` for the user of the restore, or stop that client");
  }
  return {};
}

}  // namespace summit::postgres
