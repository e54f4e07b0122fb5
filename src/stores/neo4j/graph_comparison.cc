#include "stores/neo4j/graph_comparison.h"

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <map>

#include "stores/neo4j/graph_digests.h"
#include "stores/neo4j/graph_file.h"
#include "stores/neo4j/node_keys.h"

namespace summit::neo4j {

namespace {

struct NodeRecord {
  ShortDigest identity;
  ShortDigest content;
  int64_t id;
  size_t kind;
  auto operator<=>(const NodeRecord&) const = default;
};

struct RelationshipRecord {
  ShortDigest digest;
  int64_t id;  // live: the server's; of the file: its ordinal
  uint32_t kind;
  uint32_t of_several;  // whether both ends are
  auto operator<=>(const RelationshipRecord&) const = default;
};

// Kinds of elements in the order in which they first occur.
class Kinds {
 public:
  explicit Kinds(std::vector<ElementChanges>& changes) : changes_(changes) {}

  size_t of_node(const std::vector<std::string_view>& labels) {
    std::string name = "(";
    for (const auto label : labels) name.append(":").append(label);
    return of(name + ")");
  }
  size_t of_relationship(std::string_view type) { return of(fmt::format("-[:{}]->", type)); }
  ElementChanges& operator[](size_t kind) { return changes_[kind]; }

 private:
  size_t of(const std::string& name) {
    const auto [found, is_new] = indexes_.try_emplace(name, changes_.size());
    if (is_new) changes_.push_back({name});
    return found->second;
  }

  std::vector<ElementChanges>& changes_;
  std::map<std::string, size_t> indexes_;
};

// The relationship's ends are named by the nodes of the file.
Result<ShortDigest> relationship_identity(ElementDigester& digester, std::string_view type,
                                          ByteView properties, int64_t start, int64_t end) {
  const auto from = std::bit_cast<std::array<char, sizeof start>>(start);
  const auto to = std::bit_cast<std::array<char, sizeof end>>(end);
  ASSIGN_OR_RETURN(const auto digest,
                   digester.relationship(type, bolt::Cursor(properties), {from.data(), from.size()},
                                         {to.data(), to.size()}));
  return shortened(digest);
}

// The records from `begin` on that have this identity.
std::span<NodeRecord> group_at(std::span<NodeRecord> records, size_t begin, const ShortDigest& identity) {
  size_t end = begin;
  while (end < records.size() && records[end].identity == identity) ++end;
  return records.subspan(begin, end - begin);
}

}  // namespace

// Takes the file first, then the live part; nodes are matched when the first live relationship comes.
class GraphComparison::Sides final : public GraphVisitor {
 public:
  static Result<Sides> create(const fs::path& scratch, NodeKeys keys, GraphComparison& result) {
    ASSIGN_OR_RETURN(auto digests, GraphDigests::create(scratch));
    ASSIGN_OR_RETURN(auto saved, SpilledRecords<NodeRecord>::create(scratch));
    ASSIGN_OR_RETURN(auto live, SpilledRecords<NodeRecord>::create(scratch));
    ASSIGN_OR_RETURN(auto saved_links, SpilledRecords<RelationshipRecord>::create(scratch));
    ASSIGN_OR_RETURN(auto live_links, SpilledRecords<RelationshipRecord>::create(scratch));
    ASSIGN_OR_RETURN(auto backward, IdMap::create(scratch));
    return Sides(std::move(keys), result, std::move(digests), std::move(saved), std::move(live),
                 std::move(saved_links), std::move(live_links), std::move(backward));
  }

  Result<void> facts(GraphRecord kind, const Value::Map& facts) override {
    if (is_live_ || kind == GraphRecord::kHeader) return {};
    ASSIGN_OR_RETURN(
        auto item,
        SchemaItem::from(kind == GraphRecord::kIndex ? SchemaKind::kIndex : SchemaKind::kConstraint, facts));
    result_.schema_.push_back(std::move(item));
    return {};
  }

  Result<void> node(int64_t id, ByteView labels, ByteView properties) override {
    ASSIGN_OR_RETURN(const auto digest,
                     digester_.node(bolt::Cursor(labels), bolt::Cursor(properties), labels_));
    const auto content = shortened(digest);
    ASSIGN_OR_RETURN(const auto identity, keys_.identity(labels_, properties, content));
    const NodeRecord record{identity, content, id, kinds_.of_node(labels_)};
    if (is_live_) return live_nodes_.add(record);
    ++kinds_[record.kind].backed_up;
    RETURN_IF_ERROR(digests_.add_node(id, labels_, digest));
    return saved_nodes_.add(record);
  }

  Result<void> relationship(int64_t id, int64_t start, int64_t end, std::string_view type,
                            ByteView properties) override {
    return is_live_ ? take_live(id, start, end, type, properties) : take_saved(start, end, type, properties);
  }

  // `several`: nodes of several owners, sorted.
  void begin_live(std::span<const int64_t> several) {
    digests_.report({}, result_.fingerprints_);
    several_ = several;
    is_live_ = true;
  }

  Result<void> finish() {
    RETURN_IF_ERROR(match_nodes());
    return match_relationships();
  }

