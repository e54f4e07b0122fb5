// The canonical bytes of graph elements, which fingerprints hash. Format: docs/formats/fingerprint.md, "Neo4j
// graph".
//
// Equal elements have equal bytes whatever server or protocol they came from; no internal id enters them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/digest.h"
#include "stores/neo4j/value.h"

namespace summit::neo4j {

// Appends the canonical form of `value` to `bytes`.
void append_canonical(const Value& value, std::string& bytes);

// Labels in any order.
Sha256Digest node_digest(std::vector<std::string> labels, const Value& properties);

// `start` and `end` are the first 16 bytes of the digests of its nodes.
Sha256Digest relationship_digest(std::string_view type, const Value& properties, std::string_view start,
                                 std::string_view end);

}  // namespace summit::neo4j
