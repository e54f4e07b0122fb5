// A project of its own for a test: a temporary directory with config/ and .env files, and variables that come
// back.
#pragma once

#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "config/configuration.h"
#include "core/files.h"

namespace summit::config {

// Sets or removes a variable of this process until it goes out of scope.
class ScopedVariable {
 public:
  ScopedVariable(std::string name, std::optional<std::string> value) : name_(std::move(name)) {
    if (const char* before = std::getenv(name_.c_str())) before_ = before;
    apply(value);
  }
  ~ScopedVariable() { apply(before_); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  void apply(const std::optional<std::string>& value) const {
    if (value)
      setenv(name_.c_str(), value->c_str(), 1);
    else
      unsetenv(name_.c_str());
  }
  std::string name_;
  std::optional<std::string> before_;
};

// The smallest file of each kind that is right; tests replace or break a part.
inline const std::string kSmallestEnvironments = R"(environments:
  dev:
    class: dev
    objectives: {recovery_point: 4 hours, recovery_time: 30 minutes}
    retention: 7 days
    sanitization: full
    endpoints:
      postgresql:
        - {name: postgresql, host: localhost, user: summit, databases: [summit_dev], password: {env: TEST_PG_PASSWORD}}
      files:
        - {name: config, root: .}
        - {name: uploads, root: uploads}
)";

inline const std::string kSmallestSets = R"(backup_sets:
  full:
    retention: 30 days
    storage: [local]
    components:
      - {name: postgresql}
)";

class Project {
 public:
  Project()
      : directory_(TemporaryDirectory::create(fs::temp_directory_path(), "summit-config-test-").value()) {
    write("config/environments.yaml", kSmallestEnvironments);
    write("config/backup-sets.yaml", kSmallestSets);
  }

  const fs::path& path() const { return directory_.path(); }
  fs::path config() const { return path() / "config"; }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((path() / name).parent_path());
    // Not durable: a test writes thousands of files, and none has to outlive a crash.
    std::ofstream file(path() / name, std::ios::binary);
    file << text;
    if (!file.flush()) std::abort();
  }

  Result<Configuration> load() const { return load_configuration(config()); }

  // The message of the failed load; empty when it did not fail.
  std::string findings() const {
    const auto loaded = load();
    return loaded.ok() ? std::string() : loaded.error().message();
  }

 private:
  TemporaryDirectory directory_;
};

// `text` with the first `from` replaced.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  if (at == std::string::npos) std::abort();
  return text.replace(at, from.size(), to);
}

}  // namespace summit::config
