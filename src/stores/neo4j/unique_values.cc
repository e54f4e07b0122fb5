#include "stores/neo4j/unique_values.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "stores/neo4j/batch_sender.h"
#include "stores/neo4j/canonical.h"
#include "stores/neo4j/graph_file.h"

namespace summit::neo4j {

namespace {

constexpr size_t kRowsOfABatch = 5000;
constexpr size_t kBytesOfABatch = 2 * MiB;

// A node of the file that is to be written, under one constraint. A value that it does not have is empty.
struct KeyedNode {
  const NodeKeys::Key& key;
  std::optional<int64_t> live;
  bool has_label = false;
  const std::vector<ByteView>& values;

  bool is_constrained() const {
    return has_label && std::none_of(values.begin(), values.end(), [](ByteView one) { return one.empty(); });
  }
};

class KeyedNodes final : public GraphVisitor {
 public:
  using Consumer = std::function<Result<void>(const KeyedNode&)>;
  KeyedNodes(const GraphComparison& comparison, const NodeKeys& keys, Consumer consume)
      : comparison_(comparison), keys_(keys), consume_(std::move(consume)) {}

  Result<void> facts(GraphRecord, const Value::Map&) override { return {}; }
  Result<void> relationship(int64_t, int64_t, int64_t, std::string_view, ByteView) override { return {}; }
  Result<void> node(int64_t id, ByteView labels, ByteView properties) override {
    const auto partner = comparison_.partner_of(id);
    if (partner && partner->stays) return {};
    RETURN_IF_ERROR(read_labels(bolt::Cursor(labels), labels_));
    for (const auto& key : keys_.keys()) {
      RETURN_IF_ERROR(find_values(key, properties, values_));
      const bool has_label = std::binary_search(labels_.begin(), labels_.end(), std::string_view(key.label));
      RETURN_IF_ERROR(
          consume_({key, partner ? std::optional(partner->id) : std::nullopt, has_label, values_}));
    }
    return {};
  }

 private:
  const GraphComparison& comparison_;
  const NodeKeys& keys_;
  Consumer consume_;
  std::vector<std::string_view> labels_;
  std::vector<ByteView> values_;
};

// Statements with rows, sent when there are enough of them; says what their answers add up to.
class CountedBatches {
 public:
  CountedBatches(BoltConnection& bolt, Value::Map parameters)
      : bolt_(bolt), parameters_(std::move(parameters)) {}

  // Of `fields` values that `write` appends.
  Result<void> add(const std::string& cypher, size_t fields,
                   const std::function<void(bolt::Writer&)>& write) {
    Batch& batch = batches_[cypher];
    batch.cypher = cypher;
    ++batch.count;
    bolt::Writer writer(batch.rows);
    writer.list(fields);
    write(writer);
    return batch.count >= kRowsOfABatch || batch.rows.size() >= kBytesOfABatch ? send(batch) : Result<void>();
  }
  Result<void> finish() {
    for (auto& [cypher, batch] : batches_) RETURN_IF_ERROR(send(batch));
    return {};
  }
  // By statement.
  const std::map<std::string, uint64_t>& sums() const { return sums_; }

 private:
  Result<void> send(Batch& batch) {
    if (batch.count == 0) return {};
    std::string encoded;
    bolt::Writer writer(encoded);
    writer.map(parameters_.size() + 1);
    for (const auto& [name, value] : parameters_) {
      writer.text(name);
      RETURN_IF_ERROR(writer.value(value));
    }
    writer.text("rows");
    writer.list(batch.count);
    writer.raw(as_bytes(batch.rows));
    const auto take = [&](bolt::Cursor row) -> Result<void> {
      uint32_t columns = 0;
      int64_t number = 0;
      if (!row.list(columns) || !row.integer(number)) return row.error("number");
      sums_[batch.cypher] += static_cast<uint64_t>(number);
      return {};
    };
    RETURN_IF_ERROR(bolt_.stream(batch.cypher, as_bytes(encoded), take));
    batch.rows.clear();
    batch.count = 0;
    return {};
  }

