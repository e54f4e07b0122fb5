// One table of options a command: from it come the parser, the help text, the variables, the YAML keys and
// the completion.
//
// An option's value comes from the command line, else from its documented variable or SUMMIT_DR_<NAME>, else
// from `<command>.<name>` ("backup.jobs", "env.adopt.replace") or `<name>` in config/summit-dr.yaml, else
// from its default.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace summit::cli {

// Looks a name up; nothing when it is not set.
using Lookup = std::function<std::optional<std::string>(const std::string&)>;

class OptionSet {
 public:
  // `app` outlives this.
  explicit OptionSet(CLI::App& app) : app_(&app) {}

  // `name` is "--backup-base" or "-v,--verbose"; `variables` are the documented ones that also set it.
  template <typename T>
  CLI::Option* option(const std::string& name, T& target, const std::string& help,
                      std::vector<std::string> variables = {}) {
    auto* option = app_->add_option(name, target, describe(help, name, variables));
    return remember(option, name, std::move(variables));
  }
  CLI::Option* flag(const std::string& name, bool& target, const std::string& help,
                    std::vector<std::string> variables = {}) {
    auto* option = app_->add_flag(name, target, describe(help, name, variables));
    return remember(option, name, std::move(variables));
  }
  // "--sanitize", "--sanitize=false": true when given without a value.
  CLI::Option* tristate(const std::string& name, std::optional<bool>& target, const std::string& help,
                        std::vector<std::string> variables = {});
  template <typename T>
  CLI::Option* positional(const std::string& name, T& target, const std::string& help) {
    return app_->add_option(name, target, help);
  }

  CLI::App& app() { return *app_; }

  // Fills what the command line left open. kUsage names the variable or key whose value does not fit.
  Result<void> fill(const Lookup& variables, const Lookup& settings);

 private:
  struct Entry {
    CLI::Option* option;
    std::string name;                    // "backup-base"
    std::vector<std::string> variables;  // documented ones, then SUMMIT_DR_BACKUP_BASE
  };

  CLI::Option* remember(CLI::Option* option, const std::string& name, std::vector<std::string> variables);
  static std::string describe(const std::string& help, const std::string& name,
                              const std::vector<std::string>& variables);

  CLI::App* app_;
  std::vector<Entry> entries_;
};

// Flattens config/summit-dr.yaml to "backup.jobs" → "4". An absent file is empty.
Result<std::map<std::string, std::string>> read_settings(const std::string& path);

}  // namespace summit::cli
