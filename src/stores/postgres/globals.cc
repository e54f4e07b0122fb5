#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "stores/postgres/globals.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/sqlstate.h"
#include "stores/postgres/tools.h"

namespace summit::postgres {

namespace {

Result<std::string> dump_globals(const config::PostgresEndpoint& endpoint, const Connection& connection,
                                 std::vector<std::string> arguments, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto tool, find_tool(endpoint, "pg_dumpall", connection.server_version() / 10000));
  arguments.insert(arguments.begin(), "--globals-only");
  auto text = run(tool_command(endpoint, tool, main_database(endpoint), std::move(arguments)), cancellation);
  if (!text.ok()) return tool_error(std::move(text).error());
  return std::move(*text);
}

Result<std::set<std::string>> existing_roles(Connection& connection) {
  ASSIGN_OR_RETURN(auto rows, connection.query("SELECT rolname FROM pg_catalog.pg_roles"));
  std::set<std::string> roles;
  for (size_t i = 0; i < rows.size(); ++i) roles.insert(rows.string(i, 0));
  return roles;
}

bool begins_with(const std::vector<Word>& words, std::initializer_list<std::string_view> keywords) {
  size_t i = 0;
  for (const auto keyword : keywords) {
    if (i >= words.size() || !words[i].is(keyword)) return false;
    ++i;
  }
  return words.size() > keywords.size();
}

// "GRANT a TO b WITH … GRANTED BY c": the member b, and the statement without a grantor that this server may
// not have.
struct Membership {
  std::string group;
  std::string member;
  std::string statement;
};

std::optional<Membership> membership_in(const std::string& statement, const std::vector<Word>& words) {
  if (words.size() < 4 || !words[0].is("GRANT") || !words[2].is("TO")) return std::nullopt;
  Membership membership{words[1].text, words[3].text, statement};
  for (size_t i = 4; i + 2 < words.size(); ++i) {
    if (words[i].is("GRANTED") && words[i + 1].is("BY"))
      membership.statement = statement.substr(0, words[i].offset);
  }
  return membership;
}

class RoleCreation {
 public:
  RoleCreation(Connection& connection, std::set<std::string> existing)
      : connection_(connection), existing_(std::move(existing)) {}

  Result<void> run(const std::string& statement) {
    const auto words = words_of(statement);
    if (begins_with(words, {"CREATE", "ROLE"})) return create(words[2].text, statement);
    if (begins_with(words, {"ALTER", "ROLE"})) return only_for_new(words[2].text, statement, words);
    if (begins_with(words, {"COMMENT", "ON", "ROLE"})) return only_for_new(words[3].text, statement, words);
    if (auto membership = membership_in(statement, words)) return grant(*membership);
    if (begins_with(words, {"CREATE", "TABLESPACE"})) return tablespace(words[2].text);
    return {};
  }

  GlobalsReport report() && { return std::move(report_); }

 private:
  Result<void> create(const std::string& role, const std::string& statement) {
    if (existing_.contains(role)) {
      report_.kept.push_back(role);
      return {};
    }
    RETURN_IF_ERROR(connection_.execute(statement), "while creating the role {}", role);
    created_.insert(role);
    report_.created.push_back(role);
    return {};
  }

  Result<void> only_for_new(const std::string& role, const std::string& statement,
                            const std::vector<Word>& words) {
    // Settings within one database come with that database.
    const bool in_database = words.size() > 4 && words[3].is("IN") && words[4].is("DATABASE");
    if (!created_.contains(role) || in_database) return {};
    RETURN_IF_ERROR(connection_.execute(statement), "while setting up the role {}", role);
    return {};
  }

  Result<void> grant(const Membership& membership) {
    if (!created_.contains(membership.member) && !created_.contains(membership.group)) return {};
    RETURN_IF_ERROR(connection_.execute(membership.statement), "while making {} a member of {}",
                    membership.member, membership.group);
    return {};
  }

  Result<void> tablespace(const std::string& name) {
    ASSIGN_OR_RETURN(auto found,
                     connection_.query("SELECT FROM pg_catalog.pg_tablespace WHERE spcname = $1", {name}));
    if (found.empty()) {
      report_.notes.push_back(
          fmt::format("tablespace {} does not exist here: create it before restoring what lies in it", name));
    }
    return {};
  }

  Connection& connection_;
  std::set<std::string> existing_;
  std::set<std::string> created_;
  GlobalsReport report_;
};

}  // namespace

Result<std::string> globals_without_passwords(const config::PostgresEndpoint& endpoint,
                                              const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, connect_or_main(endpoint, {}, cancellation));
  return dump_globals(endpoint, connection, {"--no-role-passwords"}, cancellation);
}

Result<std::string> globals_with_passwords(const config::PostgresEndpoint& endpoint,
                                           const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, connect_or_main(endpoint, {}, cancellation));
  if (!connection.is_superuser()) {
    return Error(Code::kDenied, "passwords of roles at {} can be read by a superuser only, and {} is none",
                 address_of(endpoint), endpoint.user)
        .hint(
            "set POSTGRES_USER to a superuser, or set the passwords by hand after a restore to an empty "
            "server");
  }
  return dump_globals(endpoint, connection, {}, cancellation);
}

Result<GlobalsReport> create_missing_roles(Connection& connection, std::string_view globals) {
  ASSIGN_OR_RETURN(auto existing, existing_roles(connection));
  RoleCreation creation(connection, std::move(existing));
  for (const auto& statement : split_statements(globals)) RETURN_IF_ERROR(creation.run(statement));
  return std::move(creation).report();
}

}  // namespace summit::postgres