 private:
  Sides(NodeKeys keys, GraphComparison& result, GraphDigests digests, SpilledRecords<NodeRecord> saved,
        SpilledRecords<NodeRecord> live, SpilledRecords<RelationshipRecord> saved_links,
        SpilledRecords<RelationshipRecord> live_links, IdMap backward)
      : keys_(std::move(keys)),
        result_(result),
        kinds_(result.changes_),
        digests_(std::move(digests)),
        saved_nodes_(std::move(saved)),
        live_nodes_(std::move(live)),
        saved_relationships_(std::move(saved_links)),
        live_relationships_(std::move(live_links)),
        node_of_live_(std::move(backward)) {}

  Result<void> take_saved(int64_t start, int64_t end, std::string_view type, ByteView properties) {
    ASSIGN_OR_RETURN(const auto digest, relationship_identity(digester_, type, properties, start, end));
    const size_t kind = kinds_.of_relationship(type);
    ++kinds_[kind].backed_up;
    RETURN_IF_ERROR(digests_.add_relationship(start, end, type, properties));
    return saved_relationships_.add({digest, ordinal_++, static_cast<uint32_t>(kind), 0});
  }

  Result<void> take_live(int64_t id, int64_t start, int64_t end, std::string_view type, ByteView properties) {
    RETURN_IF_ERROR(match_nodes());
    const auto from = node_of_live_.get(start);
    const auto to = node_of_live_.get(end);
    const size_t kind = kinds_.of_relationship(type);
    const bool of_several = is_of_several(start) && is_of_several(end);
    if (!from || !to) {
      const bool goes_with_a_node = (!from && !is_of_several(start)) || (!to && !is_of_several(end));
      return goes_with_a_node ? gone_with_a_node(kind) : surplus_relationship(id, kind, of_several);
    }
    ASSIGN_OR_RETURN(const auto digest, relationship_identity(digester_, type, properties, *from, *to));
    return live_relationships_.add({digest, id, static_cast<uint32_t>(kind), of_several ? 1U : 0U});
  }
  Result<void> gone_with_a_node(size_t kind) {
    ++kinds_[kind].deleted;
    return {};
  }
  Result<void> surplus_relationship(int64_t id, size_t kind, bool of_several) {
    if (of_several) {
      ++result_.differing_relationships_of_several_;
      return {};
    }
    ++kinds_[kind].deleted;
    return result_.surplus_relationships_.add(id);
  }
  bool is_of_several(int64_t live) const {
    return std::binary_search(several_.begin(), several_.end(), live);
  }

  Result<void> match_nodes();
  Result<void> match_group(std::span<NodeRecord> saved, std::span<NodeRecord> live);
  Result<void> pair(const NodeRecord& saved, const NodeRecord& live);
  Result<void> surplus(const NodeRecord& live) {
    if (is_of_several(live.id)) {
      ++result_.differing_nodes_of_several_;
      return {};
    }
    ++kinds_[live.kind].deleted;
    return result_.surplus_nodes_.add(live.id);
  }
  Result<void> match_relationships();

