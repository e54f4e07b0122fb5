#include "stores/neo4j/nodes_by_id.h"

#include <algorithm>
#include <vector>

#include "stores/neo4j/canonical.h"

namespace summit::neo4j {

namespace {

constexpr size_t kIdsOfABatch = 5000;

}  // namespace

Result<void> for_ids(BoltConnection& bolt, std::string_view cypher, std::span<const int64_t> ids,
                     const Value::Map& parameters, const BoltConnection::RowConsumer& consume) {
  for (size_t begin = 0; begin < ids.size(); begin += kIdsOfABatch) {
    const auto some = ids.subspan(begin, std::min(kIdsOfABatch, ids.size() - begin));
    Value::List rows;
    rows.reserve(some.size());
    for (const auto id : some) rows.push_back(Value{id});
    Value::Map all = parameters;
    all.push_back({"rows", Value{std::move(rows)}});
    sort_by_key(all);
    ASSIGN_OR_RETURN(const auto packed, pack(all));
    RETURN_IF_ERROR(bolt.stream(cypher, as_bytes(packed), consume));
  }
  return {};
}

Result<void> for_each_id(BoltConnection& bolt, std::string_view cypher, std::span<const int64_t> ids,
                         const Value::Map& parameters) {
  size_t found = 0;
  const auto count = [&](bolt::Cursor) -> Result<void> {
    ++found;
    return {};
  };
  RETURN_IF_ERROR(for_ids(bolt, cypher, ids, parameters, count));
  if (found == ids.size()) return {};
  return Error(Code::kBusy, "{} of {} elements are no longer what they were when they were read",
               ids.size() - found, ids.size())
      .hint("somebody writes the same nodes: stop the owner's writers, and restore again");
}

Result<NodesState> look_at_nodes(BoltConnection& bolt, std::span<const int64_t> ids,
                                 const GraphFilter& others) {
  NodesState state;
  ElementDigester digester;
  std::vector<std::string_view> names;
  const auto add = [&](bolt::Cursor row) -> Result<void> {
    uint32_t columns = 0;
    ByteView labels;
    ByteView properties;
    int64_t links = 0;
    if (!row.list(columns) || !row.raw(labels) || !row.raw(properties) || !row.integer(links))
      return row.error("node");
    ASSIGN_OR_RETURN(const auto digest, digester.node(bolt::Cursor(labels), bolt::Cursor(properties), names));
    state.hash.add(as_bytes(fmt::format("{} {}", as_text(digest), links)));
    state.relationships += static_cast<uint64_t>(links);
    return {};
  };
  RETURN_IF_ERROR(for_ids(bolt,
                          fmt::format("UNWIND $rows AS row MATCH (n) WHERE id(n) = row "
                                      "OPTIONAL MATCH (n)-[r]-(m) WHERE {} WITH n, count(r) AS links "
                                      "RETURN labels(n), properties(n), links",
                                      is_selected(others, "m")),
                          ids, filter_parameters(others), add));
  return state;
}

}  // namespace summit::neo4j
