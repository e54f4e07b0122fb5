// All configuration of one run: files under config/, the project's .env, the environment, in rising order of weight
// (.env < real environment). Errors name file, line and fix.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/backup_set.h"
#include "config/environment.h"
#include "core/result.h"

namespace summit::config {

// Variables by name; the real environment wins over the project's .env file.
class Variables {
 public:
  Variables() = default;
  explicit Variables(std::map<std::string, std::string> values) : values_(std::move(values)) {}

  // The process's environment over `<project>/.env` (when present). A malformed line is an error with its number.
  static Result<Variables> load(const std::filesystem::path& project);

  // Nothing when unset; an empty value counts as unset.
  std::optional<std::string> get(const std::string& name) const;
  std::string get_or(const std::string& name, std::string fallback) const;
  void set(const std::string& name, std::string value) { values_[name] = std::move(value); }

 private:
  std::map<std::string, std::string> values_;
};

struct Configuration {
  std::filesystem::path project;    // the directory that holds config/ and .env; relative paths resolve from it
  std::filesystem::path directory;  // of the YAML files
  Variables variables;
  std::vector<BackupSet> sets;
  std::vector<Environment> environments;

  // By name or alias; kNotFound (usage hint with the known names) otherwise.
  Result<const BackupSet*> set(std::string_view name) const;
  Result<const Environment*> environment(std::string_view name) const;
};

// Where the configuration is: `explicit_directory`, else $SUMMIT_DR_CONFIG, else ./config upwards from the working
// directory, else the installed defaults.
Result<std::filesystem::path> find_configuration(const std::optional<std::filesystem::path>& explicit_directory);

// Reads and validates everything. All findings are reported in one error, one a line: "file:line: what (fix)".
Result<Configuration> load_configuration(const std::filesystem::path& directory);

// JSON Schema of backup-sets.yaml ("backup-sets") or environments.yaml ("environments").
Result<std::string> schema_of(std::string_view file);

// The effective configuration as YAML with secrets shown as "***".
std::string show(const Configuration& configuration);

}  // namespace summit::config
