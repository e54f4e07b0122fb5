// Opens one file of a walk and says which part of a backup it belongs to.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/result.h"
#include "stores/files/archive.h"
#include "stores/files/selection.h"
#include "stores/files/tree_walk.h"

namespace summit::files {

// An open regular file. What decided about it was read only once: `head` is then its whole content.
struct OpenedFile {
  UniqueFd fd;
  struct stat status{};
  Part part = Part::kOpen;
  bool by_content = false;            // secret for what it holds, not for its name
  std::optional<std::string> head{};  // the whole content of a small file that had to be looked into
};

// Nothing when it is no regular file any more, or is gone. kDenied and other errors when it cannot be read.
Result<std::optional<OpenedFile>> open_file(const WalkEntry& entry, const Selection& selection,
                                            const SecretKnowledge& knowledge);

// The part of a link: its name decides.
Part part_of_link(const std::string& path, const Selection& selection, const SecretKnowledge& knowledge);

// Streams `size` bytes from the start, holes as such. Short when the file has become shorter: gives the bytes
// read.
struct ContentSink {
  std::function<Result<void>(ByteView)> bytes;
  std::function<Result<void>(uint64_t size)> hole;
};
Result<uint64_t> stream_content(const OpenedFile& file, uint64_t size,
                                const std::vector<ArchiveEntry::Extent>& data, const ContentSink& sink,
                                const std::string& path);

// Where a sparse file has data; empty when it has no holes.
std::vector<ArchiveEntry::Extent> data_extents(const OpenedFile& file);

// Inodes behind the secret names of a tree that has hard links, and what a backup of the tree will read.
struct TreeScan {
  SecretKnowledge knowledge;
  uint64_t files = 0;  // and links
  uint64_t bytes = 0;
  uint64_t secret_files = 0;  // by name
  uint64_t secret_bytes = 0;
};
Result<TreeScan> scan_tree(const fs::path& root, const Selection& selection,
                           const Cancellation& cancellation);

}  // namespace summit::files
