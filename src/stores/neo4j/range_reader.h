// Reads the elements of a graph over several connections at once, and gives them in the order of their
// internal ids, whichever connection was faster.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "stores/neo4j/bolt_connection.h"

namespace summit::neo4j {

struct RangeQuery {
  std::string cypher;  // gives the elements whose ids are from $first to $last, in that order
  Value::Map parameters{};
  int64_t highest = 0;  // no id is above it
};

// Each connection reads ranges of ids, ahead of the consumer by at most this and one block a connection.
inline constexpr uint64_t kReadAhead = 16 * MiB;

// `consume` is called by one thread, and its error ends it. The connections are used by other threads until
// this returns.
Result<void> read_in_ranges(std::span<BoltConnection> connections, const RangeQuery& query,
                            const BoltConnection::RowConsumer& consume, const Cancellation& cancellation);

}  // namespace summit::neo4j
