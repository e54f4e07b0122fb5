#include "stores/postgres/sqlstate.h"

#include <algorithm>
#include <array>

#include "stores/postgres/connection.h"

namespace summit::postgres {

namespace {

Code code_of(std::string_view sqlstate) {
  struct Known {
    std::string_view prefix;
    Code code;
  };
  // Longer prefixes come first.
  static constexpr std::array kKnown = {
      Known{"3D000", Code::kNotFound},
      Known{"42P01", Code::kNotFound},
      Known{"42704", Code::kNotFound},
      Known{"42501", Code::kDenied},
      Known{"42P04", Code::kAlreadyExists},
      Known{"42P07", Code::kAlreadyExists},
      Known{"42710", Code::kAlreadyExists},
      Known{"53100", Code::kNoSpace},
      Known{"53300", Code::kBusy},
      Known{"55006", Code::kBusy},
      Known{"55P03", Code::kBusy},
      Known{"57014", Code::kCancelled},
      Known{"57P03", Code::kUnreachable},
      Known{"57P01", Code::kUnreachable},
      Known{"57P02", Code::kUnreachable},
      Known{"0A000", Code::kUnsupported},
      Known{"XX001", Code::kCorrupt},
      Known{"XX002", Code::kCorrupt},
      Known{"58030", Code::kIo},
      Known{"28", Code::kDenied},
      Known{"08", Code::kUnreachable},
  };
  for (const auto& known : kKnown) {
    if (sqlstate.substr(0, known.prefix.size()) == known.prefix) return known.code;
  }
  return Code::kFailed;
}

std::string hint_for(std::string_view sqlstate) {
  if (sqlstate == "42501") return "connect as the owner of the object or as a superuser (POSTGRES_USER)";
  if (sqlstate == "53100") return "free space on the server's disk, then run the command again";
  if (sqlstate == "53200")
    return "raise max_locks_per_transaction of the server: a dump locks every table at once";
  if (sqlstate == "53300") return "raise max_connections of the server, or lower --jobs";
  if (sqlstate == "55P03")
    return "a schema change holds the table: wait for its end, then run the command again";
  if (sqlstate == "57P03") return "the server is starting up or recovering: wait, then run the command again";
  if (sqlstate == "XX001" || sqlstate == "XX002")
    return "run `pg_amcheck` on the database to find the damage";
  return {};
}

std::string single_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "; ";
    } else if (c != '\t') {
      line += c;
    }
  }
  return line;
}

}  // namespace

Error sqlstate_error(std::string_view sqlstate, std::string_view message, const std::string& where) {
  const std::string shown = single_line(message);
  if (sqlstate.empty()) {
    return Error(Code::kUnreachable, "{}: the connection was lost: {}", where, shown)
        .hint("see the server's log for why it closed the connection");
  }
  return Error(code_of(sqlstate), "{}: {} (SQLSTATE {})", where, shown, sqlstate).hint(hint_for(sqlstate));
}

bool has_sqlstate(const Error& error, std::string_view sqlstate) {
  return error.message().find(fmt::format("(SQLSTATE {})", sqlstate)) != std::string::npos;
}

bool has_sqlstate_class(const Error& error, std::string_view sqlstate_class) {
  return error.message().find(fmt::format("(SQLSTATE {}", sqlstate_class)) != std::string::npos;
}

Error connect_error(std::string_view sqlstate, std::string_view message,
                    const config::PostgresEndpoint& endpoint, const std::string& database) {
  const std::string where = address_of(endpoint);
  const std::string shown = single_line(message);
  const bool no_password = message.find("no password supplied") != std::string_view::npos;
  if (sqlstate == "28P01" || no_password) {
    return Error(Code::kDenied, "postgresql at {} does not accept the password of user {}", where,
                 endpoint.user)
        .hint(
            "set POSTGRES_PASSWORD, in the environment or the project's .env, to the password of that user");
  }
  if (sqlstate.substr(0, 2) == "28") {
    return Error(Code::kDenied, "postgresql at {} refuses user {}: {}", where, endpoint.user, shown)
        .hint("check POSTGRES_USER and the server's pg_hba.conf");
  }
  if (sqlstate == "3D000") {
    return Error(Code::kNotFound, "postgresql at {} has no database {}", where, database)
        .hint("set POSTGRES_DB to one of the databases that `psql -l` lists");
  }
  if (sqlstate.empty()) {
    return Error(Code::kUnreachable, "no postgresql answers at {}: {}", where, shown)
        .hint("start the server (`make up` in development), or correct POSTGRES_HOST and POSTGRES_PORT");
  }
  return sqlstate_error(sqlstate, message, "postgresql at " + where);
}

Error tool_error(Error error) {
  struct Sign {
    std::string_view text;
    Code code;
    std::string_view hint;
  };
  static constexpr std::array kSigns = {
      Sign{"No space left on device", Code::kNoSpace,
           "free space on the disk that is full, then run the command again"},
      // How pg_dump's --lock-wait-timeout ends.
      Sign{"due to statement timeout", Code::kBusy,
           "a schema change waits for the backup and blocks it: end it, or let it finish, then run the "
           "command again"},
      Sign{"password authentication failed", Code::kDenied,
           "set POSTGRES_PASSWORD to the password of that user"},
      Sign{"permission denied", Code::kDenied,
           "connect as the owner of the object or as a superuser (POSTGRES_USER)"},
      Sign{"Connection refused", Code::kUnreachable, "start the server, then run the command again"},
      Sign{"server closed the connection unexpectedly", Code::kUnreachable,
           "see the server's log for why it stopped"},
      Sign{"terminating connection", Code::kUnreachable,
           "see the server's log for why it ended the connection"},
      Sign{"does not appear to be a valid archive", Code::kCorrupt, "run `summit-dr verify` on this backup"},
      Sign{"could not read from input file", Code::kCorrupt, "run `summit-dr verify` on this backup"},
      Sign{"could not uncompress data", Code::kCorrupt, "run `summit-dr verify` on this backup"},
      Sign{"could not decompress data", Code::kCorrupt, "run `summit-dr verify` on this backup"},
  };
  for (const auto& sign : kSigns) {
    if (error.message().find(sign.text) != std::string::npos) {
      return Error(sign.code, "{}", error.message()).hint(std::string(sign.hint));
    }
  }
  return error;
}

}  // namespace summit::postgres
