// The list of a tree's files, as it is stored beside their bytes. Format: docs/formats/tree.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/result.h"
#include "repository/packed/chunk_reader.h"
#include "repository/packed/content.h"

namespace summit::repository::packed {

struct TreeEntry {
  enum class Type : uint8_t { kFile = 0, kDirectory = 1, kSymlink = 2 };

  std::string path;  // relative, "/" between its parts, any other bytes
  Type type = Type::kFile;
  uint32_t mode = 0;  // the permission bits, 07777
  uint32_t user = 0;
  uint32_t group = 0;
  int64_t modified = 0;  // nanoseconds since 1970
  int64_t changed = 0;
  uint64_t inode = 0;
  uint64_t size = 0;     // of a file
  uint64_t offset = 0;   // where its bytes begin in the tree's content
  std::string target{};  // of a symbolic link

  friend bool operator==(const TreeEntry&, const TreeEntry&) = default;
};

// A tree in a backup: two contents.
struct StoredTree {
  Content listing;
  Content files;
};

// Directories before what is in them: "/" is lower than any other byte.
bool path_before(std::string_view a, std::string_view b);

// At the front of a listing. `begun`: nanoseconds since 1970, before the first file was looked at.
std::string encode_listing_header(int64_t begun);
std::string encode(const TreeEntry& entry);
std::string encode_listing_end();

// Takes a listing in pieces of any size, and any bytes. One thread at a time.
class ListingParser {
 public:
  void feed(ByteView bytes);
  // The next entry; nothing when more bytes are needed, or at the end. kCorrupt for what is no listing, for
  // paths that leave the tree, and for entries out of order.
  Result<std::optional<TreeEntry>> next();
  bool ended() const { return ended_; }
  int64_t begun() const { return begun_; }

 private:
  ByteView rest() const { return as_bytes(pending_).subspan(used_); }

  std::string pending_;
  size_t used_ = 0;
  bool begun_read_ = false;
  bool ended_ = false;
  int64_t begun_ = 0;
  std::string last_path_;
};

// Pulls the entries of a stored listing, with the memory of one chunk. One thread at a time.
class ListingReader {
 public:
  // The reader outlives it.
  ListingReader(ChunkReader& reader, const Content& listing, const Cancellation& cancellation = {});
  // Nothing at the end; kCorrupt when the listing breaks off.
  Result<std::optional<TreeEntry>> next();
  // After the first next().
  int64_t begun() const { return parser_.begun(); }

 private:
  ChunkReader& reader_;
  Cancellation cancellation_;
  std::unique_ptr<ManifestCursor> cursor_;
  ListingParser parser_;
};

}  // namespace summit::repository::packed
