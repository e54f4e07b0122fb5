#include "stores/neo4j/node_digests.h"

#include <array>

namespace summit::neo4j {

Result<NodeDigests> NodeDigests::create(const fs::path& directory) {
  ASSIGN_OR_RETURN(auto table, IdTable::create(directory, kDigestSize));
  return NodeDigests(std::move(table));
}

Result<void> NodeDigests::set(uint64_t id, const Sha256Digest& digest) {
  return table_.set(id, as_text(digest).substr(0, kDigestSize));
}

std::optional<std::string_view> NodeDigests::get(uint64_t id) const {
  // A digest of zeros does not occur: a place that holds them was never set.
  static constexpr std::array<char, kDigestSize> kNone{};
  const std::string_view digest = table_.get(id);
  if (digest.empty() || digest == std::string_view(kNone.data(), kNone.size())) return {};
  return digest;
}

}  // namespace summit::neo4j
