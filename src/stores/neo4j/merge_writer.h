// Writes what a comparison found, within the caller's transaction: first what goes, then what the file has.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "stores/neo4j/batch_sender.h"
#include "stores/neo4j/bolt_connection.h"
#include "stores/neo4j/graph_comparison.h"
#include "stores/neo4j/graph_file.h"
#include "stores/neo4j/graph_filter.h"

namespace summit::neo4j {

// By type: relationships between surplus nodes and nodes that the filter does not select.
struct SeveredRelationships {
  std::map<std::string, uint64_t> to_others;
  std::map<std::string, uint64_t> from_others;
};
Result<SeveredRelationships> count_severed(BoltConnection& bolt, const GraphFilter& filter,
                                           GraphComparison& comparison);

// delete_surplus(), then the whole file, then finish(). kBusy when an element is no longer what the
// comparison saw. The ids of new nodes are kept in memory, some 50 bytes each, less than the
// server needs for them. One thread at a time.
class MergeWriter final : public GraphVisitor {
 public:
  MergeWriter(BoltConnection& bolt, GraphComparison& comparison, const GraphFilter& filter, size_t batch_rows)
      : bolt_(bolt), comparison_(comparison), filter_(filter), batch_rows_(batch_rows) {}

  Result<void> delete_surplus();
  Result<void> facts(GraphRecord, const Value::Map&) override { return {}; }
  Result<void> node(int64_t id, ByteView labels, ByteView properties) override;
  Result<void> relationship(int64_t id, int64_t start, int64_t end, std::string_view type,
                            ByteView properties) override;
  Result<void> finish();

 private:
  Result<void> change(int64_t live, ByteView labels, ByteView properties);
  Result<void> remove_labels();
  Batch& batch_of(std::string cypher);
  Result<void> gathered(Batch& batch);
  Result<void> send(Batch& batch);
  Result<void> send_all();
  Result<void> take_answer(bolt::Cursor row);
  std::optional<int64_t> live_node(int64_t node) const;

  BoltConnection& bolt_;
  GraphComparison& comparison_;
  const GraphFilter& filter_;
  size_t batch_rows_;
  std::map<std::string, Batch> batches_;                      // by statement
  std::map<int64_t, int64_t> created_;                        // nodes of the file to new ones
  std::map<std::string, std::vector<int64_t>> extra_labels_;  // ":`A`:`B`" to live nodes that lose them
  uint64_t answered_ = 0;                                     // rows of the batch under way
  uint64_t ordinal_ = 0;
  bool in_relationships_ = false;
};

}  // namespace summit::neo4j
