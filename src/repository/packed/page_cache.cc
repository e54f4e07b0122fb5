#include "repository/packed/page_cache.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace summit::repository::packed {
namespace {

// One 280-byte entry stands for 256 KiB of data: the hashes of 3.6 TiB.
constexpr uint64_t kMaxCache = 4 * GiB;

}  // namespace

Result<PageHasher> PageHasher::create(const Keyring& keyring) {
  ASSIGN_OR_RETURN(Fingerprinter fingerprinter, Fingerprinter::create(keyring));
  return PageHasher(std::move(fingerprinter));
}

Result<PageHashes> PageHasher::hash(ByteView extent) {
  PageHashes hashes{};
  for (size_t page = 0; page < pages_of(extent.size()); ++page) {
    const ByteView rest = extent.subspan(page * kPageSize);
    ASSIGN_OR_RETURN(const Fingerprint fingerprint,
                     fingerprinter_.of(rest.first(std::min<size_t>(rest.size(), kPageSize))));
    std::memcpy(&hashes[page], fingerprint.data(), sizeof hashes[page]);
  }
  return hashes;
}

Result<std::unique_ptr<PageCache>> PageCache::open(const std::filesystem::path& directory,
                                                   const Keyring& keyring) {
  ASSIGN_OR_RETURN(const Secret key, keyring.subkey(keyring.newest_generation(), Purpose::kCache));
  const auto file =
      directory / keyring.repository().to_hex() / ("pages-" + std::to_string(keyring.newest_generation()));
  const CacheTable::Options options{.value_size = sizeof(PageHashes), .max_bytes = kMaxCache};
  ASSIGN_OR_RETURN(auto table, CacheTable::open(file, key, options),
                   "while opening the cache of page hashes");
  return std::unique_ptr<PageCache>(new PageCache(std::move(table)));
}

std::optional<PageHashes> PageCache::find(const ChunkId& base) {
  PageHashes hashes;
  const bool found = table_->find(base.bytes, std::as_writable_bytes(std::span(hashes)));
  return found ? std::optional(hashes) : std::nullopt;
}

void PageCache::add(const ChunkId& base, const PageHashes& hashes) {
  table_->insert(base.bytes, std::as_bytes(std::span(hashes)));
}

}  // namespace summit::repository::packed
