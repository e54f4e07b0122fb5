// Rows of a result, kept as they came until somebody takes them.
#pragma once

#include <string>

#include "core/result.h"
#include "stores/neo4j/bolt_connection.h"

namespace summit::neo4j {

struct KeptRows {
  std::string bytes;  // encoded lists, one after the other

  Result<void> keep(bolt::Cursor row);
  // All of them in their order.
  Result<void> give(const BoltConnection::RowConsumer& consume) const;
};

}  // namespace summit::neo4j
