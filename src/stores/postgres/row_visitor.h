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

// Called by one thread, which is not the caller's; an error ends it.
class RowVisitor {
 public:
  virtual ~RowVisitor() = default;
  // Asked once, before anything else. True: a sample will do, where it costs less than all rows. That is so
  // with long tables of our own archives, if they are compressed by zstd. Such a table comes from its
  // beginning to the end of the part (2 MiB) in which its 1000th row ends; then only blocks of 128 KiB
  // from all over it: the beginnings of the next parts up to the sixteenth, of eight in each doubling of the
  // number of parts, and the table's end. However the archive is read, these are the same rows.
  virtual bool wants_sample() const { return false; }
  // Of each entry with rows in COPY's text format, also when there are none. False: it wants none of them,
  // and end() does not come.
  virtual Result<bool> begin(const pgarchive::Entry& entry) = 0;
  // What comes next of this table no longer follows on what came before.
  virtual void begin_sample() {}
  // Whole rows, each with its newline, mostly in blocks of 256 KiB. False: it has enough of this table, whose
  // rest is passed over without being decompressed, and end() comes.
  virtual Result<bool> rows(std::string_view rows) = 0;
  virtual Result<void> end() = 0;
};

// Reads the whole archive in its order, of which it decompresses what the visitor wants; `phase` (may be
// null) advances by its bytes. Memory: eight blocks, which have one row at least.
Result<void> visit_rows(const ArchiveSource& source, RowVisitor& visitor, Phase* phase,
                        const Cancellation& cancellation);

// The same for whoever needs no order: up to `jobs` tables at once, as far as it is known where they lie.
// `make_visitor`, which any thread calls, gives one for each such table and one for all others. `contents`
// are the archive's. Memory: that of visit_rows() for each job.
using MakeVisitor = std::function<std::unique_ptr<RowVisitor>()>;
Result<void> visit_tables(const ArchiveSource& source, const pgarchive::Contents& contents, size_t jobs,
                          const MakeVisitor& make_visitor, Phase* phase, const Cancellation& cancellation);

}  // namespace summit::postgres
