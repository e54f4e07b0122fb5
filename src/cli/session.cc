#include "cli/session.h"

#include "config/words.h"
#include "recovery/masked_target.h"
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
  const bool local = !options_.backup_base.empty() && !options_.backup_base.starts_with("s3://");
  const fs::path base = local ? fs::path(options_.backup_base) : all->project / "backups";
  return fs::absolute(base).lexically_normal();
}

Result<std::string> Session::backup_location() {
  if (options_.backup_base.starts_with("s3://")) return options_.backup_base;
  ASSIGN_OR_RETURN(const auto base, backup_base());
  return base.string();
}

Result<repository::packed::KeyChoice> Session::key_choice() const {
  repository::packed::KeyChoice choice;
  if (!options_.passphrase_file.empty()) choice.passphrase_file = options_.passphrase_file;
  if (!options_.key_file.empty()) choice.key_file = options_.key_file;
  if (!options_.passphrase_command.empty()) {
    ASSIGN_OR_RETURN(choice.passphrase_command, config::split_words(options_.passphrase_command),
                     "in --passphrase-command");
  }
  return choice;
}

Result<std::optional<repository::SealingKey>> Session::sealing_key() {
  ASSIGN_OR_RETURN(const auto* all, configuration());
  ASSIGN_OR_RETURN(const auto base, backup_base());
  return repository::find_sealing_key([all](const std::string& name) { return all->variables.get(name); },
                                      base);
}

Result<fs::path> Session::signing_key() {
  ASSIGN_OR_RETURN(const auto* all, configuration());
  return recovery::default_signing_key([all](const std::string& name) { return all->variables.get(name); });
}

}  // namespace summit::cli
