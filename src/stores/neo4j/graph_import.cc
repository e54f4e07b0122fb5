#include "stores/neo4j/graph_import.h"

#include <algorithm>
#include <array>
#include <deque>
#include <map>

#include "stores/neo4j/batch_sender.h"
#include "stores/neo4j/creation_rounds.h"
#include "stores/neo4j/graph_file.h"
#include "stores/neo4j/graph_schema.h"
#include "stores/neo4j/id_map.h"
#include "stores/neo4j/marker.h"
#include "stores/neo4j/step_counter.h"

namespace summit::neo4j {

namespace {

// A batch is sent when it has so many bytes, whatever its rows; all that are being filled together may have
// the second.
constexpr size_t kBatchBytes = 2 * MiB;
constexpr size_t kGatheredBytes = 32 * MiB;
// Relationships are created when they have so many bytes: enough for several batches of each turn.
constexpr size_t kRoundsBytes = 8 * MiB;

// The batches of one connection in one round.
struct Turn {
  std::map<std::string, Batch, std::less<>> filling;  // by type
  std::deque<Batch> full;
};

// What a batch has; it goes on with nothing.
Batch taken(Batch& batch) {
  return {batch.cypher, std::exchange(batch.rows, {}), std::exchange(batch.count, 0)};
}

class Importer final : public GraphVisitor {
 public:
  Importer(BatchSender& sender, BoltConnection& bolt, IdMap ids, const GraphImportOptions& options,
           Reporter& reporter)
      : sender_(sender), bolt_(bolt), ids_(std::move(ids)), options_(options), reporter_(reporter) {}

  Result<void> facts(GraphRecord kind, const Value::Map& facts) override;
  Result<void> node(int64_t id, ByteView labels, ByteView properties) override;
  Result<void> relationship(int64_t id, int64_t start, int64_t end, std::string_view type,
                            ByteView properties) override;
  // All batches, then the schema.
  Result<GraphImport> finish(const Cancellation& cancellation);

 private:
  enum class Stage { kSchema, kNodes, kRelationships };

  Result<void> enter(Stage stage);
  Result<Batch*> batch_for(ByteView labels);
  static Batch& batch_for_type(Turn& turn, std::string_view type);
  // Counts a row that a batch has got, and says whether it is full.
  bool gathered(Batch& batch, size_t size_before);
  Result<void> send(Batch& batch);
  Result<void> send_nodes();
  Result<void> send_relationships();
  Result<void> send_round(std::array<Turn, kCreationLanes>& lanes);
  BatchSender::RowConsumer answers() {
    return [this](bolt::Cursor row) { return take_answer(row); };
  }
  Result<void> take_answer(bolt::Cursor row);

