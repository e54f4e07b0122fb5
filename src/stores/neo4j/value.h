// The values of a graph, and names in statements.
#pragma once

#include <string>
#include <string_view>

#include "formats/bolt/value.h"

namespace summit::neo4j {

using bolt::Bytes;
using bolt::Date;
using bolt::DateTime;
using bolt::Duration;
using bolt::Entry;
using bolt::LocalDateTime;
using bolt::LocalTime;
using bolt::Point;
using bolt::Row;
using bolt::Time;
using bolt::Value;

using bolt::find;
using bolt::sort_by_key;
using bolt::to_string;
using bolt::to_text;

// `text` as a Cypher identifier: in backticks, with backticks in it doubled. The only way a name enters a
// statement.
std::string quote_identifier(std::string_view text);

}  // namespace summit::neo4j
