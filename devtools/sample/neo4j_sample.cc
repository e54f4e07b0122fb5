#include "devtools/sample/neo4j_sample.h"

#include <nlohmann/json.hpp>

#include "devtools/platform/cypher_client.h"
#include "devtools/sample/vocabulary.h"

namespace summit::sample {

namespace {

using platform::CypherClient;
using Json = nlohmann::json;

const std::vector<std::string> kSchema{
    "CREATE CONSTRAINT user_id FOR (n:User) REQUIRE n.id IS UNIQUE",
    "CREATE CONSTRAINT entity_id FOR (n:Entity) REQUIRE n.id IS UNIQUE",
    "CREATE CONSTRAINT investigation_id FOR (n:Investigation) REQUIRE n.id IS UNIQUE",
    "CREATE CONSTRAINT tenant_id FOR (n:Tenant) REQUIRE n.id IS UNIQUE",
    "CREATE INDEX entity_name FOR (n:Entity) ON (n.name)",
    "CREATE INDEX entity_tenant_kind FOR (n:Entity) ON (n.tenant_id, n.kind)",
    "CREATE TEXT INDEX user_email FOR (n:User) ON (n.email)",
    "CREATE POINT INDEX entity_place FOR (n:Entity) ON (n.place)",
    "CREATE INDEX related_since FOR ()-[r:RELATED_TO]-() ON (r.since)",
    "CREATE FULLTEXT INDEX entity_text FOR (n:Entity|User) ON EACH [n.name, n.note]",
    "CREATE VECTOR INDEX entity_vector FOR (n:Entity) ON n.vector "
    "OPTIONS {indexConfig: {`vector.dimensions`: 8, `vector.similarity_function`: 'cosine'}}",
};

constexpr std::string_view kTenants = "UNWIND $rows AS row CREATE (:Tenant {id: row.id, name: row.name})";

constexpr std::string_view kUsers =
    "UNWIND $rows AS row MATCH (t:Tenant {id: row.tenant_id}) "
    "CREATE (u:User {id: row.id, tenant_id: row.tenant_id, name: row.name, email: row.email, phone: "
    "row.phone, "
    "born: date(row.born), shift: time(row.shift)})-[:MEMBER_OF {since: date(row.joined)}]->(t)";

constexpr std::string_view kInvestigations =
    "UNWIND $rows AS row MATCH (u:User {id: row.lead}) "
    "CREATE (i:Investigation {id: row.id, tenant_id: row.tenant_id, title: row.title, classified: "
    "row.classified, "
    "opened: datetime(row.opened), budget: duration(row.takes)})<-[:LEADS]-(u)";

constexpr std::string_view kEntities =
    "UNWIND $rows AS row MATCH (i:Investigation {id: row.investigation_id}) "
    "CREATE (e:Entity {id: row.id, tenant_id: row.tenant_id, kind: row.kind, name: row.name, phone: "
    "row.phone, note: row.note, "
    "place: point({latitude: row.latitude, longitude: row.longitude}), plan: point({x: row.x, y: row.y, z: "
    "1.5}), "
    "seen: datetime(row.seen), local: localdatetime(row.local), zoned: datetime({epochSeconds: row.epoch, "
    "timezone: 'Europe/Berlin'}), "
    "stay: duration(row.stay), aliases: row.aliases, scores: row.scores, flags: row.flags, days: [day IN "
    "row.days | date(day)], "
    "vector: row.vector, classified: row.classified, big: row.big, ratio: row.ratio, live: "
    "row.live})-[:PART_OF]->(i) "
    "FOREACH (_ IN CASE WHEN row.kind = 'person' THEN [1] ELSE [] END | SET e:Person) "
    "FOREACH (_ IN CASE WHEN row.kind = 'organisation' THEN [1] ELSE [] END | SET e:Organisation) "
    "FOREACH (_ IN CASE WHEN row.classified IS NULL THEN [] ELSE [1] END | SET e:Classified)";

constexpr std::string_view kRelations =
    "UNWIND $rows AS row MATCH (a:Entity {id: row.from}) MATCH (b:Entity {id: row.to}) "
    "CREATE (a)-[:RELATED_TO {since: date(row.since), weight: row.weight, tags: row.tags, at: point({x: "
    "row.weight, y: 2})}]->(b)";

// Names that must be quoted, values without a JSON form, edge values, a node without anything, a loop, two
// equal relationships.
const std::vector<std::string> kOddities{
    "CREATE (:`Odd Label` {`property with blank`: 1, `back``tick`: 'x', `größe`: 2.5, empty: '', none: [], "
    "`a.b`: true})",
    "CREATE ()",
    "CREATE (n:Edge {max: 9223372036854775807, min: -9223372036854775808, nan: 0.0/0.0, inf: 1.0/0.0, "
    "negative_zero: -0.0, tiny: 4.9E-324})",
    "CREATE (n:Loop {id: 1})-[:`NEXT STEP` {n: 1}]->(n) CREATE (n)-[:TWICE]->(m:Loop {id: 2}) CREATE "
    "(n)-[:TWICE]->(m)",
    "CREATE (:Times {a: time('12:30:00.000000001+05:30'), b: localtime('23:59:59.999999999'), c: "
    "date('-0044-03-15'), "
    "d: datetime('2024-10-27T02:30:00+01:00[Europe/Berlin]'), e: duration('P-1Y2M-3DT4H-5M6.000000007S'), "
    "f: [datetime('2020-01-01T00:00:00Z'), datetime('9999-12-31T23:59:59.999999999Z')]})",
    "CREATE (:Places {a: point({x: 1, y: 2}), b: point({x: 1, y: 2, z: 3}), c: point({longitude: 12.5, "
    "latitude: 56.7}), "
    "d: point({longitude: 12.5, latitude: 56.7, height: 8848}), e: [point({x: -1, y: 0}), point({x: 0, y: "
    "-0.5})]})",
};

// Sends rows in transactions of a bounded size.
class Batches {
 public:
  Batches(CypherClient& client, std::string_view statement) : client_(client), statement_(statement) {}