  BoltConnection& bolt_;
  Value::Map parameters_;
  std::map<std::string, Batch> batches_;
  std::map<std::string, uint64_t> sums_;
};

Result<void> read_nodes(const GraphSource& backup, KeyedNodes nodes) {
  GraphReader reader(nodes);
  RETURN_IF_ERROR(backup([&](ByteView block) { return reader.write(block); }), "while reading the backup");
  return reader.finish();
}

// Each row: the values.
std::string count_holders(const NodeKeys::Key& key, const GraphFilter& filter) {
  std::string cypher = fmt::format("UNWIND $rows AS row MATCH (n:{}) WHERE ", quote_identifier(key.label));
  for (size_t i = 0; i < key.properties.size(); ++i)
    cypher += fmt::format("n.{} = row[{}] AND ", quote_identifier(key.properties[i]), i);
  return cypher +
         fmt::format("(NOT {} OR {}) RETURN count(n)", is_selected(filter, "n"), is_of_several(filter, "n"));
}

// Each row: the live node, and the values; null for one that it will not have.
std::string take_value(const NodeKeys::Key& key) {
  std::string differs = "false";
  for (size_t i = 0; i < key.properties.size(); ++i)
    differs += fmt::format(" OR coalesce(n.{} <> row[{}], true)", quote_identifier(key.properties[i]), i + 1);
  // A node without one of the properties is under no constraint.
  return fmt::format(
      "UNWIND $rows AS row MATCH (n:{}) WHERE id(n) = row[0] AND ({}) REMOVE n.{} "
      "RETURN count(*)",
      quote_identifier(key.label), differs, quote_identifier(key.properties.front()));
}

// Each row: the live node.
std::string take_label(const NodeKeys::Key& key) {
  return fmt::format("UNWIND $rows AS row MATCH (n:{0}) WHERE id(n) = row[0] REMOVE n:{0} RETURN count(*)",
                     quote_identifier(key.label));
}

}  // namespace

Result<std::vector<std::string>> find_taken_values(BoltConnection& bolt, const GraphSource& backup,
                                                   const GraphComparison& comparison,
                                                   const GraphFilter& filter, const NodeKeys& keys) {
  if (keys.keys().empty()) return std::vector<std::string>();
  CountedBatches batches(bolt, filter_parameters(filter));
  const auto look = [&](const KeyedNode& node) -> Result<void> {
    if (!node.is_constrained()) return {};
    return batches.add(count_holders(node.key, filter), node.values.size(), [&](bolt::Writer& writer) {
      for (const auto value : node.values) writer.raw(value);
    });
  };
  RETURN_IF_ERROR(read_nodes(backup, KeyedNodes(comparison, keys, look)));
  RETURN_IF_ERROR(batches.finish());
  std::vector<std::string> taken;
  for (const auto& key : keys.keys()) {
    const auto found = batches.sums().find(count_holders(key, filter));
    if (found == batches.sums().end() || found->second == 0) continue;
    taken.push_back(fmt::format("{} of the backup's nodes :{} {} a value of {} that a node of others has now",
                                found->second, key.label, found->second == 1 ? "has" : "have",
                                fmt::join(key.properties, ", ")));
  }
  return taken;
}

Result<void> release_values(BoltConnection& bolt, const GraphSource& backup,
                            const GraphComparison& comparison, const NodeKeys& keys) {
  if (keys.keys().empty()) return {};
  CountedBatches batches(bolt, {});
  const auto release = [&](const KeyedNode& node) -> Result<void> {
    if (!node.live) return {};
    if (!node.has_label)
      return batches.add(take_label(node.key), 1, [&](bolt::Writer& writer) { writer.integer(*node.live); });
    return batches.add(take_value(node.key), node.values.size() + 1, [&](bolt::Writer& writer) {
      writer.integer(*node.live);
      for (const auto value : node.values) value.empty() ? writer.null() : writer.raw(value);
    });
  };
  RETURN_IF_ERROR(read_nodes(backup, KeyedNodes(comparison, keys, release)));
  return batches.finish();
}

}  // namespace summit::neo4j
