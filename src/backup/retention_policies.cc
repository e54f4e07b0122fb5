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

}  // namespace summit::backup
