#include "recovery/postgres_roles.h"

#include <fmt/format.h>

#include <map>

#include "recovery/postgres_parts.h"
#include "recovery/secrets_restore.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/globals.h"
#include "stores/postgres/swap.h"

namespace summit::recovery {

Result<std::string> globals_text(const RestoreContext& context, const repository::ComponentRecord& record,
                                 const config::PostgresEndpoint& endpoint) {
  // Passwords of production open nothing in a masked target.
  auto contributions = context.masking
                           ? Result<std::map<std::string, Secret>>(std::map<std::string, Secret>())
                           : read_secret_contributions(context);
  if (contributions.ok()) {
    for (const auto& [name, text] : *contributions) {
      if (name == "postgresql/" + endpoint.name + "/globals-with-passwords.sql") return text.reveal();
    }
  } else {
    context.reporter.warn(fmt::format("{}: roles that are missing are created without passwords: {}",
                                      record.name, contributions.error().message()));
  }
  const std::string artifact = globals_artifact(record);
  std::string text;
  if (artifact.empty()) return text;
  RETURN_IF_ERROR(context.backup.read(
      artifact,
      [&](ByteView bytes) -> Result<void> {
        text += as_text(bytes);
        return {};
      },
      context.cancellation));
  return text;
}

Result<void> create_roles(const RestoreContext& context, const repository::ComponentRecord& record,
                          const config::PostgresEndpoint& endpoint) {
  ASSIGN_OR_RETURN(auto globals, globals_text(context, record, endpoint));
  ASSIGN_OR_RETURN(auto connection, postgres::Connection::open(endpoint, postgres::maintenance_database(""),
                                                               {.cancellation = context.cancellation}));
  ASSIGN_OR_RETURN(auto report, postgres::create_missing_roles(connection, globals));
  for (const auto& role : report.created)
    context.reporter.info(fmt::format("{}: created the role {}", record.name, role));
  for (const auto& note : report.notes) context.reporter.warn(fmt::format("{}: {}", record.name, note));
  return {};
}

}  // namespace summit::recovery
