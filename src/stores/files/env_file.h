// The lines of a .env file that hold the sealing key: ENCRYPTION_KEY= and BACKUP_ENCRYPTION_KEY=.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace summit::files {

// ".env", ".env.production", "app.env"
bool is_env_file(std::string_view path);

struct StrippedEnv {
  std::string text;                  // with the values of key lines removed
  std::vector<std::string> removed;  // names of the variables that had one
};
StrippedEnv strip_key_values(std::string_view text);

// The text without any key line: what fingerprints are made of, since a restore keeps the target's keys.
std::string without_key_lines(std::string_view text);

// `restored` with the key lines of `present`: in their places where it has such lines, else at its end.
std::string keep_key_lines(std::string_view restored, std::string_view present);

}  // namespace summit::files
