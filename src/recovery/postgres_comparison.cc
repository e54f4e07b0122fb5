#include "recovery/postgres_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "stores/postgres/large_objects.h"
#include "stores/postgres/schema_facts.h"

namespace summit::recovery {

namespace {

bool comes_with_its_place(std::string_view schema_group) {
  return schema_group.ends_with("grants") || schema_group.ends_with("comments");
}

std::string shown(const Fingerprint& fingerprint) {
  return fmt::format("{} {}, hash {}", fingerprint.count, fingerprint.count == 1 ? "element" : "elements",
                     fingerprint.hash.substr(0, 16));
}

std::string what_of(const Fingerprint& fingerprint) { return fingerprint.kind + " " + fingerprint.name; }

}  // namespace

std::vector<Fingerprint> expected_after(const std::vector<Fingerprint>& recorded,
                                        const std::vector<Fingerprint>& masked) {
  const auto kind_of = [](const Fingerprint& f) { return f.kind == "hypertable" ? "table" : f.kind; };
  std::vector<Fingerprint> expected = recorded;
  for (auto& fingerprint : expected) {
    const auto found = std::find_if(masked.begin(), masked.end(), [&](const Fingerprint& other) {
      return kind_of(other) == kind_of(fingerprint) && other.name == fingerprint.name;
    });
    if (found == masked.end()) continue;
    fingerprint.count = found->count;
    fingerprint.hash = found->hash;
  }
  return expected;
}

Fingerprint empty_large_objects(const pgarchive::Contents& contents,
                                const postgres::FingerprintScope& scope) {
  postgres::LargeObjectHasher hasher;
  for (const auto& entry : contents.entries) {
    for (const uint32_t oid : pgarchive::large_objects_made_by(entry))
      hasher.add({.oid = oid, .bytes = {}, .first = true, .last = true});
  }
  return postgres::large_objects_fingerprint(scope, hasher.hash());
}

Result<void> accept_refreshed_views(postgres::Connection& connection, const postgres::Inventory& inventory,
                                    const postgres::FingerprintScope& scope,
                                    const std::vector<Fingerprint>& recorded,
                                    std::vector<Fingerprint>& found) {
  for (const auto& table : inventory.tables) {
    if (table.kind != postgres::Table::Kind::kMaterializedView) continue;
    const std::string name = scope.prefix + table.name.display();
    auto same = [&](const Fingerprint& f) { return f.kind == "materialized_view" && f.name == name; };
    const auto expected = std::find_if(recorded.begin(), recorded.end(), same);
    const auto actual = std::find_if(found.begin(), found.end(), same);
    if (expected == recorded.end() || actual == found.end() || *expected == *actual) continue;
    ASSIGN_OR_RETURN(auto refreshed, postgres::fingerprint_refreshed_view(connection, table, scope));
    if (refreshed == *actual) *actual = *expected;
  }
  return {};
}

Result<std::unique_ptr<postgres::PassingRows>> passing_rows(const config::PostgresEndpoint& endpoint,
                                                            const std::string& database,
                                                            const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection,
                   postgres::Connection::open(endpoint, database, {.cancellation = cancellation}));
  if (connection.server_encoding() != "UTF8") return std::unique_ptr<postgres::PassingRows>();
  ASSIGN_OR_RETURN(auto inventory, postgres::read_inventory(connection));
  return std::make_unique<postgres::PassingRows>(std::move(inventory));
}

Result<std::vector<Fingerprint>> fingerprint_unread(const config::PostgresEndpoint& endpoint,
                                                    postgres::Snapshot& snapshot,
                                                    const postgres::Inventory& inventory,
                                                    const postgres::PassingRows* passed,
                                                    const postgres::FingerprintScope& scope, size_t jobs,
                                                    const Cancellation& cancellation, Phase* phase) {
  std::vector<Fingerprint> found;
  auto unread = inventory;
  std::erase_if(unread.tables, [&](const postgres::Table& table) {
    const auto rows = passed ? passed->rows_of(table.name) : std::nullopt;
    if (rows) found.push_back(postgres::table_fingerprint(table, scope, *rows));
    return rows.has_value();
  });
  ASSIGN_OR_RETURN(
      auto read, postgres::fingerprint_data(endpoint, snapshot.connection().database(), snapshot.id(), unread,
                                            scope, jobs, cancellation, phase));
  found.insert(found.end(), std::make_move_iterator(read.begin()), std::make_move_iterator(read.end()));
  return found;
}

