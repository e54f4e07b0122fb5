// Finds chunks whose pack was rewritten: by their ids, in the footers of the packs that took its place. One
// thread at a time.
#pragma once

#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/cancellation.h"
#include "repository/packed/keyring.h"
#include "repository/packed/pack_reader.h"
#include "repository/packed/reference.h"
#include "storage/object_store.h"

namespace summit::repository::packed {

// The packs that took a pack's place; nothing when it was not relocated (RepositoryState::relocated).
using Relocated = std::function<std::optional<std::vector<PackName>>(const PackName& pack)>;

class RelocationMap {
 public:
  RelocationMap(storage::ObjectStore& store, const Keyring& keyring, Relocated relocated)
      : store_(store), keyring_(keyring), relocated_(std::move(relocated)) {}

  // Where the chunk lies now. kCorrupt when the packs that should hold it do not.
  Result<Reference> present(const Reference& reference, const Cancellation& cancellation);

 private:
  using Chunks = std::unordered_map<ChunkId, Reference, ChunkIdHash>;
  Result<const Chunks*> chunks_of(const PackName& pack, const Cancellation& cancellation);

  storage::ObjectStore& store_;
  const Keyring& keyring_;
  Relocated relocated_;
  std::unordered_map<PackName, Chunks, PackNameHash> footers_;  // a few of the packs that took others' places
};

}  // namespace summit::repository::packed
