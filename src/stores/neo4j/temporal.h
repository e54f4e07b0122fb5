// Temporal and spatial values from the texts in which Neo4j's HTTP interface writes them (ISO 8601 and
// extended well-known text, as the server prints them). All give nothing when the text is no such value.
#pragma once

#include <optional>
#include <string_view>

#include "stores/neo4j/value.h"

namespace summit::neo4j {

// Any of date, time, local time, date and time (with offset, zone or neither) and duration: the form of the
// text decides.
std::optional<Value> parse_temporal(std::string_view text);

// "SRID=4979;POINT Z (2.0 1.5 3.0)"
std::optional<Point> parse_point(std::string_view text);

// A float as Java prints it: "1.0E-20", "-0.0", "NaN", "Infinity".
std::optional<double> parse_float(std::string_view text);
std::optional<int64_t> parse_integer(std::string_view text);

}  // namespace summit::neo4j
