// The canonical bytes of graph elements, which fingerprints hash. Format: docs/formats/fingerprint.md, "Neo4j
// graph".
//
// Equal elements have equal bytes whatever server they came from; no internal id enters them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/digest.h"
#include "core/result.h"
#include "formats/bolt/packstream.h"
#include "stores/neo4j/value.h"

namespace summit::neo4j {

// Appends the canonical form of `value` to `bytes`.
void append_canonical(const Value& value, std::string& bytes);

// The same for an encoded value, without building it. kCorrupt when it is none that a property has.
Result<void> append_canonical(bolt::Cursor& value, std::string& bytes);

// The labels of a node, a list of texts, sorted: views of `labels`.
Result<void> read_labels(bolt::Cursor labels, std::vector<std::string_view>& names);

// The digests of encoded elements: labels are a list of texts, properties a map. Reuses its memory: one
// object for many elements.
class ElementDigester {
 public:
  // Labels in any order. Sorts and gives them, too: views of `labels`.
  Result<Sha256Digest> node(bolt::Cursor labels, bolt::Cursor properties,
                            std::vector<std::string_view>& names);
  // `start` and `end` are the first 16 bytes of the digests of its nodes.
  Result<Sha256Digest> relationship(std::string_view type, bolt::Cursor properties, std::string_view start,
                                    std::string_view end);

 private:
  std::string bytes_;
};

}  // namespace summit::neo4j
