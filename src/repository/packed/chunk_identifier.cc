#include "repository/packed/chunk_identifier.h"

#include <algorithm>
#include <cstring>

namespace summit::repository::packed {
namespace {

bool only_zeros(ByteView bytes) {
  // Each byte equals the one before it, and the first is zero.
  return bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

// A patch of more pages saves too little for what reading it costs.
bool worth_a_patch(size_t changed, size_t pages) { return changed != 0 && changed <= pages / 4; }

}  // namespace

Result<std::unique_ptr<ChunkIdentifier>> ChunkIdentifier::create(const Keyring& keyring,
                                                                 Deduplicator& deduplicator,
                                                                 PageCache* pages) {
  ASSIGN_OR_RETURN(const Secret key, keyring.subkey(keyring.newest_generation(), Purpose::kChunkId));
  ASSIGN_OR_RETURN(ChunkNamer namer, ChunkNamer::create(key));
  ASSIGN_OR_RETURN(Fingerprinter fingerprinter, Fingerprinter::create(keyring));
  ASSIGN_OR_RETURN(PageHasher hasher, PageHasher::create(keyring));
  return std::unique_ptr<ChunkIdentifier>(new ChunkIdentifier(std::move(namer), std::move(fingerprinter),
                                                              std::move(hasher), deduplicator, pages));
}

Result<IdentifiedBatch> ChunkIdentifier::identify(Batch batch) {
  IdentifiedBatch identified{.batch = std::move(batch)};
  identified.items.reserve(identified.batch.items.size());
  const ByteView bytes = identified.batch.bytes.view();
  for (const BatchItem& item : identified.batch.items) {
    if (item.proven_equal) {
      identified.items.push_back({.outcome = IdentifiedItem::Outcome::kTakenOver,
                                  .length = item.length,
                                  .previous = *item.previous});
      continue;
    }
    ASSIGN_OR_RETURN(IdentifiedItem found, identify(item, bytes.subspan(item.offset, item.length)));
    if (identified.batch.extents && pages_ != nullptr) RETURN_IF_ERROR(try_patch(item, found));
    identified.items.push_back(std::move(found));
  }
  return identified;
}

Result<ChunkId> ChunkIdentifier::name(ByteView bytes) {
  ChunkIndex& index = deduplicator_.index();
  ASSIGN_OR_RETURN(const Fingerprint fingerprint, fingerprinter_.of(bytes));
  if (const auto remembered = index.remembered_name(fingerprint)) return *remembered;
  ASSIGN_OR_RETURN(const ChunkId id, namer_.name(bytes));
  index.remember_name(fingerprint, id);
  return id;
}

Result<IdentifiedItem> ChunkIdentifier::identify(const BatchItem& item, ByteView bytes) {
  IdentifiedItem found{.length = item.length, .bytes = bytes};
  if (only_zeros(bytes)) return found;
  ASSIGN_OR_RETURN(found.id, name(bytes));
  const bool equal =
      item.previous && item.previous->kind != ManifestEntry::Kind::kZeros && item.previous->id == found.id;
  found.outcome = equal ? IdentifiedItem::Outcome::kTakenOver : IdentifiedItem::Outcome::kWhole;
  if (equal) found.previous = *item.previous;
  return found;
}

Result<void> ChunkIdentifier::try_patch(const BatchItem& item, IdentifiedItem& identified) {
  if (identified.outcome != IdentifiedItem::Outcome::kWhole || deduplicator_.find(identified.id)) return {};
  ASSIGN_OR_RETURN(const PageHashes hashes, hasher_.hash(identified.bytes));
  const bool has_base = item.previous && item.previous->kind != ManifestEntry::Kind::kZeros;
  const auto base = has_base ? pages_->find(item.previous->chunk.id) : std::nullopt;
  if (base) {
    std::vector<bool> changed(pages_of(item.length));
    for (size_t page = 0; page < changed.size(); ++page) changed[page] = hashes[page] != (*base)[page];
    if (worth_a_patch(static_cast<size_t>(std::ranges::count(changed, true)), changed.size())) {
      identified.outcome = IdentifiedItem::Outcome::kPatch;
      identified.previous = *item.previous;
      identified.patch = encode_page_patch(identified.bytes, changed);
      ASSIGN_OR_RETURN(identified.patch_id, namer_.name(as_bytes(identified.patch)));
      return {};
    }
  }
  pages_->add(identified.id, hashes);
  return {};
}

}  // namespace summit::repository::packed