  BatchSender& sender_;
  BoltConnection& bolt_;
  IdMap ids_;  // the new of each old one
  const GraphImportOptions& options_;
  Reporter& reporter_;
  Stage stage_ = Stage::kSchema;
  std::unique_ptr<StepCounter> counter_;
  std::vector<SchemaItem> wanted_;
  std::vector<SchemaItem> missing_;
  std::map<std::string, Batch, std::less<>> batches_;                     // of nodes, by encoded labels
  std::array<std::array<Turn, kCreationLanes>, kCreationRounds> rounds_;  // of relationships
  size_t gathered_ = 0;                                                   // bytes of all batches
  uint64_t nodes_ = 0;                                                    // as the server confirms them
  uint64_t relationships_ = 0;
  uint64_t nodes_sent_ = 0;
  uint64_t relationships_sent_ = 0;
};

Result<void> Importer::facts(GraphRecord kind, const Value::Map& facts) {
  if (kind == GraphRecord::kHeader) return {};
  if (stage_ != Stage::kSchema)
    return Error(Code::kCorrupt, "the graph file holds its schema behind its nodes");
  ASSIGN_OR_RETURN(
      auto item,
      SchemaItem::from(kind == GraphRecord::kIndex ? SchemaKind::kIndex : SchemaKind::kConstraint, facts));
  wanted_.push_back(std::move(item));
  return {};
}

Result<void> Importer::enter(Stage stage) {
  if (stage == stage_) return {};
  if (stage < stage_) return Error(Code::kCorrupt, "the graph file holds nodes behind relationships");
  if (stage_ == Stage::kSchema && options_.with_schema) {
    ASSIGN_OR_RETURN(const auto present, read_schema(bolt_));
    ASSIGN_OR_RETURN(missing_, missing_schema(wanted_, present));
  }
  // Relationships need the new ids of all nodes.
  RETURN_IF_ERROR(send_nodes());
  counter_.reset();
  stage_ = stage;
  if (stage == Stage::kNodes)
    counter_ = std::make_unique<StepCounter>(reporter_.phase(options_.store, "creating nodes", "nodes"), 0);
  if (stage == Stage::kRelationships) {
    counter_ = std::make_unique<StepCounter>(
        reporter_.phase(options_.store, "creating relationships", "relationships"), 0);
  }
  return {};
}

Result<Batch*> Importer::batch_for(ByteView labels) {
  const auto found = batches_.find(as_text(labels));
  if (found != batches_.end()) return &found->second;
  bolt::Cursor cursor(labels);
  uint32_t count = 0;
  if (!cursor.list(count)) return cursor.error("list of labels");
  std::string names;
  for (uint32_t i = 0; i < count; ++i) {
    std::string_view name;
    if (!cursor.text(name)) return cursor.error("label");
    if (name == kMarkerLabel) {
      return Error(Code::kRefused, "the graph file holds a node with the label of the environment marker")
          .hint("it was not written by us: remove that node at its source");
    }
    names += ":" + quote_identifier(name);
  }
  Batch batch;
  batch.cypher = fmt::format("UNWIND $rows AS row CREATE (n{}) SET n = row[1] RETURN row[0], id(n)", names);
  return &batches_.emplace(as_text(labels), std::move(batch)).first->second;
}

Batch& Importer::batch_for_type(Turn& turn, std::string_view type) {
  const auto found = turn.filling.find(type);
  if (found != turn.filling.end()) return found->second;
  Batch batch;
  batch.cypher = fmt::format(
      "UNWIND $rows AS row MATCH (a) WHERE id(a) = row[0] MATCH (b) WHERE id(b) = row[1] "
      "CREATE (a)-[r:{}]->(b) SET r = row[2] RETURN count(r)",
      quote_identifier(type));
  return turn.filling.emplace(type, std::move(batch)).first->second;
}

Result<void> Importer::node(int64_t id, ByteView labels, ByteView properties) {
  RETURN_IF_ERROR(enter(Stage::kNodes));
  ASSIGN_OR_RETURN(Batch* const batch, batch_for(labels));
  const size_t before = batch->rows.size();
  bolt::Writer writer(batch->rows);
  writer.list(2);
  writer.integer(id);
  writer.raw(properties);
  ++nodes_sent_;
  if (gathered(*batch, before)) return send(*batch);
  if (gathered_ < kGatheredBytes) return {};
  for (auto& [name, other] : batches_) RETURN_IF_ERROR(send(other));
  return {};
}

Result<void> Importer::relationship(int64_t, int64_t start, int64_t end, std::string_view type,
                                    ByteView properties) {
  RETURN_IF_ERROR(enter(Stage::kRelationships));
  const auto new_start = ids_.get(start);
  const auto new_end = ids_.get(end);
  if (!new_start || !new_end)
    return Error(Code::kCorrupt, "the graph file holds a relationship of type {} without its ends", type);
  const CreationTurn when = options_.connections > 1 ? creation_turn(*new_start, *new_end) : CreationTurn();
  Turn& turn = rounds_[when.round][when.lane];
  Batch& batch = batch_for_type(turn, type);
  const size_t before = batch.rows.size();
  bolt::Writer writer(batch.rows);
  writer.list(3);
  writer.integer(*new_start);
  writer.integer(*new_end);
  writer.raw(properties);
  ++relationships_sent_;
  if (gathered(batch, before)) turn.full.push_back(taken(batch));
  return gathered_ < kRoundsBytes ? Result<void>() : send_relationships();
}

bool Importer::gathered(Batch& batch, size_t size_before) {
  ++batch.count;
  gathered_ += batch.rows.size() - size_before;
  counter_->count();
  return batch.count >= options_.batch_rows || batch.rows.size() >= kBatchBytes;
}

Result<void> Importer::send(Batch& batch) {
  if (batch.count == 0) return {};
  gathered_ -= batch.rows.size();
  return sender_.send(taken(batch), answers());
}

Result<void> Importer::send_nodes() {
  for (auto& [name, batch] : batches_) RETURN_IF_ERROR(send(batch));
  batches_.clear();
  return sender_.drain(answers());
}

Result<void> Importer::send_relationships() {
  for (auto& lanes : rounds_) RETURN_IF_ERROR(send_round(lanes));
  gathered_ = 0;
  return {};
}

// In turn, so that each connection has work under way; all is committed before the next round.
Result<void> Importer::send_round(std::array<Turn, kCreationLanes>& lanes) {
  for (auto& turn : lanes) {
    for (auto& [type, batch] : turn.filling) {
      if (batch.count > 0) turn.full.push_back(std::move(batch));
    }
    turn.filling.clear();
  }
  const auto all_sent = [&] {
    return std::ranges::all_of(lanes, [](const Turn& turn) { return turn.full.empty(); });
  };
  while (!all_sent()) {
    for (size_t lane = 0; lane < lanes.size(); ++lane) {
      auto& full = lanes[lane].full;
      if (full.empty()) continue;
      Batch batch = std::move(full.front());
      full.pop_front();
      RETURN_IF_ERROR(sender_.send_over(lane, std::move(batch), answers()));
    }
  }
  return sender_.drain(answers());
}

// Old and new id of a node, or how many relationships a batch has created.
Result<void> Importer::take_answer(bolt::Cursor row) {
  uint32_t columns = 0;
  int64_t first = 0;
  int64_t second = 0;
  if (!row.list(columns) || !row.integer(first)) return row.error("answer to a batch");
  if (stage_ == Stage::kRelationships) {
    relationships_ += static_cast<uint64_t>(first);
    return {};
  }
  if (!row.integer(second)) return row.error("answer to a batch");
  ++nodes_;
  return ids_.set(first, second);
}

Result<GraphImport> Importer::finish(const Cancellation& cancellation) {
  RETURN_IF_ERROR(enter(Stage::kRelationships));
  RETURN_IF_ERROR(send_relationships());
  counter_.reset();
  if (nodes_ != nodes_sent_ || relationships_ != relationships_sent_) {
    return Error(Code::kBusy, "{} nodes and {} relationships of {} and {} were created", nodes_,
                 relationships_, nodes_sent_, relationships_sent_)
        .hint("somebody deletes nodes of the target: stop its writers, and begin again");
  }
  GraphImport result{nodes_, relationships_, {}};
  if (!options_.with_schema) return result;
  const auto phase = reporter_.phase(options_.store, "building indexes", "indexes");
  RETURN_IF_ERROR(create_schema(bolt_, missing_, cancellation));
  for (const auto& item : missing_) {
    if (!item.is_owned()) result.created.emplace_back(item.name());
  }
  return result;
}

}  // namespace

Result<GraphImport> import_graph(const config::Neo4jEndpoint& endpoint, const GraphSource& source,
                                 const GraphImportOptions& options, Reporter& reporter,
                                 const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto bolt, BoltConnection::open(endpoint, cancellation));
  ASSIGN_OR_RETURN(auto sender, BatchSender::open(endpoint, options.connections, cancellation));
  ASSIGN_OR_RETURN(auto ids, IdMap::create(options.scratch));
  Importer importer(sender, bolt, std::move(ids), options, reporter);
  GraphReader reader(importer);
  const auto consume = [&](ByteView block) -> Result<void> {
    RETURN_IF_ERROR(cancellation.check());
    return reader.write(block);
  };
  RETURN_IF_ERROR(source(consume), "while importing the graph");
  RETURN_IF_ERROR(reader.finish(), "while importing the graph");
  return importer.finish(cancellation);
}

}  // namespace summit::neo4j
