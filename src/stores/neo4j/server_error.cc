#include "stores/neo4j/server_error.h"

namespace summit::neo4j {

Error error_of(const ServerError& error, const std::string& address, const std::string& database) {
  const std::string_view code = error.code;
  const auto make = [&](Code kind) {
    return Error(kind, "neo4j at {}: {} ({})", address, error.message, code);
  };
  if (code == "Neo.ClientError.Security.CredentialsExpired") {
    return make(Code::kDenied)
        .hint("change the initial password: ALTER CURRENT USER SET PASSWORD FROM 'old' TO 'new'");
  }
  if (code == "Neo.ClientError.Security.AuthenticationRateLimit") {
    return make(Code::kDenied)
        .hint("too many wrong passwords: wait a few seconds, then set NEO4J_PASSWORD to the right one");
  }
  if (code.starts_with("Neo.ClientError.Security.")) {
    return make(Code::kDenied).hint("set NEO4J_USERNAME and NEO4J_PASSWORD to a user of this server");
  }
  if (code == "Neo.ClientError.Database.DatabaseNotFound") {
    return make(Code::kNotFound)
        .hint(fmt::format("the endpoint's `database` is `{}`; SHOW DATABASES lists those that exist",
                          database));
  }
  if (code == "Neo.TransientError.General.DatabaseUnavailable" ||
      code == "Neo.TransientError.Database.DatabaseUnavailable" ||
      code == "Neo.DatabaseError.Database.UnableToStartDatabase") {
    return make(Code::kUnreachable)
        .hint("the server runs but this database does not: look into its debug.log");
  }
  if (code.starts_with("Neo.TransientError.")) return make(Code::kBusy);
  if (code == "Neo.ClientError.Schema.ConstraintValidationFailed") {
    return make(Code::kFailed)
        .hint("SHOW CONSTRAINTS lists the constraints; remove what stands in the way, or the constraint");
  }
  return make(Code::kFailed);
}

}  // namespace summit::neo4j
