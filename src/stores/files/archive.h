// tar (pax) with zstd, written and read as a stream. Names are bytes: no locale changes them.
//
// A thin layer over libarchive that lets no exception, warning or global state of it through. One thread at a
// time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace summit::files {

struct ArchiveEntry {
  enum class Type { kFile, kDirectory, kLink, kHardLink };
  struct Extent {
    uint64_t offset = 0;
    uint64_t size = 0;
  };

  std::string path;
  Type type = Type::kFile;
  mode_t mode = 0644;  // permission bits
  uint64_t size = 0;   // of a file
  int64_t uid = 0;
  int64_t gid = 0;
  std::string user;  // name, may be empty
  std::string group;
  timespec modified{};
  std::string target;  // of a link: its text; of a hard link: the path of an earlier entry
  std::map<std::string, std::string> attributes{};  // extended attributes
  std::vector<Extent> data{};                       // of a sparse file: where it has data; empty: everywhere
};

class ArchiveWriter {
 public:
  static Result<std::unique_ptr<ArchiveWriter>> create(std::function<Result<void>(ByteView)> output);
  ~ArchiveWriter();

  // Exactly `entry.size` bytes must follow for a file, the holes of a sparse one as zeros.
  Result<void> begin(const ArchiveEntry& entry);
  Result<void> write(ByteView bytes);
  Result<void> finish();

 private:
  struct State;
  explicit ArchiveWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class ArchiveReader {
 public:
  // `source` gives the next block of the archive, valid until it is called again; an empty one at the end.
  static Result<std::unique_ptr<ArchiveReader>> open(std::function<Result<ByteView>()> source);
  ~ArchiveReader();

  // The next entry, nothing at the end; what was not read of the last one is skipped. kCorrupt for a damaged
  // archive.
  Result<std::optional<ArchiveEntry>> next();
  // The content of the current file in ascending order; gaps between blocks are holes.
  Result<void> read(const std::function<Result<void>(uint64_t offset, ByteView)>& consume);

 private:
  struct State;
  explicit ArchiveReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace summit::files
