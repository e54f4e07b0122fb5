// Reading an archive, as a whole or in parts, without loading it.
#pragma once

#include <cstdint>
#include <set>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "formats/pgarchive/parser.h"
#include "stores/postgres/archive_source.h"

namespace summit::postgres {

// kCorrupt when what a backup's metadata say of places does not fit the archive's table of contents, or that
// names a number twice: nothing else must be cut out of it.
Result<void> check_extents(const TableExtents& tables, const pgarchive::Contents& contents);

// Gives the whole archive to `consumer`, once; `phase`, unless it is null, counts its bytes. kCorrupt for an
// archive that is none or has no end. `left_out`: entries whose blocks `source` does not have.
Result<void> read_archive(const ArchiveSource& source, pgarchive::Consumer& consumer, Phase* phase,
                          const Cancellation& cancellation, const std::set<int64_t>& left_out = {});

// The same for a consumer that does not want all rows: what it does not want is not even read, where it is
// known where it lies.
Result<void> read_wanted(const ArchiveSource& source, pgarchive::Consumer& consumer, Phase* phase,
                         const Cancellation& cancellation);

// One table alone, of which the source knows where it lies. `entry` is of `contents`, which are the archive's
// (check_extents()).
Result<void> read_table(const ArchiveSource& source, const pgarchive::Contents& contents,
                        const pgarchive::Entry& entry, pgarchive::Consumer& consumer, Phase* phase,
                        const Cancellation& cancellation);

// The table of contents alone; reads no further than its end.
Result<pgarchive::Contents> read_contents(const ArchiveSource& source);

}  // namespace summit::postgres