  Result<void> add(Json row) {
    constexpr size_t kRows = 1000;
    rows_.push_back(std::move(row));
    return rows_.size() < kRows ? Result<void>() : send();
  }
  Result<void> send() {
    if (rows_.empty()) return {};
    RETURN_IF_ERROR(client_.run(statement_, Json{{"rows", rows_}}));
    rows_ = Json::array();
    return {};
  }

 private:
  CypherClient& client_;
  std::string statement_;
  Json rows_ = Json::array();
};

Result<void> fill_all(CypherClient& client, std::string_view statement, uint64_t count, const auto& row_of) {
  Batches batches(client, statement);
  for (uint64_t id = 1; id <= count; ++id) RETURN_IF_ERROR(batches.add(row_of(id)));
  return batches.send();
}

Json or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

Json user_row(const World& world, uint64_t id) {
  const Person person = world.user(id);
  Random random = world.random("user node", id);
  return {{"id", id},
          {"tenant_id", person.tenant},
          {"name", person.name},
          {"email", person.email},
          {"phone", or_null(person.phone)},
          {"born", date(world.instant(random, 20000))},
          {"shift", fmt::format("{:02}:00:00+0{}:00", random.below(24), random.below(4))},
          {"joined", date(world.instant(random, 900))}};
}

Json investigation_row(const World& world, uint64_t number) {
  const Investigation found = world.investigation(number);
  Random random = world.random("investigation node", number);
  return {{"id", found.id},
          {"tenant_id", found.tenant},
          {"title", found.title},
          {"classified", or_null(found.classified_info)},
          {"lead", found.lead_user},
          {"opened", timestamp(found.opened_at)},
          {"takes", fmt::format("P{}M{}DT{}H", random.below(12), random.below(30), random.below(24))}};
}

Json entity_row(const World& world, uint64_t id) {
  const Entity entity = world.entity(id);
  Random random = world.random("entity node", id);
  const int64_t seen = world.instant(random, 400);
  Json vector = Json::array();
  for (int i = 0; i < 8; ++i) vector.push_back(std::floor(random.unit() * 2000 - 999.5) / 1000);
  std::string local = timestamp(seen);
  local.pop_back();
  return {{"id", id},
          {"tenant_id", entity.tenant},
          {"investigation_id", entity.investigation},
          {"kind", entity.kind},
          {"name", entity.name},
          {"phone", or_null(entity.phone_number)},
          {"note", some_text(random)},
          {"latitude", entity.latitude},
          {"longitude", entity.longitude},
          {"x", static_cast<double>(random.below(1000)) / 8},
          {"y", -static_cast<double>(random.below(1000)) / 8},
          {"seen", timestamp(seen)},
          {"local", local},
          {"epoch", seen / 1'000'000},
          {"stay", fmt::format("P{}DT{}.5S", random.below(9), random.below(60))},
          {"aliases",
           random.chance(0.3) ? Json::array() : Json{person_name(random), random.pick(awkward_texts())}},
          {"scores", Json{random.unit(), 1.5}},
          {"flags", Json{true, random.chance(0.5)}},
          {"days", Json{date(world.instant(random, 300))}},
          {"vector", vector},
          {"classified", entity.classified ? Json("TS//" + sentence(random)) : Json()},
          {"big", static_cast<int64_t>(random.next())},
          {"ratio", random.unit()},
          {"live", random.chance(0.5)}};
}

Json relation_row(const World& world, uint64_t i) {
  Random random = world.random("relation", i);
  return {{"from", 1 + random.below(world.entities())},
          {"to", 1 + random.below(world.entities())},
          {"since", date(world.instant(random, 2000))},
          {"weight", static_cast<double>(random.below(1000)) / 100},
          {"tags", Json{"t" + std::to_string(random.below(20)), ""}}};
}

Result<void> fill(CypherClient& client, const World& world) {
  ASSIGN_OR_RETURN(const Json found, client.run("MATCH (n:Entity) RETURN count(n)", Json::object()));
  if (found.at(0).at(0).get<int64_t>() != 0) {
    return Error(Code::kAlreadyExists, "neo4j has the sample's entities already")
        .hint("run `summit-dr-dev destroy` first");
  }
  for (const std::string& statement : kSchema) RETURN_IF_ERROR(client.run(statement, Json::object()));
  RETURN_IF_ERROR(fill_all(client, kTenants, world.tenants().size(), [&](uint64_t i) {
    Random random = world.random("tenant", i);
    return Json{{"id", world.tenants()[i - 1]}, {"name", organisation_name(random)}};
  }));
  RETURN_IF_ERROR(fill_all(client, kUsers, world.users(), [&](uint64_t id) { return user_row(world, id); }));
  RETURN_IF_ERROR(fill_all(client, kInvestigations, world.investigations(),
                           [&](uint64_t n) { return investigation_row(world, n); }));
  RETURN_IF_ERROR(
      fill_all(client, kEntities, world.entities(), [&](uint64_t id) { return entity_row(world, id); }));
  RETURN_IF_ERROR(
      fill_all(client, kRelations, world.scaled(6000), [&](uint64_t i) { return relation_row(world, i); }));
  for (const std::string& statement : kOddities) RETURN_IF_ERROR(client.run(statement, Json::object()));
  RETURN_IF_ERROR(client.run("CALL db.awaitIndexes(300)", Json::object()));
  return {};
}

}  // namespace

Result<void> fill_neo4j(const config::Neo4jEndpoint& endpoint, const World& world) {
  CypherClient client(endpoint);
  try {
    return fill(client, world);
  } catch (const nlohmann::json::exception& exception) {
    return Error(Code::kFailed, "neo4j gave an unexpected answer: {}", exception.what());
  }
}

}  // namespace summit::sample
