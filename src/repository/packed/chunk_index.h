// The local cache that says where a chunk is stored already. Made of the packs' footers, and of what this
// process writes.
//
// It may forget: then a chunk is stored once more. It never says a wrong place: entries are authenticated,
// and only packs are named that were declared usable, because the log lets them be referenced. Thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/cancellation.h"
#include "repository/packed/fingerprinter.h"
#include "repository/packed/keyring.h"
#include "repository/packed/pack_reader.h"
#include "repository/packed/reference.h"

namespace summit::repository::packed {

class ChunkIndex {
 public:
  // In `directory`, below it one for each repository. Made when it is not there.
  static Result<std::unique_ptr<ChunkIndex>> open(const std::filesystem::path& directory,
                                                  const Keyring& keyring);
  ~ChunkIndex();

  // Exactly these packs may be referenced from now on. The footers of those that the cache does not hold are
  // read, in parallel.
  using ReadFooter = std::function<Result<PackFooter>(const PackName&)>;
  Result<void> sync(const std::vector<PackName>& usable, const ReadFooter& read_footer,
                    const Cancellation& cancellation = {});
  // One more pack, which this process is writing.
  void add_usable(const PackName& pack);
  bool usable(const PackName& pack) const;

  std::optional<Reference> find(const ChunkId& id);
  void add(const Reference& reference);
  // The name of bytes that were named before, by their fingerprint: most of an unchanged backup is then not
  // hashed again.
  std::optional<ChunkId> remembered_name(const Fingerprint& fingerprint);
  void remember_name(const Fingerprint& fingerprint, const ChunkId& id);

  // All chunks of the pack are in: sync() need not read its footer.
  void mark_complete(const PackName& pack);

 private:
  struct State;
  explicit ChunkIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace summit::repository::packed
