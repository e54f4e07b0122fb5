// A whole restore of one database, as the components of a restore do it step by step.
#pragma once

#include <string>

#include "stores/postgres/restore.h"

namespace summit::postgres {

// Every failure leaves the database that was there as it was.
inline Result<Restored> restore_database(const config::PostgresEndpoint& endpoint,
                                         const DatabaseRestore& restore, Reporter& reporter,
                                         const std::string& store, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto filled, fill_database(endpoint, restore, reporter, store, cancellation));
  RETURN_IF_ERROR(cancellation.check());
  return filled.commit(FilledDatabase::Doors::kOpen);
}

}  // namespace summit::postgres
