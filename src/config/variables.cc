#include "config/variables.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "config/dotenv.h"
#include "config/url.h"
#include "core/files.h"
#include "core/text.h"

namespace summit::config {
namespace {

constexpr uint64_t kLargestEnvFile = 1 * MiB;
constexpr std::string_view kFromEnvironment = "the environment";

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> values;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) values.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return values;
}

// JSON is looked at only when it can be an object, so that a password in braces stays a password.
std::optional<nlohmann::json> as_object(const std::string& value) {
  if (!trimmed(value).starts_with('{')) return std::nullopt;
  auto parsed = nlohmann::json::parse(value, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  return parsed;
}

std::string unwrapped(const std::string& value) {
  const auto object = as_object(value);
  if (!object) return value;
  const auto secret = object->find("SecretString");
  return secret != object->end() && secret->is_string() ? secret->get<std::string>() : value;
}

std::optional<std::string> field_of(const nlohmann::json& object, const std::string& field) {
  const auto found = object.find(field);
  if (found == object.end()) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number()) return found->dump();
  return std::nullopt;
}

std::optional<std::string> part_of(const std::string& value, const std::string& part) {
  auto text = [&]() -> std::optional<std::string> {
    if (const auto object = as_object(value)) return field_of(*object, part);
    const auto url = parse_url(value);
    return url ? url->part(part) : std::nullopt;
  }();
  return text && !text->empty() ? text : std::nullopt;
}

std::string how_to_write(const std::string& name, const std::string& value) {
  if (value.find("secretsmanager") == std::string::npos) {
    return "write the value itself, or let the shell run it: export " + name + "=\"$(…)\"";
  }
  return fmt::format(
      "in config/environments.yaml write `password: {{command: [aws, secretsmanager, get-secret-value, "
      "--secret-id, …]}}`, or let the shell run it: export {}=\"$(…)\"",
      name);
}

bool sounds_secret(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kWords = {"password", "passwd",     "secret",     "token",
                                                             "_key",     "credential", "passphrase", "auth"};
  const std::string lower = to_lower(name);
  for (const auto word : kWords) {
    if (lower.find(word) != std::string::npos) return !lower.ends_with("_file") && !lower.ends_with("_id");
  }
  return false;
}

}  // namespace

bool is_command_substitution(std::string_view value) {
  return (value.starts_with("$(") && value.ends_with(')')) ||
         (value.size() >= 2 && value.front() == '`' && value.back() == '`');
}

Result<Variables> Variables::load(const std::filesystem::path& project) {
  return load(std::vector<std::filesystem::path>{project / ".env"});
}

Result<Variables> Variables::load(const std::vector<std::filesystem::path>& env_files) {
  Variables variables(process_environment());
  for (const auto& [name, value] : variables.values_) variables.origins_[name] = kFromEnvironment;

  std::string findings;
  for (const auto& file : env_files) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) continue;
    ASSIGN_OR_RETURN(const auto text, read_file(file, kLargestEnvFile), "while reading variables");
    const auto shown = file.filename().string();
    auto parsed = parse_dotenv(text, [&](const std::string& name) { return variables.get(name); });
    for (const auto& finding : parsed.findings) findings += fmt::format("\n{}:{}", file.string(), finding);
    for (auto& [name, entry] : parsed.entries) {
      const auto origin = variables.origins_.find(name);
      if (origin != variables.origins_.end() && origin->second == kFromEnvironment && variables.get(name))
        continue;
      if (entry.command_substitution) {
        variables.not_executed_.push_back(fmt::format("{}:{}: {}: `$(…)` is not executed ({})", shown,
                                                      entry.line, name, how_to_write(name, entry.value)));
      }
      variables.origins_[name] = fmt::format("{}:{}", shown, entry.line);
      variables.values_[name] = std::move(entry.value);
    }
  }
  if (!findings.empty()) {
    return Error(Code::kConfig, "variables cannot be read:{}", findings)
        .hint("mend the lines above; the format is in docs/configuration.md");
  }
  return variables;
}

std::string Variables::from_process(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::optional<std::string> Variables::get(const std::string& name) const {
  if (const auto found = values_.find(name); found != values_.end()) {
    auto value = unwrapped(found->second);
    return value.empty() ? std::nullopt : std::optional(std::move(value));
  }
  const size_t dot = name.find('.');
  if (dot == std::string::npos) return std::nullopt;
  const auto whole = get(name.substr(0, dot));
  return whole ? part_of(*whole, name.substr(dot + 1)) : std::nullopt;
}

std::string Variables::get_or(const std::string& name, std::string fallback) const {
  auto value = get(name);
  return value ? *std::move(value) : std::move(fallback);
}

std::string Variables::origin(const std::string& name) const {
  const auto found = origins_.find(name.substr(0, name.find('.')));
  if (found != origins_.end()) return found->second;
  return values_.contains(name) ? std::string(kFromEnvironment) : std::string();
}

std::vector<std::string> Variables::secret_values() const {
  std::vector<std::string> secrets;
  for (const auto& [name, value] : values_) {
    if (value.empty()) continue;
    if (sounds_secret(name)) secrets.push_back(unwrapped(value));
    if (const auto url = parse_url(value); url && !url->password.empty()) secrets.push_back(url->password);
  }
  return secrets;
}

}  // namespace summit::config
