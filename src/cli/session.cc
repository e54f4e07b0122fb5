#include "cli/session.h"

#include "repository/sealing.h"

namespace summit::cli {

Result<const config::Configuration*> Session::configuration() {
  if (!configuration_) {
    const auto given = options_.config.empty() ? std::nullopt : std::optional<fs::path>(options_.config);
    ASSIGN_OR_RETURN(const auto directory, config::find_configuration(given));
    ASSIGN_OR_RETURN(configuration_, config::load_configuration(directory));
  }
  return &*configuration_;
}

Result<const config::Environment*> Session::declared_environment(const std::string& name) {
  ASSIGN_OR_RETURN(const auto* all, configuration());
  return all->environment(name.empty() ? all->variables.get_or("SUMMIT_DR_ENVIRONMENT", "dev") : name);
}

Result<config::Environment> Session::environment(const std::string& name,
                                                 const std::vector<std::string>& kinds) {
  ASSIGN_OR_RETURN(const auto* declared, declared_environment(name));
  ASSIGN_OR_RETURN(const auto* all, configuration());
  return all->resolve(declared->name, kinds);
}

Result<fs::path> Session::backup_base() {
  ASSIGN_OR_RETURN(const auto* all, configuration());
  const fs::path base =
      options_.backup_base.empty() ? all->project / "backups" : fs::path(options_.backup_base);
  return fs::absolute(base).lexically_normal();
}

Result<repository::PlainRepository> Session::existing_repository() {
  ASSIGN_OR_RETURN(const auto base, backup_base());
  std::error_code error;
  if (!fs::is_directory(base, error)) {
    return Error(Code::kRepositoryMissing, "there are no backups at {}", base.string())
        .hint("set BACKUP_BASE, or make the first one: summit-dr backup --set=full");
  }
  return repository::PlainRepository(base);
}

Result<std::optional<repository::SealingKey>> Session::sealing_key() {
  ASSIGN_OR_RETURN(const auto* all, configuration());
  ASSIGN_OR_RETURN(const auto base, backup_base());
  return repository::find_sealing_key([all](const std::string& name) { return all->variables.get(name); },
                                      base);
}

}  // namespace summit::cli
