#include "masking/session.h"

namespace summit::masking {
namespace {

constexpr size_t kShortestKey = 16;

Result<Secret> key_of(const config::SanitizationRules& rules, const config::Configuration& configuration,
                      const config::Environment& target) {
  const auto own = configuration.environment_variables.find(target.name);
  const auto& variables =
      own == configuration.environment_variables.end() ? configuration.variables : own->second;
  auto key = config::read_secret(rules.key, variables);
  if (key.ok() && key->reveal().size() >= kShortestKey) return key;
  if (!key.ok() && key.error().code() != Code::kConfig) return key.error();
  return Error(Code::kKeyMissing, "the masking key of `{}` ({}) is {}", target.name, rules.key.describe(),
               key.ok() ? "shorter than 16 bytes" : "not set")
      .hint(
          "make one, and keep it with the environment's secrets, never with the backups: openssl rand -hex "
          "32");
}

}  // namespace

Result<Session> open_session(const config::Configuration& configuration, const config::Environment& target,
                             Instant recovery_point) {
  Session session;
  ASSIGN_OR_RETURN(session.rules,
                   config::load_sanitization(configuration.directory, configuration.variables));
  if (!session.rules.given()) {
    return Error(Code::kNotFound, "`{}` takes these data only masked, and there are no rules for masking",
                 target.name)
        .hint("write config/sanitization.yaml; docs/masking.md tells how");
  }
  const bool by_class = target.sanitization != config::Sanitization::kNone;
  session.level = by_class ? target.sanitization : config::Sanitization::kFull;
  session.reduction_percent = by_class ? target.reduction_percent : 100;
  session.recovery_point = recovery_point;
  ASSIGN_OR_RETURN(session.key, key_of(session.rules, configuration, target));
  return session;
}

}  // namespace summit::masking
