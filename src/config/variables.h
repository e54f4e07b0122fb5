// Variables: the process's environment over .env files.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace summit::config {

// Variables by name; the real environment wins over .env files. A value that `aws secretsmanager
// get-secret-value` printed as JSON counts as its SecretString. Immutable after loading but for set(); then
// safe for many readers.
class Variables {
 public:
  Variables() = default;
  explicit Variables(std::map<std::string, std::string> values) : values_(std::move(values)) {}

  // The process's environment over `<project>/.env` (when present). All malformed lines are reported in one
  // error, each with its number and never with its value.
  static Result<Variables> load(const std::filesystem::path& project);

  // The same with these files instead, later ones over earlier ones; files that are not there are skipped.
  static Result<Variables> load(const std::vector<std::filesystem::path>& env_files);

  // One variable of the process's environment; empty when unset.
  static std::string from_process(const char* name);

  // Nothing when unset; an empty value counts as unset.
  //
  // "NAME.part" gives a part of a URL or of a JSON object held by NAME (unless a variable is really called
  // that): `DATABASE_URL.host`, `.port`, `.user`, `.password`, `.database`, `.scheme`; of JSON any string or
  // number field.
  std::optional<std::string> get(const std::string& name) const;
  std::string get_or(const std::string& name, std::string fallback) const;
  void set(const std::string& name, std::string value) { values_[name] = std::move(value); }

  // Where the variable came from: "the environment", ".env:12"; empty when unset.
  std::string origin(const std::string& name) const;

  // Variables whose value in a file is a command substitution, `NAME=$(…)`. It is kept as text and never
  // executed. One finding a variable: ".env:7: POSTGRES_PASSWORD: `$(…)` is not executed (write …)".
  const std::vector<std::string>& not_executed() const { return not_executed_; }

  // Values of variables that look like secrets by name (PASSWORD, SECRET, TOKEN, KEY, …), for redaction in
  // output.
  std::vector<std::string> secret_values() const;

 private:
  std::map<std::string, std::string> values_;
  std::map<std::string, std::string> origins_;
  std::vector<std::string> not_executed_;
};

// True for a value that is a command substitution of a shell, "$(…)" or "`…`".
bool is_command_substitution(std::string_view value);

}  // namespace summit::config
