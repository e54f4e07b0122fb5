// The rules as the statements that an engineer would run by hand: SQL for tables, Cypher for the graph.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "config/sanitization.h"

namespace summit::masking {

// How SQL quotes; this folder knows no server.
struct SqlQuoting {
  std::function<std::string(std::string_view)> identifier;
  std::function<std::string(std::string_view)> literal;
};

// One UPDATE a rule, with what it becomes where the condition does not hold in front of it: afterwards the
// condition could not tell them any more. What no statement can say (stand-ins and hashes under the key,
// values inside documents and arrays) is a comment that names it. In the order of the file.
std::string sql_statements(const config::SanitizationRules& rules, config::Sanitization level,
                           const SqlQuoting& quoting);
std::string cypher_statements(const config::SanitizationRules& rules, config::Sanitization level);

}  // namespace summit::masking
