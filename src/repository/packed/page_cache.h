// The local cache of page hashes: what tells the changed pages of an extent from the others without reading
// the stored one.
//
// It may forget, and never lies: hashes are keyed and entries authenticated. Thread-safe.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>

#include "repository/packed/cache_table.h"
#include "repository/packed/chunk_id.h"
#include "repository/packed/fingerprinter.h"
#include "repository/packed/keyring.h"
#include "repository/packed/page_patch.h"

namespace summit::repository::packed {

using PageHashes = std::array<uint64_t, kPagesPerExtent>;

// Computes page hashes. One thread at a time.
class PageHasher {
 public:
  static Result<PageHasher> create(const Keyring& keyring);
  // At most kExtentSize bytes; hashes of pages that the extent lacks are 0.
  Result<PageHashes> hash(ByteView extent);

 private:
  explicit PageHasher(Fingerprinter&& fingerprinter) : fingerprinter_(std::move(fingerprinter)) {}
  Fingerprinter fingerprinter_;
};

class PageCache {
 public:
  static Result<std::unique_ptr<PageCache>> open(const std::filesystem::path& directory,
                                                 const Keyring& keyring);

  // Of the stored chunk with this id.
  std::optional<PageHashes> find(const ChunkId& base);
  void add(const ChunkId& base, const PageHashes& hashes);

 private:
  explicit PageCache(std::unique_ptr<CacheTable> table) : table_(std::move(table)) {}
  std::unique_ptr<CacheTable> table_;
};

}  // namespace summit::repository::packed
