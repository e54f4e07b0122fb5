// The digests of all nodes by internal id, on disk: relationships need those of both their ends.
//
// An unlinked file mapped into memory, 16 bytes an id; the kernel decides how much of it stays in memory. Ids
// of one store are dense, so the file is about 16 bytes a node. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/digest.h"
#include "core/files.h"
#include "core/result.h"

namespace summit::neo4j {

class NodeDigests {
 public:
  static constexpr size_t kDigestSize = 16;

  // Its file lies in `directory` and is gone with this object, or with the process.
  static Result<NodeDigests> create(const fs::path& directory);
  NodeDigests(NodeDigests&& other) noexcept;
  NodeDigests& operator=(NodeDigests&&) = delete;
  ~NodeDigests();

  // Keeps the first 16 bytes of `digest`.
  Result<void> set(uint64_t id, const Sha256Digest& digest);
  // Nothing for an id that was never set. The view is good until the next set().
  std::optional<std::string_view> get(uint64_t id) const;

 private:
  NodeDigests(UniqueFd fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Result<void> grow(uint64_t capacity);

  UniqueFd fd_;
  fs::path path_;
  char* map_ = nullptr;
  uint64_t capacity_ = 0;  // ids
};

}  // namespace summit::neo4j
