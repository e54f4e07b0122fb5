#include "cli/options.h"

#include <yaml-cpp/yaml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

namespace summit::cli {
namespace {

std::string long_name(const std::string& name) {
  const auto dashes = name.rfind("--");
  return dashes == std::string::npos ? name : name.substr(dashes + 2);
}

// "env.adopt" for `summit-dr env adopt`; empty for the program itself.
std::string path_of(const CLI::App& app) {
  if (app.get_parent() == nullptr) return {};
  const auto above = path_of(*app.get_parent());
  return above.empty() ? app.get_name() : above + "." + app.get_name();
}

std::string own_variable(const std::string& name) {
  std::string variable = "SUMMIT_DR_" + long_name(name);
  std::transform(variable.begin(), variable.end(), variable.begin(), [](char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return variable;
}

void flatten(const YAML::Node& node, const std::string& prefix,
             std::map<std::string, std::string>& settings) {
  if (node.IsScalar()) settings[prefix] = node.as<std::string>();
  if (!node.IsMap()) return;
  for (const auto& entry : node) {
    const auto key = entry.first.as<std::string>();
    flatten(entry.second, prefix.empty() ? key : fmt::format("{}.{}", prefix, key), settings);
  }
}

Result<void> assign(CLI::Option* option, const std::string& value, const std::string& source) {
  try {
    option->add_result(value);
    option->run_callback();
  } catch (const CLI::Error& problem) {
    return Error(Code::kUsage, "{}: {}", source, problem.what())
        .hint(fmt::format("unset it, or give {} on the command line", option->get_name()));
  }
  return {};
}

}  // namespace

CLI::Option* OptionSet::tristate(const std::string& name, std::optional<bool>& target,
                                 const std::string& help, std::vector<std::string> variables) {
  auto* option = app_->add_option_function<std::string>(
      name, [&target](const std::string& text) { target = text == "true"; }, describe(help, name, variables));
  option->expected(0, 1)
      ->default_str("true")
      ->check(CLI::IsMember({"true", "false"}))
      ->type_name("true|false");
  return remember(option, name, std::move(variables));
}

CLI::Option* OptionSet::remember(CLI::Option* option, const std::string& name,
                                 std::vector<std::string> variables) {
  variables.push_back(own_variable(name));
  entries_.push_back({option, long_name(name), std::move(variables)});
  return option;
}

std::string OptionSet::describe(const std::string& help, const std::string& name,
                                const std::vector<std::string>& variables) {
  return fmt::format("{} [{}]", help,
                     variables.empty() ? own_variable(name) : fmt::format("{}", fmt::join(variables, ", ")));
}

Result<void> OptionSet::fill(const Lookup& variables, const Lookup& settings) {
  for (const auto& entry : entries_) {
    if (entry.option->count() > 0) continue;
    bool filled = false;
    for (const auto& variable : entry.variables) {
      const auto value = variables(variable);
      if (!value) continue;
      RETURN_IF_ERROR(assign(entry.option, *value, variable));
      filled = true;
      break;
    }
    if (filled) continue;
    const auto path = path_of(*app_);
    for (const auto& key : {path.empty() ? entry.name : path + "." + entry.name, entry.name}) {
      const auto value = settings(key);
      if (!value) continue;
      RETURN_IF_ERROR(assign(entry.option, *value, "config/summit-dr.yaml: " + key));
      break;
    }
  }
  return {};
}

Result<std::map<std::string, std::string>> read_settings(const std::string& path) {
  std::map<std::string, std::string> settings;
  if (!std::filesystem::exists(path)) return settings;
  try {
    flatten(YAML::LoadFile(path), "", settings);
  } catch (const YAML::Exception& problem) {
    return Error(Code::kConfig, "{}:{}: {}", path, problem.mark.line + 1, problem.msg)
        .hint("summit-dr config validate");
  }
  return settings;
}

}  // namespace summit::cli
