// An archive to read, and where the rows of large tables lie within it, so that one table is read without the
// others and several at once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/files.h"
#include "core/result.h"

namespace summit::postgres {

struct Extent {
  uint64_t offset = 0;  // from the archive's beginning
  uint64_t bytes = 0;
};

// The blocks of tables, whole, by the number of their TABLE DATA entry. A capture knows those of 1 MiB and
// more.
using TableExtents = std::map<int64_t, Extent>;
inline constexpr uint64_t kLeastExtent = MiB;

// As a backup's metadata hold them: "3401:1234+5678 3402:…". Parsing gives nothing for what is no such list,
// or when blocks overlap.
std::string to_text(const TableExtents& extents);
TableExtents extents_from(std::string_view text);

// Immutable; any number of threads at once, as far as the functions that it was made of are.
class ArchiveSource {
 public:
  using Consume = std::function<Result<void>(ByteView)>;
  // Gives the whole archive in order, from its beginning; may be called more than once. An error of `consume`
  // ends it and is its own. That the bytes are those that were written (kCorrupt) may show at the end only.
  using ReadWhole = std::function<Result<void>(const Consume& consume)>;
  // Gives a part of it. Its bytes are proven, or are of an archive with checksums of its own.
  using ReadPart = std::function<Result<void>(const Extent& part, const Consume& consume)>;

  ArchiveSource() = default;
  template <typename Read>
    requires(std::is_invocable_r_v<Result<void>, Read&, const Consume&> &&
             !std::is_same_v<std::remove_cvref_t<Read>, ArchiveSource>)
  ArchiveSource(Read read_whole) : read_whole_(std::move(read_whole)) {}
  // `bytes`: of the whole archive. Without `tables` it is always read from its beginning.
  ArchiveSource(ReadWhole read_whole, uint64_t bytes, TableExtents tables, ReadPart read_part)
      : read_whole_(std::move(read_whole)),
        bytes_(bytes),
        tables_(std::move(tables)),
        read_part_(std::move(read_part)) {}

  explicit operator bool() const { return static_cast<bool>(read_whole_); }
  Result<void> operator()(const Consume& consume) const { return read_whole_(consume); }

  const TableExtents& tables() const { return tables_; }
  uint64_t bytes() const { return bytes_; }  // 0 without tables()
  Result<void> read(const Extent& part, const Consume& consume) const { return read_part_(part, consume); }

 private:
  ReadWhole read_whole_;
  uint64_t bytes_ = 0;
  TableExtents tables_;
  ReadPart read_part_;
};

// An archive that is a file.
ArchiveSource archive_file(fs::path path, TableExtents tables = {});

std::vector<int64_t> largest_first(const TableExtents& tables);

// The tables that one connection each can load as a whole while `jobs` connections are kept busy: of `tables`
// all but those that would still be loading when everything else is done. First come those that are the
// longest way from done: `builds` is what building indexes costs on each, relative to that of one B-tree.
std::vector<int64_t> one_connection_each(const TableExtents& tables, size_t jobs,
                                         const std::map<int64_t, double>& builds = {});

// The archive without the blocks of `left_out`, which `source` knows. Outlived by `source`.
ArchiveSource source_without(const ArchiveSource& source, const std::set<int64_t>& left_out);

}  // namespace summit::postgres
