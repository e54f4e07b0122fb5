// The .env format: what docker compose and shells agree on. Page: docs/configuration.md.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace summit::config {

struct DotenvEntry {
  std::string value;
  int line = 0;
  // The value is `$(…)` or `…` in back quotes: text that a shell would have executed.
  bool command_substitution = false;
};

struct Dotenv {
  std::map<std::string, DotenvEntry> entries;  // a name that comes twice keeps its last value
  std::vector<std::string> findings;  // "12: no `=` in this line (…)": line, what, fix; never a value
};

// Parses a whole file. `outer` answers `${NAME}` inside values for names that the file has not set before
// that line.
//
//   NAME=value              blanks around are cut, " #" begins a comment
//   export NAME=value       the same
//   NAME='value'            as it stands, over several lines too
//   NAME="value"            \n \r \t \" \\ \$ and ${NAME}, ${NAME:-default}; over several lines too
//   NAME=$(command)         text: nothing is ever executed
Dotenv parse_dotenv(std::string_view text,
                    const std::function<std::optional<std::string>(const std::string&)>& outer);

}  // namespace summit::config
