// The rows of an archive, table by table, for looking through them without a server.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/archive_source.h"

namespace summit::postgres {

// Long tables of our own archives that are compressed by zstd have a sample, the same in whatever way they
// are read: of the parts of 2 MiB that follow the first one sixteen, and eight in each doubling of the
// table's length, give a block from their beginning, which has one row at least.
enum class Wanted {
  kRows,           // each of them
  kSample,         // where there is one: what is between its blocks is not decompressed
  kRowsAndSample,  // each, and those of the sample twice
};

// Where a block stands in its table. There are only the first ones for whoever wants rows without the sample.
enum class BlockPlace {
  kThrough,  // the blocks up to here follow one another: there is no sample, or it has not begun
  kBetween,  // behind those
  kSample,
};

// Called by one thread, which is not the caller's; an error ends it.
class RowVisitor {
 public:
  virtual ~RowVisitor() = default;
  // Asked once, before anything else.
  virtual Wanted wanted() const { return Wanted::kRows; }
  // Of each entry with rows in COPY's text format, also when there are none. False: it wants none of them,
  // and end() does not come.
  virtual Result<bool> begin(const pgarchive::Entry& entry) = 0;
  // Whole rows, each with its newline, mostly in blocks of 256 KiB. False: it has enough of this table, whose
  // rest is passed over without being decompressed, and end() comes.
  virtual Result<bool> rows(std::string_view rows, BlockPlace place) = 0;
  virtual Result<void> end() = 0;
};

// Reads the whole archive in its order, of which it decompresses what the visitor wants; `phase` (may be
// null) advances by its bytes. Memory: five blocks of rows.
Result<void> visit_rows(const ArchiveSource& source, RowVisitor& visitor, Phase* phase,
                        const Cancellation& cancellation);

// The same for whoever needs no order: up to `jobs` tables at once, as far as it is known where they lie.
// `make_visitor`, which any thread calls, gives one for each such table and one for all others. `contents`
// are the archive's. Memory: that of visit_rows() for each job.
using MakeVisitor = std::function<std::unique_ptr<RowVisitor>()>;
Result<void> visit_tables(const ArchiveSource& source, const pgarchive::Contents& contents, size_t jobs,
                          const MakeVisitor& make_visitor, Phase* phase, const Cancellation& cancellation);

}  // namespace summit::postgres