std::vector<Fingerprint> of_tables(const std::vector<Fingerprint>& recorded,
                                   const std::set<postgres::RelationName>& tables) {
  std::vector<Fingerprint> chosen;
  for (const auto& fingerprint : recorded) {
    const bool of_chosen = std::any_of(tables.begin(), tables.end(), [&](const auto& table) {
      return fingerprint.kind == "table" && fingerprint.name == table.display();
    });
    if (of_chosen) chosen.push_back(fingerprint);
  }
  return chosen;
}

void leave_out_unrecorded(const std::vector<Fingerprint>& recorded, std::vector<Fingerprint>& found) {
  const bool definitions =
      std::any_of(recorded.begin(), recorded.end(), [](const auto& f) { return f.kind == "schema"; });
  std::erase_if(found, [&](const Fingerprint& f) {
    return f.kind == "materialized_view" || (f.kind == "schema" && !definitions);
  });
}

std::vector<Fingerprint> of_database(const std::vector<Fingerprint>& fingerprints, const std::string& prefix,
                                     const std::vector<std::string>& others) {
  std::vector<Fingerprint> chosen;
  for (const auto& fingerprint : fingerprints) {
    const auto begins_with = [&](const std::string& other) {
      return !other.empty() && fingerprint.name.starts_with(other);
    };
    const bool belongs = prefix.empty() ? std::none_of(others.begin(), others.end(), begins_with)
                                        : fingerprint.name.starts_with(prefix);
    if (belongs) chosen.push_back(fingerprint);
  }
  return chosen;
}

void keep(Extent extent, std::vector<Fingerprint>& fingerprints) {
  if (extent == Extent::kWhole) return;
  std::erase_if(fingerprints, [&](const Fingerprint& f) {
    const bool late = f.kind == "schema" && comes_with_its_place(f.name);
    return late != (extent == Extent::kInItsPlace);
  });
}

std::vector<std::string_view> schema_groups(Extent extent) {
  auto groups = postgres::schema_groups();
  if (extent == Extent::kWhole) return groups;
  std::erase_if(groups,
                [&](auto group) { return comes_with_its_place(group) != (extent == Extent::kInItsPlace); });
  return groups;
}

void leave_out_empty_views(std::vector<Fingerprint>& recorded, const std::vector<Fingerprint>& found) {
  std::erase_if(recorded, [&](const Fingerprint& f) {
    return f.kind == "materialized_view" && std::none_of(found.begin(), found.end(), [&](const auto& other) {
             return other.kind == f.kind && other.name == f.name;
           });
  });
}

void leave_out_comments(std::vector<Fingerprint>& fingerprints) {
  std::erase_if(fingerprints,
                [](const Fingerprint& f) { return f.kind == "schema" && f.name.ends_with("comments"); });
}

std::vector<Difference> differences(const std::vector<Fingerprint>& recorded,
                                    const std::vector<Fingerprint>& found, bool with_schema) {
  std::map<std::pair<std::string, std::string>, std::pair<const Fingerprint*, const Fingerprint*>> pairs;
  for (const auto& fingerprint : recorded) {
    if (with_schema || fingerprint.kind != "schema")
      pairs[{fingerprint.kind, fingerprint.name}].first = &fingerprint;
  }
  for (const auto& fingerprint : found) pairs[{fingerprint.kind, fingerprint.name}].second = &fingerprint;
  std::vector<Difference> result;
  for (const auto& [key, pair] : pairs) {
    const auto [expected, actual] = pair;
    if (expected && actual && expected->count == actual->count && expected->hash == actual->hash) continue;
    result.push_back({what_of(expected ? *expected : *actual), expected ? shown(*expected) : "absent",
                      actual ? shown(*actual) : "absent"});
  }
  return result;
}

}  // namespace summit::recovery
