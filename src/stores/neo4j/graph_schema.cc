#include "stores/neo4j/graph_schema.h"

#include <algorithm>

#include "core/wait.h"
#include "stores/neo4j/canonical.h"
#include "stores/neo4j/server.h"

namespace summit::neo4j {

namespace {

std::vector<std::string> columns_of(SchemaKind kind) {
  std::vector<std::string> columns;
  std::string_view rest = identity_columns(kind);
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(", "), rest.size());
    columns.emplace_back(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 2, rest.size()));
  }
  return columns;
}

bool is_named_by(const GraphFilter& filter, const Row& identity) {
  const auto* names = identity[3].as<Value::List>();
  if (filter.labels.empty() && filter.relationship_types.empty()) return true;
  if (names == nullptr || names->empty()) return true;
  const bool of_nodes = identity[2].text() == "NODE";
  const auto& wanted = of_nodes ? filter.labels : filter.relationship_types;
  if (wanted.empty()) return true;
  return std::any_of(names->begin(), names->end(), [&](const Value& name) {
    return std::find(wanted.begin(), wanted.end(), name.text()) != wanted.end();
  });
}

Result<void> read_items(BoltConnection& bolt, SchemaKind kind, const GraphFilter& filter,
                        std::vector<SchemaItem>& items) {
  ASSIGN_OR_RETURN(auto rows, bolt.run(show_statement(kind, Release::of(server_version(bolt)))));
  for (auto& row : rows) {
    std::string statement(row.back().text());
    row.pop_back();
    if (is_named_by(filter, row)) items.push_back({kind, std::move(row), std::move(statement)});
  }
  return {};
}

// Names are unique, except that a constraint's own index has the name of the constraint.
bool have_same_name(const SchemaItem& a, const SchemaItem& b) {
  return a.name() == b.name() && (a.kind == b.kind || (!a.is_owned() && !b.is_owned()));
}

Result<void> await_online(BoltConnection& bolt, const Cancellation& cancellation) {
  constexpr std::chrono::milliseconds kInterval{100};
  while (true) {
    ASSIGN_OR_RETURN(const auto rows, bolt.run("SHOW INDEXES YIELD name, state, failureMessage "
                                               "WHERE state <> 'ONLINE' RETURN name, state, failureMessage"));
    if (rows.empty()) return {};
    for (const auto& row : rows) {
      if (row[1].text() != "FAILED") continue;
      return Error(Code::kFailed, "index {} failed to populate: {}", row[0].text(), row[2].text())
          .hint(fmt::format("mend what it says, then drop and create `{}` again", row[0].text()));
    }
    RETURN_IF_ERROR(pause_for(kInterval, cancellation));
  }
}

}  // namespace

std::string_view name_of(SchemaKind kind) { return kind == SchemaKind::kIndex ? "index" : "constraint"; }

std::string_view identity_columns(SchemaKind kind) {
  return kind == SchemaKind::kIndex
             ? "name, type, entityType, labelsOrTypes, properties, owningConstraint, options"
             : "name, type, entityType, labelsOrTypes, properties, ownedIndex, propertyType";
}

std::string show_statement(SchemaKind kind, const Release& release) {
  const std::string_view shown = kind == SchemaKind::kIndex ? "INDEXES" : "CONSTRAINTS";
  std::string given(identity_columns(kind));
  std::string wanted = given;
  if (kind == SchemaKind::kConstraint && !release.knows_property_types()) {
    constexpr std::string_view kUnknown = ", propertyType";
    given.resize(given.size() - kUnknown.size());
    wanted = given + ", null AS propertyType";
  }
  return fmt::format("SHOW {} YIELD {}, createStatement RETURN {}, createStatement", shown, given, wanted);
}

Fingerprint schema_fingerprint(std::string_view store, SchemaKind kind, const Row& identity) {
  std::string bytes;
  append_canonical(Value{Value::List(identity.begin(), identity.end())}, bytes);
  SetHash set;
  set.add(as_bytes(bytes));
  return {std::string(store), std::string(name_of(kind)), std::string(identity.front().text()), 1, set.hex()};
}

Value::Map SchemaItem::facts() const {
  Value::Map map{{"createStatement", Value{create_statement}}};
  const auto columns = columns_of(kind);
  for (size_t i = 0; i < columns.size(); ++i) map.push_back({columns[i], identity[i]});
  sort_by_key(map);
  return map;
}

Result<SchemaItem> SchemaItem::from(SchemaKind kind, const Value::Map& facts) {
  SchemaItem item{kind, {}, {}};
  for (const auto& column : columns_of(kind)) {
    const auto* value = find(facts, column);
    if (value == nullptr)
      return Error(Code::kCorrupt, "the graph file holds an {} without {}", name_of(kind), column);
    item.identity.push_back(*value);
  }
  const auto* statement = find(facts, "createStatement");
  if (statement) item.create_statement = statement->text();
  if (item.create_statement.empty() || item.name().empty())
    return Error(Code::kCorrupt, "the graph file does not say how to create an {}", name_of(kind));
  return item;
}

Result<std::vector<SchemaItem>> read_schema(BoltConnection& bolt, const GraphFilter& filter) {
  std::vector<SchemaItem> items;
  RETURN_IF_ERROR(read_items(bolt, SchemaKind::kConstraint, filter, items), "while reading the constraints");
  RETURN_IF_ERROR(read_items(bolt, SchemaKind::kIndex, filter, items), "while reading the indexes");
  return items;
}

Result<std::vector<SchemaItem>> missing_schema(const std::vector<SchemaItem>& wanted,
                                               const std::vector<SchemaItem>& present) {
  std::vector<SchemaItem> missing;
  for (const auto& item : wanted) {
    const auto found = std::find_if(present.begin(), present.end(),
                                    [&](const SchemaItem& other) { return have_same_name(item, other); });
    if (found == present.end()) {
      missing.push_back(item);
    } else if (found->kind != item.kind || found->identity != item.identity) {
      return Error(Code::kAlreadyExists, "the target has another {} of the name {}", name_of(found->kind),
                   item.name())
          .hint(fmt::format("rename or drop it there, if it may go: DROP {} {}",
                            found->kind == SchemaKind::kIndex ? "INDEX" : "CONSTRAINT",
                            quote_identifier(item.name())));
    }
  }
  return missing;
}

Result<void> create_schema(BoltConnection& bolt, const std::vector<SchemaItem>& items,
                           const Cancellation& cancellation) {
  for (const auto kind : {SchemaKind::kConstraint, SchemaKind::kIndex}) {
    for (const auto& item : items) {
      if (item.kind != kind || item.is_owned()) continue;
      const auto created = bolt.run(item.create_statement);
      if (created.ok()) continue;
      if (created.error().message().find("EquivalentSchemaRuleAlreadyExists") != std::string::npos) continue;
      RETURN_IF_ERROR(Result<void>(created.error()), "while creating the {} {}", name_of(kind), item.name());
    }
  }
  return await_online(bolt, cancellation);
}

}  // namespace summit::neo4j
