// The digests of all nodes by internal id, on disk: relationships need those of both their ends.
//
// 16 bytes an id in an IdTable. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/digest.h"
#include "stores/neo4j/id_table.h"

namespace summit::neo4j {

class NodeDigests {
 public:
  static constexpr size_t kDigestSize = 16;

  // Its file lies in `directory` and is gone with this object, or with the process.
  static Result<NodeDigests> create(const fs::path& directory);

  // Keeps the first 16 bytes of `digest`.
  Result<void> set(uint64_t id, const Sha256Digest& digest);
  // Nothing for an id that was never set. The view is good until the next set().
  std::optional<std::string_view> get(uint64_t id) const;

 private:
  explicit NodeDigests(IdTable table) : table_(std::move(table)) {}
  IdTable table_;
};

}  // namespace summit::neo4j
