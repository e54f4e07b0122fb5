// Where a password comes from. It is read when it is needed, never when the configuration is loaded.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/secret.h"

namespace summit::config {

class Variables;

// `password: {env: NAME}`, `{env: [NAME, OTHER]}`, `{file: path}` or `{command: [aws, secretsmanager, …]}`.
// When several are given, the first that is set counts: a variable, then the file when it is there, then the
// command.
struct SecretSource {
  std::vector<std::string> variables{};
  std::filesystem::path file{};        // its content without the last line end
  std::vector<std::string> command{};  // its standard output without the last line end
  std::string field{};                 // of a JSON secret; empty: "password"
  bool optional = false;               // nothing set means no password
  std::string where{};                 // "config/environments.yaml:41", for messages

  bool given() const { return !variables.empty() || !file.empty() || !command.empty(); }
  // "variable POSTGRES_PASSWORD, then command aws": for people; never a value.
  std::string describe() const;
};

// Reads the secret: runs the command (30 s at most), opens the file, looks the variable up. What `aws
// secretsmanager get-secret-value` prints is accepted as JSON: its SecretString counts, and when that is a
// JSON object, its `field`. Errors: kConfig when it is not set or has no such field, those of the process or
// file otherwise.
Result<Secret> read_secret(const SecretSource& source, const Variables& variables);

}  // namespace summit::config
