// Reads the elements of a graph over several connections at once, and gives them in the order of their
// internal ids, whichever connection was faster.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/cancellation.h"
#include "core/result.h"
#include "stores/neo4j/bolt_connection.h"

namespace summit::neo4j {

// Each connection reads ranges of ids, ahead of the consumer by at most kReadAhead bytes and one block a
// connection.
class RangeReader {
 public:
  static constexpr size_t kReadAhead = 16 * MiB;
  static constexpr int64_t kRange = 8192;

  // `connections` outlive this and are used by its threads only while read() runs.
  RangeReader(std::span<BoltConnection> connections, const Cancellation& cancellation)
      : connections_(connections), cancellation_(cancellation) {}

  // `cypher` gives the elements whose ids are from $first to $last, in that order, and none is above
  // `highest`. It gets `parameters` as well. `consume` is called by one thread, and its error ends it.
  Result<void> read(const std::string& cypher, const Value::Map& parameters, int64_t highest,
                    const BoltConnection::RowConsumer& consume);

 private:
  std::span<BoltConnection> connections_;
  const Cancellation& cancellation_;
};

}  // namespace summit::neo4j
