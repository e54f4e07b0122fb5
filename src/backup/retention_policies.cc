#include "backup/retention_policies.h"

namespace summit::backup {

repository::PolicyOf retention_policies(const config::Configuration& configuration,
                                        const RetentionChoice& choice) {
  return [&configuration, choice](const repository::RetainedBackup& backup) {
    if (!choice.rules.is_manual()) {
      auto policy = choice.rules;
      if (choice.days) policy.age = std::chrono::days(*choice.days);
      return policy;
    }
    const auto environment = configuration.environment(backup.environment);
    const auto set = configuration.set(backup.set);
    const std::chrono::seconds by_hand{0};
    return repository::age_policy(environment.ok() ? (*environment)->retention : by_hand,
                                  set.ok() ? (*set)->retention : by_hand, choice.days);
  };
}

repository::LockTime retention_lock(const config::Configuration& configuration,
                                    std::optional<uint32_t> days) {
  const auto policies = retention_policies(configuration, {.days = days, .rules = {}});
  return [policies](const repository::BackupMetadata& metadata) -> std::optional<Instant> {
    const auto policy = policies({.id = metadata.id,
                                  .environment = metadata.environment,
                                  .set = metadata.set,
                                  .scope = metadata.scope,
                                  .finished = metadata.finished,
                                  .status = metadata.status});
    if (policy.age.count() == 0) return {};
    return metadata.finished + policy.age;
  };
}

}  // namespace summit::backup
