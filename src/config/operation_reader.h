// The operations of sanitization.yaml: YAML to config::Operation. Private to src/config.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/sanitization.h"
#include "config/yaml_reader.h"

namespace summit::config {

// Each pair of a mapping whose keys are any texts; repeated ones are findings. `what` is for messages.
std::vector<std::pair<std::string, Value>> fields_of(const Value& value, const std::string& what);

// "keep", "remove", {constant: text}, {template: …}, {hash: 32}, {md5_with: salt}, {pseudonym: email},
// {shift_days: {by: user_id, most: 180}}, {json: {path: operation}}, {elements: operation}. Nothing after a
// finding.
std::optional<Operation> read_operation(const Value& value);

// The inside of {json: …} alone; `what` is for messages.
std::optional<Operation> read_json_operation(const Value& value, const std::string& what);

// True for a template in which some value may not fit.
bool has_width(const Operation& operation);

}  // namespace summit::config
