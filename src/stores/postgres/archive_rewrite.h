// An archive made of another one while that streams by, without a server: entries are left out, rows edited.
#pragma once

#include <cstdint>
#include <functional>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/load.h"
#include "stores/postgres/row_editing.h"

namespace summit::postgres {

struct ArchiveRewrite {
  std::function<bool(const pgarchive::Entry&)>
      chosen;                     // entries that stay; none with large objects' contents
  RowEditing* editing = nullptr;  // open() only, as there is no server; null: rows stay as they are
  bool without_owners = false;    // no entry names its owner: pg_restore leaves its objects to who runs it
  size_t jobs = 1;                // threads that edit and compress
};

struct RewrittenArchive {
  uint64_t tables = 0;  // whose rows were written
  uint64_t rows = 0;
};

// Gives `consume` an archive that a stock pg_restore reads: of the same version, compressed as `source` is,
// rows in the same order. Reads the source once. Memory: about 15 MiB for each job. `phase` (may be null)
// advances by the source's bytes.
Result<RewrittenArchive> rewrite_archive(const ArchiveSource& source, const ArchiveRewrite& rewrite,
                                         const std::function<Result<void>(ByteView)>& consume, Phase* phase,
                                         const Cancellation& cancellation);

}  // namespace summit::postgres
