#include "stores/neo4j/merge_writer.h"

#include "stores/neo4j/nodes_by_id.h"

namespace summit::neo4j {

namespace {

constexpr size_t kBatchBytes = 2 * MiB;

std::string label_suffix(const Value::List& labels) {
  std::string text;
  for (const auto& label : labels) text += ":" + quote_identifier(label.text());
  return text;
}

// Of an encoded list.
Result<std::string> label_suffix(ByteView labels) {
  bolt::Cursor cursor(labels);
  ASSIGN_OR_RETURN(const auto names, bolt::read_value(cursor));
  const auto* list = names.as<Value::List>();
  if (list == nullptr) return cursor.error("list of labels");
  return label_suffix(*list);
}

}  // namespace

Result<SeveredRelationships> count_severed(BoltConnection& bolt, const GraphFilter& filter,
                                           GraphComparison& comparison) {
  SeveredRelationships severed;
  const std::string cypher = fmt::format(
      "UNWIND $rows AS row MATCH (n)-[r]-(m) WHERE id(n) = row AND NOT {} "
      "RETURN type(r), count(*), startNode(r) = m",
      is_selected(filter, "m"));
  const auto take = [&](bolt::Cursor row) -> Result<void> {
    uint32_t columns = 0;
    std::string_view type;
    int64_t count = 0;
    bool from_other = false;
    if (!row.list(columns) || !row.text(type) || !row.integer(count) || !row.boolean(from_other))
      return row.error("type and count");
    auto& counts = from_other ? severed.from_others : severed.to_others;
    counts[std::string(type)] += static_cast<uint64_t>(count);
    return {};
  };
  ASSIGN_OR_RETURN(const auto nodes, comparison.surplus_nodes());
  RETURN_IF_ERROR(for_ids(bolt, cypher, nodes, filter_parameters(filter), take));
  return severed;
}

Result<void> MergeWriter::delete_surplus() {
  ASSIGN_OR_RETURN(const auto relationships, comparison_.surplus_relationships());
  ASSIGN_OR_RETURN(const auto nodes, comparison_.surplus_nodes());
  // A node whose id went to somebody else must not go, nor one that belongs to others too by now. One that
  // belonged by a relationship cannot be asked for it any more: that relationship may just have gone.
  const bool may_ask = filter_.owner && filter_.owner->through.empty();
  const std::string still =
      (may_ask ? is_selected(filter_, "n") + " AND " : std::string()) + "NOT " + is_of_several(filter_, "n");
  RETURN_IF_ERROR(for_each_id(
      bolt_, "UNWIND $rows AS row MATCH ()-[r]->() WHERE id(r) = row DELETE r RETURN 1", relationships, {}));
  return for_each_id(
      bolt_,
      fmt::format("UNWIND $rows AS row MATCH (n) WHERE id(n) = row AND {} DETACH DELETE n RETURN 1", still),
      nodes, filter_parameters(filter_));
}

Result<void> MergeWriter::node(int64_t id, ByteView labels, ByteView properties) {
  const auto partner = comparison_.partner_of(id);
  if (partner && partner->stays) return {};
  if (partner) return change(partner->id, labels, properties);
  ASSIGN_OR_RETURN(const auto suffix, label_suffix(labels));
  Batch& batch = batch_of(
      fmt::format("UNWIND $rows AS row CREATE (n{}) SET n = row[1] RETURN row[0], id(n), []", suffix));
  bolt::Writer writer(batch.rows);
  writer.list(2);
  writer.integer(id);
  writer.raw(properties);
  return gathered(batch);
}

Result<void> MergeWriter::change(int64_t live, ByteView labels, ByteView properties) {
  ASSIGN_OR_RETURN(const auto suffix, label_suffix(labels));
  Batch& batch =
      batch_of(fmt::format("UNWIND $rows AS row MATCH (n) WHERE id(n) = row[0] SET n = row[1]{} "
                           "RETURN -1, id(n), [label IN labels(n) WHERE NOT label IN row[2]]",
                           suffix.empty() ? suffix : " SET n" + suffix));
  bolt::Writer writer(batch.rows);
  writer.list(3);
  writer.integer(live);
  writer.raw(properties);
  writer.raw(labels);
  return gathered(batch);
}

Batch& MergeWriter::batch_of(std::string cypher) {
  Batch& batch = batches_[cypher];
  batch.cypher = std::move(cypher);
  return batch;
}

std::optional<int64_t> MergeWriter::live_node(int64_t node) const {
  if (const auto partner = comparison_.partner_of(node)) return partner->id;
  const auto created = created_.find(node);
  return created == created_.end() ? std::nullopt : std::optional(created->second);
}

Result<void> MergeWriter::relationship(int64_t, int64_t start, int64_t end, std::string_view type,
                                       ByteView properties) {
  if (!std::exchange(in_relationships_, true)) RETURN_IF_ERROR(send_all());
  if (!comparison_.lacks_relationship(ordinal_++)) return {};
  const auto from = live_node(start);
  const auto to = live_node(end);
  if (!from || !to)
    return Error(Code::kCorrupt, "the graph file holds a relationship of type {} without its ends", type);
  Batch& batch = batch_of(
      fmt::format("UNWIND $rows AS row MATCH (a) WHERE id(a) = row[0] MATCH (b) WHERE id(b) = row[1] "
                  "CREATE (a)-[r:{}]->(b) SET r = row[2] RETURN -1, id(r), []",
                  quote_identifier(type)));
  bolt::Writer writer(batch.rows);
  writer.list(3);
  writer.integer(*from);
  writer.integer(*to);
  writer.raw(properties);
  return gathered(batch);
}

Result<void> MergeWriter::gathered(Batch& batch) {
  ++batch.count;
  return batch.count >= batch_rows_ || batch.rows.size() >= kBatchBytes ? send(batch) : Result<void>();
}

Result<void> MergeWriter::send(Batch& batch) {
  if (batch.count == 0) return {};
  answered_ = 0;
  const std::string parameters = encode_rows(batch);
  RETURN_IF_ERROR(bolt_.stream(batch.cypher, as_bytes(parameters),
                               [this](bolt::Cursor row) { return take_answer(row); }));
  if (answered_ != batch.count) {
    return Error(Code::kBusy, "{} of {} elements could be written", answered_, batch.count)
        .hint("somebody deletes the same nodes: stop the owner's writers, and restore again");
  }
  batch.rows.clear();
  batch.count = 0;
  return {};
}

Result<void> MergeWriter::send_all() {
  for (auto& [cypher, batch] : batches_) RETURN_IF_ERROR(send(batch));
  batches_.clear();
  return {};
}

// A node of the file or -1, the live element, and labels that it has too many.
Result<void> MergeWriter::take_answer(bolt::Cursor row) {
  uint32_t columns = 0;
  int64_t node = 0;
  int64_t live = 0;
  if (!row.list(columns) || !row.integer(node) || !row.integer(live)) return row.error("answer to a batch");
  ++answered_;
  if (node >= 0) created_[node] = live;
  ASSIGN_OR_RETURN(const auto labels, bolt::read_value(row));
  const auto* list = labels.as<Value::List>();
  if (list != nullptr && !list->empty()) extra_labels_[label_suffix(*list)].push_back(live);
  return {};
}

Result<void> MergeWriter::remove_labels() {
  for (const auto& [labels, nodes] : extra_labels_) {
    RETURN_IF_ERROR(for_each_id(
        bolt_, fmt::format("UNWIND $rows AS row MATCH (n) WHERE id(n) = row REMOVE n{} RETURN 1", labels),
        nodes, {}));
  }
  return {};
}

Result<void> MergeWriter::finish() {
  RETURN_IF_ERROR(send_all());
  return remove_labels();
}

}  // namespace summit::neo4j
