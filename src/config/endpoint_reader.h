// The `endpoints:` of an environment: YAML to the structs of endpoint.h. Private to src/config.
#pragma once

#include "config/environment.h"
#include "config/yaml_reader.h"

namespace summit::config {

// Fills postgresql, neo4j, redis, elasticsearch and files. Names that come twice are findings.
void read_endpoints(const Value& value, Environment& environment);

}  // namespace summit::config
