#include "cli/repositories.h"

#include <cstdlib>

#include "backup/retention_policies.h"
#include "repository/packed/aws_key_service.h"
#include "repository/packed/key_sources.h"
#include "repository/place/open_repository.h"
#include "storage/aws_credentials.h"

namespace summit::cli {
namespace {

// A repository and what it needs for as long as it lives.
struct Opened {
  std::unique_ptr<repository::packed::KeyService> service;
  std::unique_ptr<repository::CombinedRepository> repository;
};

fs::path cache_directory(const config::Variables& variables) {
  if (const auto cache = variables.get("SUMMIT_DR_REPOSITORY_CACHE")) return *cache;
  if (const auto cache = variables.get("XDG_CACHE_HOME")) return fs::path(*cache) / "summit-dr/repositories";
  return fs::path(variables.get_or("HOME", "/var/tmp")) / ".cache/summit-dr/repositories";
}

// Native files are as large as a dump: they go where backups go, or where large temporary files belong.
fs::path scratch_directory(const config::Variables& variables, const std::string& location) {
  if (!repository::is_s3(location)) return fs::path(location) / ".work";
  return fs::path(variables.get_or("TMPDIR", "/var/tmp")) / "summit-dr";
}

Error nothing_there(const std::string& location) {
  return Error(Code::kRepositoryMissing, "there are no backups at {}", location)
      .hint("set BACKUP_BASE, or make the first one: summit-dr backup --set=full");
}

Result<Repository> open(Session& session, config::Layout layout, bool create, std::string location,
                        const std::optional<storage::S3Settings>& s3 = {}) {
  ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
  if (location.empty()) {
    ASSIGN_OR_RETURN(location, session.backup_location());
  }
  std::error_code ignored;
  if (!create && !repository::is_s3(location) && !fs::is_directory(location, ignored))
    return nothing_there(location);

  const auto& variables = configuration->variables;
  repository::OpenOptions options;
  options.variable = [&variables](const std::string& name) { return variables.get(name); };
  options.layout =
      layout == config::Layout::kPacked ? repository::Layout::kPacked : repository::Layout::kPlain;
  options.create = create;
  options.s3 = s3;
  options.accept_other_history = session.accepts_other_history();
  options.lock_time = backup::retention_lock(*configuration);
  options.cache = cache_directory(variables);
  options.scratch = scratch_directory(variables, location);
  ASSIGN_OR_RETURN(const auto choice, session.key_choice());
  const fs::path base = repository::is_s3(location) ? fs::path() : fs::path(location);
  auto secrets = repository::packed::find_secrets(choice, options.variable, base, session.cancellation());
  if (secrets.ok()) {
    options.secrets = *std::move(secrets);
  } else if (create || !choice.empty()) {
    return std::move(secrets).error();
  } else {
    // Plain backups need no key, and a misplaced one is no reason to hide them.
    session.reporter().warn(secrets.error().to_string());
  }
  auto opened = std::make_shared<Opened>();
  ASSIGN_OR_RETURN(auto settings, repository::packed::key_service_settings_from(options.variable));
  const auto identity = storage::AwsIdentity::from_variables(options.variable, settings.transport);
  opened->service = std::make_unique<repository::packed::AwsKeyService>(std::move(settings), identity);
  options.key_service = opened->service.get();
  ASSIGN_OR_RETURN(opened->repository,
                   repository::open_repository(location, options, session.cancellation()));
  return Repository(opened, opened->repository.get());
}

}  // namespace

Result<storage::S3Settings> settings_for(const backup::Destination& destination,
                                         const config::Variables& variables) {
  ASSIGN_OR_RETURN(auto settings,
                   storage::s3_settings_from([&](const std::string& name) { return variables.get(name); }));
  const auto set = [&](const char* name) { return variables.get(name).has_value(); };
  if (!destination.region.empty()) settings.region = destination.region;
  if (settings.endpoint_url.empty()) settings.endpoint_url = destination.endpoint_url;
  if (!set("S3_SSE") && destination.encryption == "AES256")
    settings.encryption = storage::ServerEncryption::kS3;
  if (!set("S3_SSE") && destination.encryption == "KMS")
    settings.encryption = storage::ServerEncryption::kKms;
  return settings;
}

Result<Repository> open_repository(Session& session, const std::string& location) {
  return open(session, config::Layout::kPlain, false, location);
}

Result<fs::path> restore_base(const std::string& place, Session& session) {
  if (repository::is_s3(place)) return session.backup_base();
  return fs::path(place);
}

Result<Repository> repository_for(Session& session, config::Layout layout, const std::string& location) {
  return open(session, layout, true, location);
}

Result<Repository> open_place(Session& session, const std::string& location, IfMissing if_missing) {
  if (repository::is_s3(location)) {
    ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
    return open_destination(session, backup::destination_at(*configuration, location));
  }
  auto directory = fs::absolute(location).lexically_normal();
  if (!directory.has_filename()) directory = directory.parent_path();
  if (if_missing == IfMissing::kFail) return open_repository(session, directory.string());
  return repository_for(session, config::Layout::kPlain, directory.string());
}

Result<Repository> open_destination(Session& session, const backup::Destination& destination) {
  ASSIGN_OR_RETURN(const auto* configuration, session.configuration());
  ASSIGN_OR_RETURN(const auto settings, settings_for(destination, configuration->variables));
  return open(session, config::Layout::kPlain, false, destination.location, settings);
}

}  // namespace summit::cli
