// `${NAME}` and `${NAME:-default}` in values. Names are looked up, nothing is executed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace summit::config {

struct Substituted {
  std::string text;
  std::vector<std::string> used;     // variables whose value went in
  std::vector<std::string> missing;  // variables without value and default; they became empty
  bool malformed = false;            // a `${` without its `}`, or no name in it; `text` is the input then
};

// Puts variables into `text`. A default may hold references again: ${POSTGRES_HOST:-${PGHOST:-localhost}}.
// `$${` is a literal `${`; any other `$` stands for itself.
Substituted substitute(std::string_view text,
                       const std::function<std::optional<std::string>(const std::string&)>& lookup);

// The position after the `}` that closes the `${` at `start`; npos when there is none.
size_t end_of_reference(std::string_view text, size_t start);

}  // namespace summit::config
