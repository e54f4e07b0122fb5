// A few rows of each ruled table, before and after masking, for whoever writes the rules.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "masking/session.h"
#include "stores/postgres/load.h"

namespace summit::recovery {

// One value of a ruled column; nothing is NULL. Whoever shows `before` shows production's data.
struct PreviewedValue {
  std::string table;  // "public.users"
  size_t row = 0;     // from 1, in the order of the archive
  std::string column;
  std::optional<std::string> before;
  std::optional<std::string> after;
};

// The first `rows` of every table that rules concern. Reads the archive once.
Result<std::vector<PreviewedValue>> preview_masking(const postgres::ArchiveSource& source,
                                                    const masking::Session& session, size_t rows,
                                                    Reporter& reporter, const Cancellation& cancellation);

}  // namespace summit::recovery
