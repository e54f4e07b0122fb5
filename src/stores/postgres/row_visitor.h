// The rows of an archive, table by table, for looking through them without a server.
#pragma once

#include <string_view>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/load.h"

namespace summit::postgres {

// Called by one thread, not the caller's of visit_rows(), in the order of the archive; an error ends it.
class RowVisitor {
 public:
  virtual ~RowVisitor() = default;
  // Of each entry with rows in COPY's text format, also when there are none. False: it wants none of them,
  // and end() does not come.
  virtual Result<bool> begin(const pgarchive::Entry& entry) = 0;
  // Whole rows, each with its newline, in blocks of 256 KiB and more. False: it has enough of this table,
  // whose rest is passed over without being decompressed, and end() comes.
  virtual Result<bool> rows(std::string_view rows) = 0;
  virtual Result<void> end() = 0;
};

// Reads the whole archive, of which it decompresses what the visitor wants; `phase` (may be null) advances by
// its bytes. Memory: five blocks of rows.
Result<void> visit_rows(const ArchiveSource& source, RowVisitor& visitor, Phase* phase,
                        const Cancellation& cancellation);

}  // namespace summit::postgres
