// Brings the rows of an archive into temporary tables of the merge's session, as the archive streams by.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/progress.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"
#include "stores/postgres/load.h"
#include "stores/postgres/merge/workspace.h"

namespace summit::postgres::merge {

// An archived value of a sequence: setval()'s arguments.
struct ArchivedSequence {
  RelationName name;
  int64_t last_value = 0;
  bool is_called = false;
};

struct Staged {
  std::vector<ArchivedSequence> sequences;
  std::vector<std::string> notes;  // what of the archive is no matter of a merge: large objects
};

// Fills `workspace.staged`: every table that the archive has rows of, also those that it has none of now. The
// tables live as long as the session; nothing else of the database changes. Reports bytes of rows to `phase`
// when it is given. kUnsupported as map_archive(); kNotFound for rows of a table that is not there.
Result<Staged> stage_archive(const ArchiveSource& source, Workspace& workspace, Phase* phase);

}  // namespace summit::postgres::merge
