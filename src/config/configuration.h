// All configuration of one run: files under config/, .env files, the environment, in rising order of weight
// (.env < real environment). Errors name file, line and fix. Page: docs/configuration.md.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/backup_set.h"
#include "config/environment.h"
#include "config/variables.h"
#include "core/result.h"

namespace summit::config {

struct Configuration {
  std::filesystem::path project;  // the directory that holds config/ and .env; relative paths resolve from it
  std::filesystem::path directory;  // of the YAML files
  Variables variables;              // the environment over the project's .env
  std::vector<BackupSet> sets;
  std::vector<Environment> environments;
  std::map<std::string, Variables>
      environment_variables;  // by environment: what its ${…} and passwords are read from

  // By name or alias; kNotFound (usage hint with the known names) otherwise. These environments hold no
  // password: use resolve() before anything is connected to.
  Result<const BackupSet*> set(std::string_view name) const;
  Result<const Environment*> environment(std::string_view name) const;

  // The environment ready for use, passwords read. `kinds` names the stores that will be used ("postgresql",
  // "neo4j", "redis", "elasticsearch"; empty: all): endpoints of other kinds are left out, and neither their
  // secrets nor their variables are asked for. Secrets of other environments are never touched. kConfig when
  // a variable or password is missing or wrong; all problems in one error, one a line.
  Result<Environment> resolve(std::string_view name, const std::vector<std::string>& kinds = {}) const;
};

// Where the configuration is: `explicit_directory`, else $SUMMIT_DR_CONFIG, else ./config upwards from the
// working directory, else the installed defaults.
Result<std::filesystem::path> find_configuration(
    const std::optional<std::filesystem::path>& explicit_directory);

// The project that a directory of YAML files configures: the directory above `config`, or, for the installed
// defaults, the working directory. Its .env holds the variables.
std::filesystem::path project_of(const std::filesystem::path& directory);

// True when a bucket was asked for by S3_BUCKET or BACKUP_BUCKET: then backups are stored there too, as with
// --upload-s3.
bool bucket_is_asked_for(const Variables& variables);

// Reads and validates everything. Runs nothing and reads no secret. All findings are reported in one error,
// one a line: "file:line: what (fix)".
Result<Configuration> load_configuration(const std::filesystem::path& directory);

// Values of .env files that are commands of a shell (`$(aws …)`) and are kept as text: of the project's file
// and of those of `environment` (empty: of all). Each once, a line with file, line and fix.
std::vector<std::string> values_not_executed(const Configuration& configuration,
                                             std::string_view environment = {});

// JSON Schema of backup-sets.yaml ("backup-sets"), environments.yaml ("environments"), sanitization.yaml
// ("sanitization") or smoke.yaml ("smoke").
Result<std::string> schema_of(std::string_view file);

// The effective configuration as YAML: variables put in, `extends` worked out. Secrets are shown as "***",
// also where a secret variable's value appears inside another value.
std::string show(const Configuration& configuration);

}  // namespace summit::config
