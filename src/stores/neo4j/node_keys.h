// What makes two nodes the same in two graphs: a uniqueness constraint says which properties tell the nodes
// of a label apart.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/digest.h"
#include "core/result.h"
#include "stores/neo4j/graph_schema.h"

namespace summit::neo4j {

// 16 bytes of a digest, compared as a whole.
using ShortDigest = std::array<char, 16>;
ShortDigest shortened(const Sha256Digest& digest);

// One thread at a time.
class NodeKeys {
 public:
  // The uniqueness constraints and node keys among `present`.
  explicit NodeKeys(const std::vector<SchemaItem>& present);

  struct Key {
    std::string name;
    std::string label;
    std::vector<std::string> properties;
  };
  const std::vector<Key>& keys() const { return keys_; }

  // The digest of the node's values under the first constraint that it has all properties of; `content` for
  // a node that no constraint tells apart. `labels` are sorted, `properties` is an encoded map.
  Result<ShortDigest> identity(const std::vector<std::string_view>& labels, ByteView properties,
                               const ShortDigest& content);

 private:
  Result<bool> append_values(const Key& key, ByteView properties);

  std::vector<Key> keys_;
  std::vector<ByteView> values_;
  std::string bytes_;
};

// The encoded value of each property of a key, empty for one that is not there: views of `properties`, an
// encoded map.
Result<void> find_values(const NodeKeys::Key& key, ByteView properties, std::vector<ByteView>& values);

}  // namespace summit::neo4j
