#include "backup/hooks.h"

#include "core/process.h"

namespace summit::backup {
namespace {

Result<void> run_hook(const config::Hook& hook, const HookVariables& variables,
                      const Cancellation& cancellation) {
  Command command{.argv = hook.argv};
  for (const auto& [name, value] : variables) command.env["SUMMIT_DR_" + name] = value;
  ASSIGN_OR_RETURN([[maybe_unused]] auto output, run(command, cancellation, hook.timeout), "in hook `{}`",
                   command.to_string());
  return {};
}

}  // namespace

Result<void> run_hooks(const std::vector<config::Hook>& hooks, const HookVariables& variables,
                       Reporter& reporter, const Cancellation& cancellation) {
  for (const auto& hook : hooks) {
    auto result = run_hook(hook, variables, cancellation);
    if (result.ok()) continue;
    if (hook.required) return std::move(result).error();
    reporter.warn(fmt::format("{} (not required: going on)", result.error().message()));
  }
  return {};
}

}  // namespace summit::backup
