#include "stores/neo4j/value.h"

namespace summit::neo4j {

std::string quote_identifier(std::string_view text) {
  std::string quoted = "`";
  for (const char c : text) {
    if (c == '`') quoted += '`';
    quoted += c;
  }
  return quoted + "`";
}

}  // namespace summit::neo4j
