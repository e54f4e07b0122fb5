#include "stores/neo4j/node_keys.h"

#include <algorithm>
#include <cstring>

#include "stores/neo4j/canonical.h"

namespace summit::neo4j {

ShortDigest shortened(const Sha256Digest& digest) {
  ShortDigest result{};
  std::memcpy(result.data(), digest.data(), result.size());
  return result;
}

NodeKeys::NodeKeys(const std::vector<SchemaItem>& present) {
  for (const auto& item : present) {
    // "UNIQUENESS", "NODE_PROPERTY_UNIQUENESS", "NODE_KEY".
    const std::string_view type = item.identity[1].text();
    const bool is_key = type.find("UNIQUE") != std::string_view::npos || type == "NODE_KEY";
    const auto* labels = item.identity[3].as<Value::List>();
    const auto* properties = item.identity[4].as<Value::List>();
    if (item.kind != SchemaKind::kConstraint || !is_key || item.identity[2].text() != "NODE" ||
        labels == nullptr || labels->size() != 1 || properties == nullptr)
      continue;
    Key key{std::string(item.name()), std::string(labels->front().text()), {}};
    for (const auto& property : *properties) key.properties.emplace_back(property.text());
    keys_.push_back(std::move(key));
  }
  std::sort(keys_.begin(), keys_.end(), [](const Key& a, const Key& b) { return a.name < b.name; });
}

Result<void> find_values(const NodeKeys::Key& key, ByteView properties, std::vector<ByteView>& values) {
  values.assign(key.properties.size(), {});
  bolt::Cursor cursor(properties);
  uint32_t count = 0;
  if (!cursor.map(count)) return cursor.error("properties");
  for (uint32_t i = 0; i < count; ++i) {
    std::string_view name;
    ByteView value;
    if (!cursor.text(name)) return cursor.error("name of a property");
    if (!cursor.raw(value)) return cursor.error("property");
    for (size_t wanted = 0; wanted < values.size(); ++wanted) {
      if (name == key.properties[wanted]) values[wanted] = value;
    }
  }
  return {};
}

// False when a property is not there.
Result<bool> NodeKeys::append_values(const Key& key, ByteView properties) {
  RETURN_IF_ERROR(find_values(key, properties, values_));
  for (const auto value : values_) {
    if (value.empty()) return false;
    bolt::Cursor cursor(value);
    RETURN_IF_ERROR(append_canonical(cursor, bytes_));
  }
  return true;
}

Result<ShortDigest> NodeKeys::identity(const std::vector<std::string_view>& labels, ByteView properties,
                                       const ShortDigest& content) {
  for (const auto& key : keys_) {
    if (!std::binary_search(labels.begin(), labels.end(), std::string_view(key.label))) continue;
    bytes_ = "key " + key.name + '\0';
    ASSIGN_OR_RETURN(const bool complete, append_values(key, properties));
    if (complete) return shortened(sha256(as_bytes(bytes_)));
  }
  return content;
}

}  // namespace summit::neo4j
