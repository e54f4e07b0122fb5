// Makes a stored tree into files again.
#pragma once

#include <filesystem>

#include "core/cancellation.h"
#include "repository/packed/chunk_reader.h"
#include "repository/packed/tree_listing.h"

namespace summit::repository::packed {

struct TreeRestoreOptions {
  bool owners = false;  // give files the users and groups that they had; needs root
};

// Below `root`, which is made when it is not there. Never writes outside of it, whatever the listing says: no
// link is followed, nothing that exists is overwritten (kAlreadyExists). Runs of zeros become holes. Modes
// and times are those of the backup. Durable when it returns.
Result<void> restore_tree(ChunkReader& reader, const StoredTree& tree, const std::filesystem::path& root,
                          const TreeRestoreOptions& options = {}, const Cancellation& cancellation = {});

}  // namespace summit::repository::packed
