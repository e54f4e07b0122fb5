// The published schemas and the program accept the same keys and words.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "config/smoke.h"
#include "project.h"

namespace summit::config {
namespace {

using nlohmann::json;
using testing::UnorderedElementsAreArray;

json schema(std::string_view name) { return json::parse(schema_of(name).value()); }

std::vector<std::string> keys_of(const json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.at("properties").items()) keys.push_back(key);
  return keys;
}

// What the program says it knows at the place where a file has a key that nothing resembles.
std::vector<std::string> keys_known_in(const std::string& findings) {
  const std::string marker = "is not known (known: ";
  const size_t at = findings.find(marker);
  if (at == std::string::npos) {
    ADD_FAILURE() << findings;
    return {};
  }
  std::vector<std::string> keys;
  std::string rest = findings.substr(at + marker.size(), findings.find(')', at) - at - marker.size());
  for (size_t comma = rest.find(", "); comma != std::string::npos; comma = rest.find(", ")) {
    keys.push_back(rest.substr(0, comma));
    rest.erase(0, comma + 2);
  }
  keys.push_back(rest);
  return keys;
}

std::vector<std::string> keys_known_to_the_program(const Project& project) {
  return keys_known_in(project.findings());
}

constexpr const char* kNonsense = "zzzzzzzzzzzz: 1";

TEST(Schema, TheProgramCarriesThePublishedFiles) {
  for (const auto* name : {"backup-sets", "environments", "smoke"}) {
    EXPECT_EQ(schema_of(name).value(),
              read_file(fs::path(SUMMIT_SOURCE_DIR) / "docs/schemas" / (std::string(name) + ".schema.json"))
                  .value());
  }
  EXPECT_EQ(schema_of("environment").error().hint(), "did you mean `environments`?");
}

struct Place {
  const char* file;
  const char* definition;  // below $defs, perhaps with a path behind it
  const char* from;        // in the smallest file
  const char* to;          // with @ for the nonsense key
};

class SchemaKeys : public testing::TestWithParam<Place> {};

TEST_P(SchemaKeys, AreThoseOfTheProgram) {
  const auto& place = GetParam();
  const bool sets = std::string(place.file) == "backup-sets";
  const Project project;
  const auto text =
      replaced(replaced(sets ? kSmallestSets : kSmallestEnvironments, place.from, place.to), "@", kNonsense);
  project.write(std::string("config/") + place.file + ".yaml", text);
  const json pointer_target = schema(place.file).at("$defs").at(json::json_pointer(place.definition));
  EXPECT_THAT(keys_known_to_the_program(project), UnorderedElementsAreArray(keys_of(pointer_target)));
}

INSTANTIATE_TEST_SUITE_P(
    EachMapping, SchemaKeys,
    testing::Values(
        Place{"backup-sets", "/backup_set", "    storage", "    @\n    storage"},
        Place{"backup-sets", "/component", "{name: postgresql}", "{name: postgresql, @}"},
        Place{"backup-sets", "/row_selection", "{name: postgresql}",
              "{name: postgresql, filter: tenant, selection: {column: a, @}}"},
        Place{"backup-sets", "/row_selection/properties/start", "{name: postgresql}",
              "{name: postgresql, filter: tenant, selection: {start: {table: a, column: b, @}}}"},
        Place{"backup-sets", "/reference", "{name: postgresql}",
              "{name: postgresql, filter: tenant, selection: {column: a, "
              "references: [{table: a, column: b, to: c, to_column: d, @}]}}"},
        Place{"backup-sets", "/reference/properties/when", "{name: postgresql}",
              "{name: postgresql, filter: tenant, selection: {column: a, "
              "references: [{table: a, column: b, to: c, to_column: d, when: {column: e, equals: f, @}}]}}"},
        Place{"backup-sets", "/file_selection", "{name: postgresql}",
              "{name: uploads, filter: tenant, selection: {paths: [a], @}}"},
        Place{"backup-sets", "/file_records", "{name: postgresql}",
              "{name: uploads, filter: tenant, selection: {records: [{files: a, field: b, @}]}}"},
        Place{"backup-sets", "/graph_selection", "{name: postgresql}",
              "{name: neo4j, filter: tenant, selection: {property: a, @}}"},
        Place{"backup-sets", "/graph_selection/properties/start", "{name: postgresql}",
              "{name: neo4j, filter: tenant, selection: {start: {label: a, property: b, @}}}"},
        Place{"backup-sets", "/backup_set/properties/estimate", "    storage",
              "    estimate: {@}\n    storage"},
        Place{"backup-sets", "/hooks", "    storage", "    hooks: {@}\n    storage"},
        Place{"backup-sets", "/hook/oneOf/1", "    storage",
              "    hooks: {before: [{command: ls, @}]}\n    storage"},
        Place{"backup-sets", "/backup_set/properties/required_metadata/items/oneOf/1", "    storage",
              "    required_metadata: [{name: a, @}]\n    storage"},
        Place{"environments", "/environment", "    class: dev", "    class: dev\n    @"},
        Place{"environments", "/objectives", "recovery_point: 4 hours", "recovery_point: 4 hours, @"},
        Place{"environments", "/storage", "    class: dev", "    class: dev\n    storage: {@}"},
        Place{"environments", "/storage/properties/lifecycle", "    class: dev",
              "    class: dev\n    storage: {lifecycle: {@}}"},
        Place{"environments", "/environment/properties/endpoints",
              "    endpoints:", "    endpoints:\n      @"},
        Place{"environments", "/environment/properties/probes/items", "    class: dev",
              "    class: dev\n    probes: [{url: x, @}]"},
        Place{"environments", "/hooks", "    class: dev", "    class: dev\n    backup_hooks: {all: {@}}"},
        Place{"environments", "/postgresql", "host: localhost", "@"},
        Place{"environments", "/password", "{env: TEST_PG_PASSWORD}", "{env: X, @}"},
        Place{"environments", "/access", "host: localhost", "access: {@}"},
        Place{"environments", "/files", "name: uploads", "name: uploads, @"},
        Place{"environments", "/neo4j", "      files:", "      neo4j: [{@}]\n      files:"},
        Place{"environments", "/redis", "      files:", "      redis: [{@}]\n      files:"},
        Place{"environments", "/elasticsearch", "      files:", "      elasticsearch: [{@}]\n      files:"}));

// What is found in smoke.yaml with these lines.
std::string findings_of_smoke(const std::string& text) {
  const Project project;
  project.write("config/smoke.yaml", text);
  const auto checks = load_smoke_checks(project.path() / "config", Variables());
  return checks.ok() ? std::string() : checks.error().message();
}

TEST(Schema, OfSmokeChecksHasTheKeysOfTheProgram) {
  const auto definitions = schema("smoke").at("$defs");
  const auto keys_at = [](const std::string& text) { return keys_known_in(findings_of_smoke(text)); };
  std::set<std::string> both;
  for (const auto* definition : {"value_check", "same_check"}) {
    const auto keys = keys_of(definitions.at(definition));
    both.insert(keys.begin(), keys.end());
  }
  EXPECT_THAT(keys_at("checks: [{name: a, store: redis, query: DBSIZE, expect: '> 0', zzzzzzzzzzzz: 1}]"),
              UnorderedElementsAreArray(both));
  EXPECT_THAT(
      keys_at("checks: [{name: a, same: [{store: redis, query: DBSIZE, zzzzzzzzzzzz: 1}, {store: redis, "
              "query: DBSIZE}]}]"),
      UnorderedElementsAreArray(keys_of(definitions.at("side"))));
  EXPECT_THAT(keys_at("{checks: [], zzzzzzzzzzzz: 1}"), UnorderedElementsAreArray(keys_of(schema("smoke"))));
}

TEST(Schema, OfSmokeChecksNamesStoresAndComparisonsThatTheProgramAccepts) {
  const auto definitions = schema("smoke").at("$defs");
  for (const std::string store : definitions.at("store").at("enum"))
    EXPECT_EQ(findings_of_smoke("checks: [{name: a, store: " + store + ", query: q, expect: '> 0'}]"), "");
  const std::regex pattern(
      definitions.at("value_check").at("properties").at("expect").at("pattern").get<std::string>());
  for (const std::string expectation :
       {"= 0", ">0", "<= -1", "< 5", ">= 5", "0", "=> 1", "> 1.5", ">", "> one", "= 1 or 2"}) {
    const auto findings =
        findings_of_smoke("checks: [{name: a, store: redis, query: q, expect: '" + expectation + "'}]");
    EXPECT_EQ(findings.empty(), std::regex_match(expectation, pattern)) << expectation << ": " << findings;
  }
}

// Each word of an enumeration is accepted by the program, so the schema promises nothing that is not there.
TEST(Schema, EveryListedWordIsAccepted) {
  const auto environments = schema("environments").at("$defs");
  const ScopedVariable password("TEST_PG_PASSWORD", "x");
  const Project project;
  const auto accepted = [&](const std::string& text) {
    project.write("config/environments.yaml", text);
    return project.findings();
  };
  for (const std::string word : environments.at("environment").at("properties").at("class").at("enum")) {
    EXPECT_EQ(accepted(replaced(kSmallestEnvironments, "class: dev", "class: " + word)), "");
  }
  for (const std::string word :
       environments.at("postgresql").at("properties").at("ssl_mode").at("oneOf").at(0).at("enum")) {
    EXPECT_EQ(accepted(replaced(kSmallestEnvironments, "host: localhost", "ssl_mode: " + word)), "");
  }
  for (const std::string word :
       environments.at("access").at("properties").at("kind").at("oneOf").at(0).at("enum")) {
    EXPECT_EQ(accepted(replaced(kSmallestEnvironments, "host: localhost",
                                "access: {unit: u, container: c, pod: p, kind: " + word + "}")),
              "");
  }
  for (const std::string word : environments.at("storage").at("properties").at("encryption").at("enum")) {
    EXPECT_EQ(accepted(replaced(kSmallestEnvironments, "    class: dev",
                                "    class: dev\n    storage: {encryption: " + word + "}")),
              "");
  }
}

TEST(Schema, ListsExactlyTheKindsAndMethodsOfTheProgram) {
  const auto component = schema("backup-sets").at("$defs").at("component").at("properties");
  const Project project;
  std::vector<std::string> methods;
  for (const std::string kind : component.at("kind").at("enum")) {
    project.write("config/backup-sets.yaml",
                  replaced(kSmallestSets, "{name: postgresql}",
                           "{name: mine, tables: [a], kind: " + kind + ", method: zzzzzzzzz}"));
    const auto findings = project.findings();
    const std::string marker = "is no method of this version for kind `" + kind + "` (known: ";
    const size_t at = findings.find(marker);
    ASSERT_NE(at, std::string::npos) << findings;
    const auto begin = at + marker.size();
    std::istringstream list(findings.substr(begin, findings.find(')', begin) - begin));
    for (std::string method; std::getline(list >> std::ws, method, ',');) {
      if (std::find(methods.begin(), methods.end(), method) == methods.end()) methods.push_back(method);
    }
  }
  EXPECT_THAT(methods,
              UnorderedElementsAreArray(component.at("method").at("enum").get<std::vector<std::string>>()));
}

}  // namespace
}  // namespace summit::config
