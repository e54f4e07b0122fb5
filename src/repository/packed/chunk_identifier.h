// Names the pieces of a batch and finds out what is new about them, without looking at any other batch.
#pragma once

#include <string>
#include <vector>

#include "repository/packed/batch.h"
#include "repository/packed/deduplicator.h"
#include "repository/packed/keyring.h"
#include "repository/packed/page_cache.h"

namespace summit::repository::packed {

// What a worker found out about a piece of a batch, before anybody knows where it will lie.
struct IdentifiedItem {
  enum class Outcome { kZeros, kTakenOver, kWhole, kPatch };
  Outcome outcome = Outcome::kZeros;
  uint32_t length = 0;
  ChunkId id{};              // kWhole, kPatch
  ByteView bytes{};          // kWhole: in the batch
  ManifestEntry previous{};  // kTakenOver: the entry; kPatch: its chunk is the base
  std::string patch{};       // kPatch
  ChunkId patch_id{};        // kPatch
};

struct IdentifiedBatch {
  Batch batch{};
  std::vector<IdentifiedItem> items{};
};

// One thread at a time; each worker has one.
class ChunkIdentifier {
 public:
  // `pages` may be null: then nothing is patched.
  static Result<std::unique_ptr<ChunkIdentifier>> create(const Keyring& keyring, Deduplicator& deduplicator,
                                                         PageCache* pages);

  Result<IdentifiedBatch> identify(Batch batch);

 private:
  ChunkIdentifier(ChunkNamer&& namer, Fingerprinter&& fingerprinter, PageHasher&& hasher,
                  Deduplicator& deduplicator, PageCache* pages)
      : namer_(std::move(namer)),
        fingerprinter_(std::move(fingerprinter)),
        hasher_(std::move(hasher)),
        deduplicator_(deduplicator),
        pages_(pages) {}

  // The chunk's name, remembered or computed.
  Result<ChunkId> name(ByteView bytes);
  Result<IdentifiedItem> identify(const BatchItem& item, ByteView bytes);
  // Makes a patch of a new extent where that is worth it.
  Result<void> try_patch(const BatchItem& item, IdentifiedItem& identified);

  ChunkNamer namer_;
  Fingerprinter fingerprinter_;
  PageHasher hasher_;
  Deduplicator& deduplicator_;
  PageCache* pages_;
};

}  // namespace summit::repository::packed
