// Elements of a graph changed on their way: out of a server, or out of one graph file into another.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "stores/neo4j/graph_import.h"
#include "stores/neo4j/value.h"

namespace summit::neo4j {

class GraphRewriter {
 public:
  virtual ~GraphRewriter() = default;
  virtual Result<void> node(int64_t id, std::vector<std::string>& labels, Value::Map& properties) = 0;
  virtual Result<void> relationship(int64_t id, const std::string& type, Value::Map& properties) = 0;
  // An index or a constraint, which comes as it is.
  virtual Result<void> schema(const Value::Map& facts) = 0;
};

// A rewriter on encoded elements. One thread at a time.
class ElementRewrite {
 public:
  // Null: elements stay as they are. `rewriter` outlives this.
  explicit ElementRewrite(GraphRewriter* rewriter) : rewriter_(rewriter) {}

  // Afterwards the views are of what the rewriter made, and good until the next call. kCorrupt for what is no
  // element.
  Result<void> node(int64_t id, ByteView& labels, ByteView& properties);
  Result<void> relationship(int64_t id, std::string_view type, ByteView& properties);

 private:
  GraphRewriter* rewriter_;
  std::string labels_;
  std::string properties_;
};

// Gives `consume` the graph file of `source` as `rewriter` changes its elements; constraints, indexes and
// what was cut stay. Reads the source once, in bounded memory. kCorrupt for a file that is none or has no
// end.
Result<void> rewrite_graph_file(const GraphSource& source, GraphRewriter& rewriter,
                                const std::function<Result<void>(ByteView)>& consume,
                                const Cancellation& cancellation);

}  // namespace summit::neo4j
