// Stores a directory tree: the bytes of its files as one content in extents, the list of the files as
// another.
//
// A file that the previous tree proves unchanged (same path, size, inode, times of modification and change,
// and changed well before that tree was begun) is taken over without being read, unless everything is to be
// read. Format: docs/formats/tree.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/cancellation.h"
#include "core/files.h"
#include "core/time.h"
#include "repository/packed/chunk_writer.h"
#include "repository/packed/tree_listing.h"

namespace summit::repository::packed {

enum class Unchanged { kTakeOver, kReadAgain };

struct TreeNumbers {
  size_t listing = 0;  // in Written::contents
  size_t files = 0;
};

// One thread at a time.
class TreeWriter {
 public:
  // Writer and reader outlive it; `previous` may be null.
  static Result<std::unique_ptr<TreeWriter>> create(ChunkWriter& writer, ChunkReader& reader,
                                                    const StoredTree* previous, Unchanged unchanged,
                                                    Instant begun = now(),
                                                    const Cancellation& cancellation = {});

  // A directory or a symbolic link. Entries come in the order of path_before(): kUsage otherwise.
  Result<void> add(TreeEntry entry);
  // A file: exactly entry.size bytes of `file`. One that has become shorter meanwhile is filled up with
  // zeros.
  Result<void> add_file(TreeEntry entry, const std::function<Result<UniqueFd>()>& open);

  // Everything below `root`, links not followed. Sockets and other special files are left out. `skip` says
  // which paths (relative) are not of interest, with all below them.
  Result<void> add_all(const std::filesystem::path& root,
                       const std::function<bool(std::string_view path)>& skip = {});

  Result<TreeNumbers> finish();

 private:
  TreeWriter(std::unique_ptr<ContentWriter> listing, std::unique_ptr<ExtentWriter> files,
             std::unique_ptr<ListingReader> previous, Unchanged unchanged, const Cancellation& cancellation)
      : listing_(std::move(listing)),
        files_(std::move(files)),
        previous_(std::move(previous)),
        unchanged_(unchanged),
        cancellation_(cancellation) {}

  Result<void> list(const TreeEntry& entry);
  Result<const TreeEntry*> find_previous(const std::string& path);
  bool proven_unchanged(const TreeEntry& now_there, const TreeEntry& before) const;
  Result<void> add_below(const std::filesystem::path& root, const std::string& below,
                         const std::function<bool(std::string_view)>& skip);

  std::unique_ptr<ContentWriter> listing_;
  std::unique_ptr<ExtentWriter> files_;
  std::unique_ptr<ListingReader> previous_;
  std::optional<TreeEntry> previous_entry_;
  Unchanged unchanged_;
  Cancellation cancellation_;
  std::string last_path_;
  uint64_t offset_ = 0;
};

// What lstat() says of `path`; nothing for what is neither file, directory nor link, or is gone.
Result<std::optional<TreeEntry>> inspect(const std::filesystem::path& path, std::string relative);

}  // namespace summit::repository::packed
