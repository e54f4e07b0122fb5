// Gives a dump of neo4j-admin another form that says the same: stored instead of compressed, and cut so that
// equal files of the graph are equal bytes.
//
// `neo4j-admin database load` takes the result as it takes the original: a zstd frame may hold its content
// uncompressed. Two dumps of a graph that changed a little then share most of their bytes, where compressed
// ones share none (measured: 4.1 MB new instead of 24.4 MB). Format: docs/formats/neo4j-dump.md.
#pragma once

#include <functional>
#include <memory>

#include "core/bytes.h"
#include "core/result.h"

namespace summit::neo4j {

// A dump that is not in zstd passes unchanged. One thread at a time.
class StoredDump {
 public:
  explicit StoredDump(std::function<Result<void>(ByteView)> output);
  ~StoredDump();

  // The dump's bytes as neo4j-admin gives them. kCorrupt when they cannot be decompressed.
  Result<void> write(ByteView dump);
  // kCorrupt when the dump was not complete.
  Result<void> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace summit::neo4j