  NodeKeys keys_;
  GraphComparison& result_;
  Kinds kinds_;
  GraphDigests digests_;
  SpilledRecords<NodeRecord> saved_nodes_;
  SpilledRecords<NodeRecord> live_nodes_;
  SpilledRecords<RelationshipRecord> saved_relationships_;
  SpilledRecords<RelationshipRecord> live_relationships_;
  IdMap node_of_live_;  // of the file
  std::span<const int64_t> several_;
  ElementDigester digester_;
  std::vector<std::string_view> labels_;
  int64_t ordinal_ = 0;
  bool is_live_ = false;
  bool matched_ = false;
};

Result<void> GraphComparison::Sides::pair(const NodeRecord& saved, const NodeRecord& live) {
  const bool equal = saved.content == live.content;
  const bool of_several = !equal && is_of_several(live.id);
  if (of_several) {
    ++result_.differing_nodes_of_several_;
  } else if (!equal) {
    ++kinds_[saved.kind].changed;
  }
  RETURN_IF_ERROR(node_of_live_.set(live.id, saved.id));
  // The lowest bit says "stays", so that one table is enough.
  return result_.partners_.set(saved.id, live.id * 2 + (equal || of_several ? 1 : 0));
}

// All nodes of one identity: equal ones are paired first, then the others as they come.
Result<void> GraphComparison::Sides::match_group(std::span<NodeRecord> saved, std::span<NodeRecord> live) {
  std::vector<const NodeRecord*> rest_saved;
  std::vector<const NodeRecord*> rest_live;
  size_t i = 0;
  size_t j = 0;
  while (i < saved.size() || j < live.size()) {
    if (j == live.size() || (i < saved.size() && saved[i].content < live[j].content)) {
      rest_saved.push_back(&saved[i++]);
    } else if (i == saved.size() || live[j].content < saved[i].content) {
      rest_live.push_back(&live[j++]);
    } else {
      RETURN_IF_ERROR(pair(saved[i++], live[j++]));
    }
  }
  const size_t changed = std::min(rest_saved.size(), rest_live.size());
  for (size_t k = 0; k < changed; ++k) RETURN_IF_ERROR(pair(*rest_saved[k], *rest_live[k]));
  for (size_t k = changed; k < rest_saved.size(); ++k) ++kinds_[rest_saved[k]->kind].created;
  for (size_t k = changed; k < rest_live.size(); ++k) RETURN_IF_ERROR(surplus(*rest_live[k]));
  return {};
}

Result<void> GraphComparison::Sides::match_nodes() {
  if (std::exchange(matched_, true)) return {};
  ASSIGN_OR_RETURN(const auto saved, saved_nodes_.sorted());
  ASSIGN_OR_RETURN(const auto live, live_nodes_.sorted());
  size_t i = 0;
  size_t j = 0;
  while (i < saved.size() || j < live.size()) {
    const bool from_saved = i < saved.size() && (j == live.size() || !(live[j].identity < saved[i].identity));
    const auto identity = from_saved ? saved[i].identity : live[j].identity;
    const auto here = group_at(saved, i, identity);
    const auto there = group_at(live, j, identity);
    RETURN_IF_ERROR(match_group(here, there));
    i += here.size();
    j += there.size();
  }
  return {};
}

Result<void> GraphComparison::Sides::match_relationships() {
  ASSIGN_OR_RETURN(const auto saved, saved_relationships_.sorted());
  ASSIGN_OR_RETURN(const auto live, live_relationships_.sorted());
  size_t i = 0;
  size_t j = 0;
  while (i < saved.size() || j < live.size()) {
    if (j == live.size() || (i < saved.size() && saved[i].digest < live[j].digest)) {
      ++kinds_[saved[i].kind].created;
      RETURN_IF_ERROR(result_.lacking_.set(static_cast<uint64_t>(saved[i++].id), "\1"));
    } else if (i == saved.size() || live[j].digest < saved[i].digest) {
      RETURN_IF_ERROR(surplus_relationship(live[j].id, live[j].kind, live[j].of_several != 0));
      ++j;
    } else {
      ++i;
      ++j;
    }
  }
  return {};
}

Result<GraphComparison> GraphComparison::make(BoltConnection& live, const GraphSource& backup,
                                              const GraphExportOptions& options, Reporter& reporter,
                                              const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto partners, IdMap::create(options.scratch));
  ASSIGN_OR_RETURN(auto lacking, IdTable::create(options.scratch, 1));
  ASSIGN_OR_RETURN(auto nodes, SpilledRecords<int64_t>::create(options.scratch));
  ASSIGN_OR_RETURN(auto relationships, SpilledRecords<int64_t>::create(options.scratch));
  ASSIGN_OR_RETURN(auto several, SpilledRecords<int64_t>::create(options.scratch));
  GraphComparison result(std::move(partners), std::move(lacking), std::move(nodes), std::move(relationships),
                         std::move(several));
  ASSIGN_OR_RETURN(const auto schema, read_schema(live));
  ASSIGN_OR_RETURN(auto sides, Sides::create(options.scratch, NodeKeys(schema), result));
  {
    GraphReader reader(sides);
    RETURN_IF_ERROR(backup([&](ByteView block) { return reader.write(block); }), "while reading the backup");
    RETURN_IF_ERROR(reader.finish(), "while reading the backup");
  }
  RETURN_IF_ERROR(result.find_nodes_of_several(live, options.filter));
  ASSIGN_OR_RETURN(const auto nodes_of_several, result.nodes_of_several());
  sides.begin_live(nodes_of_several);
  GraphReader reader(sides);
  ASSIGN_OR_RETURN(
      const auto exported,
      export_graph(
          live, options, [&](ByteView block) { return reader.write(block); }, reporter, cancellation));
  RETURN_IF_ERROR(reader.finish());
  RETURN_IF_ERROR(sides.finish());
  result.live_nodes_ = exported.nodes;
  return result;
}

Result<void> GraphComparison::find_nodes_of_several(BoltConnection& live, const GraphFilter& filter) {
  ASSIGN_OR_RETURN(const auto packed, pack(filter_parameters(filter)));
  const auto take = [&](bolt::Cursor row) -> Result<void> {
    uint32_t columns = 0;
    int64_t id = 0;
    if (!row.list(columns) || !row.integer(id)) return row.error("id of a node");
    return nodes_of_several_.add(id);
  };
  return live.stream(fmt::format("MATCH {} WHERE {} AND {} RETURN id(n)", node_pattern(filter, "n"),
                                 node_condition(filter, "n"), is_of_several(filter, "n")),
                     as_bytes(packed), take, BoltConnection::Access::kRead);
}

std::optional<GraphComparison::Partner> GraphComparison::partner_of(int64_t node) const {
  const auto stored = partners_.get(node);
  if (!stored) return {};
  return Partner{*stored / 2, *stored % 2 == 1};
}

bool GraphComparison::lacks_relationship(uint64_t ordinal) const {
  const auto entry = lacking_.get(ordinal);
  return !entry.empty() && entry.front() != 0;
}

}  // namespace summit::neo4j
