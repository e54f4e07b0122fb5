#include "config/sanitization.h"

#include <gmock/gmock.h>

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>
#include <set>

#include "project.h"

namespace summit::config {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::UnorderedElementsAreArray;

std::string findings_of(const std::string& text) {
  const Project project;
  project.write("config/sanitization.yaml", text);
  const auto rules = load_sanitization(project.config(), Variables());
  return rules.ok() ? std::string() : rules.error().message();
}

std::string findings_of_rule(const std::string& rule) {
  return findings_of("key: {env: K}\nrules:\n  postgresql:\n    - " + rule + "\n");
}

TEST(Sanitization, IsNotGivenWithoutTheFile) {
  const Project project;
  const auto rules = load_sanitization(project.config(), Variables());
  ASSERT_TRUE(rules.ok());
  EXPECT_FALSE(rules->given());
}

TEST(Sanitization, ShippedFileIsRightAndHasEveryDocumentedRule) {
  const auto rules = load_sanitization(fs::path(SUMMIT_SOURCE_DIR) / "config", Variables());
  ASSERT_TRUE(rules.ok()) << rules.error().message();
  std::multiset<std::string> documented;
  for (const auto& rule : rules->rules)
    if (rule.documented) documented.insert(describe(rule));
  EXPECT_EQ(documented,
            (std::multiset<std::string>{"users", "entities", "investigations", "audit_logs", "configuration",
                                        "billing", ":User", ":*", ":*", ":Classified", "**/.env*"}));
  ASSERT_EQ(rules->reduction.tables.size(), 3U);
  EXPECT_EQ(rules->reduction.tables[0].newest, std::chrono::hours(30 * 24));
  EXPECT_EQ(rules->reduction.tables[2].newest.count(), 0);
  EXPECT_TRUE(rules->key.given());
}

// The table of the documents: which environment masks how much, and keeps how many rows.
TEST(Sanitization, ShippedEnvironmentsMaskAsTheDocumentsSay) {
  const auto loaded = load_configuration(fs::path(SUMMIT_SOURCE_DIR) / "config");
  ASSERT_TRUE(loaded.ok());
  const auto is = [&](const char* name, Sanitization level, unsigned percent) {
    const auto* environment = loaded->environment(name).value();
    EXPECT_EQ(environment->sanitization, level) << name;
    EXPECT_EQ(environment->reduction_percent, percent) << name;
  };
  is("production", Sanitization::kNone, 100);
  is("staging", Sanitization::kMinimal, 100);
  is("dr_rehearsal", Sanitization::kNone, 100);
  is("dev", Sanitization::kFull, 10);
  is("test", Sanitization::kFull, 20);
}

TEST(Sanitization, EveryMistakeIsNamedWithItsLineAndFix) {
  const auto findings = findings_of(R"(key: {env: K}
rules:
  postgresql:
    - table: users
      where: email LIKE
      set: {email: {pseudonim: email}, phone: {pseudonym: phne}, name: gone}
    - {table: empty}
    - {set: {a: remove}}
  redis:
    - {key: "a", fields: {b: {json: {"a.b": remove}}}}
harmless:
  postgresql: [users]
reduction:
  tables: [{table: a, newest: 30 days}, {table: b}]
)");
  for (const char* finding : {"config/sanitization.yaml:5: the condition ends too early",
                              "key `pseudonim` of an operation is not known (did you mean `pseudonym`?)",
                              "`phne` is no pseudonym (did you mean `phone`?)", "`gone` is no operation",
                              "config/sanitization.yaml:7: the rule changes nothing",
                              "config/sanitization.yaml:8: a rule has no `table`",
                              "`a.b` is no path into a document", "`users` names no column or property",
                              "which column of `a` holds the time", "table `b` has neither"}) {
    EXPECT_THAT(findings, HasSubstr(finding));
  }
}

TEST(Sanitization, WhatAConditionLeavesInTheClearMustBeSaid) {
  EXPECT_THAT(findings_of_rule("{table: t, where: a IS NULL, set: {b: remove}}"),
              HasSubstr("what becomes of `b` where the condition does not hold is not said"));
  EXPECT_EQ(findings_of_rule("{table: t, where: a IS NULL, set: {b: remove}, otherwise: {b: keep}}"), "");
  EXPECT_THAT(findings_of_rule("{table: t, set: {b: {template: \"{id:07}\"}}}"),
              HasSubstr("add `otherwise:"));
  EXPECT_THAT(findings_of_rule("{table: t, set: {b: remove}, otherwise: {c: keep}}"),
              HasSubstr("`otherwise` names `c`, which `set` does not"));
}

TEST(Sanitization, CanariesHaveNamesAndAreLongEnoughNotToBeMetByChance) {
  const Project project;
  project.write("config/sanitization.yaml",
                "key: {env: K}\nrules: {}\ncanaries:\n  notes: canary-5d1f90b7\n  graph: canary-e03b7c61\n");
  const auto rules = load_sanitization(project.config(), Variables());
  ASSERT_TRUE(rules.ok()) << rules.error().message();
  ASSERT_EQ(rules->canaries.size(), 2U);
  EXPECT_EQ(rules->canaries[0].name, "notes");
  EXPECT_EQ(rules->canaries[0].text, "canary-5d1f90b7");
  EXPECT_THAT(show(*rules),
              AllOf(HasSubstr("canaries: [notes, graph]"), testing::Not(HasSubstr("5d1f90b7"))));
  EXPECT_THAT(findings_of("key: {env: K}\nrules: {}\ncanaries: {notes: short}\n"),
              HasSubstr("config/sanitization.yaml:3: the canary `notes` is shorter than 8 signs"));
  EXPECT_THAT(findings_of("key: {env: K}\nrules: {}\ncanaries: [notes]\n"),
              HasSubstr("`canaries` must be a mapping"));
}

TEST(Sanitization, ARuleForEverySchemaAndOneForOneSchemaMeanTheSameColumn) {
  for (const auto* pair : {"{table: t, set: {a: remove}}\n    - {table: t, schema: s, set: {a: keep}}",
                           "{table: t, schema: s, set: {a: remove}}\n    - {table: t, set: {a: keep}}"}) {
    EXPECT_THAT(findings_of_rule(pair), HasSubstr("has a rule in line 4 already"));
  }
  EXPECT_EQ(findings_of_rule(
                "{table: t, schema: r, set: {a: remove}}\n    - {table: t, schema: s, set: {a: keep}}"),
            "");
}

TEST(Sanitization, ATablesNameIsNoPatternAndHasNoSchemaInIt) {
  for (const auto* name : {"public.users", "a*", "'\"Users\"'"}) {
    EXPECT_THAT(findings_of_rule(fmt::format("{{table: {}, set: {{a: remove}}}}", name)),
                HasSubstr("config/sanitization.yaml:4: `table:"))
        << name;
  }
  EXPECT_EQ(findings_of_rule("{table: odd.name, schema: public, set: {a: remove}}"), "");
}

TEST(Sanitization, OneColumnHasOneRule) {
  EXPECT_THAT(findings_of_rule("{table: t, set: {a: remove}}\n    - {table: t, set: {a: keep}}"),
              HasSubstr("config/sanitization.yaml:5: `a` of t has a rule in line 4 already"));
}

TEST(Sanitization, OperationsThatCannotStandInsideOthersAreFindings) {
  EXPECT_NE(findings_of_rule("{table: t, set: {a: {elements: {json: {$.a: remove}}}}}"), "");
  EXPECT_NE(findings_of_rule("{table: t, set: {a: {json: {$.a: {template: \"{id:07}\"}}}}}"), "");
  EXPECT_NE(findings_of_rule("{table: t, set: {a: {hash: 15}}}"), "");
  EXPECT_NE(findings_of_rule("{table: t, set: {a: {hash: 16, constant: x}}}"), "");
  EXPECT_NE(findings_of_rule("{table: t, set: {a: {}}}"), "");
  EXPECT_EQ(findings_of_rule("{table: t, set: {a: {constant: \"\"}}}"), "");
}

TEST(Sanitization, TemplatesTellWhatIsWrong) {
  for (const char* text : {"{id", "id}", "{}", "{id:7}", "{id:0}", "{id:0x}", "{id:.999}"})
    EXPECT_FALSE(parse_template(text).ok()) << text;
  const auto parsed = parse_template("{{{a:b:03}}}");
  ASSERT_TRUE(parsed.ok());
  ASSERT_EQ(parsed->size(), 3U);
  EXPECT_EQ((*parsed)[0].text, "{");
  EXPECT_EQ((*parsed)[1].text, "a:b");
  EXPECT_EQ((*parsed)[1].width, 3U);
}

TEST(Sanitization, IsShownWithoutItsConstants) {
  const Project project;
  project.write("config/sanitization.yaml", R"(key: {env: K}
rules:
  postgresql:
    - {table: t, level: minimal, set: {a: {constant: hidden}, b: {elements: {pseudonym: name}}}}
)");
  const auto rules = load_sanitization(project.config(), Variables());
  ASSERT_TRUE(rules.ok());
  const auto text = show(*rules);
  EXPECT_EQ(text.find("hidden"), std::string::npos);
  const auto shown = YAML::Load(text)["sanitization"];
  EXPECT_EQ(shown["file"].as<std::string>(), "config/sanitization.yaml");
  EXPECT_EQ(shown["rules"][0]["level"].as<std::string>(), "minimal");
  EXPECT_EQ(shown["rules"][0]["fields"]["b"].as<std::string>(), "each element: pseudonym name");
  EXPECT_EQ(show(SanitizationRules()), "");
}

// The keys that a finding lists for a mapping with an unknown one.
std::vector<std::string> keys_known_in(const std::string& findings) {
  const std::string marker = "`zzzzzzzzzzzz` of ";
  const size_t at = findings.find("(known: ", findings.find(marker));
  if (at == std::string::npos) {
    ADD_FAILURE() << findings;
    return {};
  }
  std::vector<std::string> keys;
  std::string rest = findings.substr(at + 8, findings.find(')', at) - at - 8);
  for (size_t comma = rest.find(", "); comma != std::string::npos; comma = rest.find(", ")) {
    keys.push_back(rest.substr(0, comma));
    rest.erase(0, comma + 2);
  }
  keys.push_back(rest);
  return keys;
}

TEST(SanitizationSchema, HasTheKeysOfTheProgram) {
  const auto schema = json::parse(schema_of("sanitization").value());
  const auto keys_at = [&](const char* place) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : schema.at(json::json_pointer(place)).at("properties").items())
      keys.push_back(key);
    return keys;
  };
  const std::string front = "key: {env: K}\nrules:\n  ";
  const std::vector<std::pair<const char*, std::string>> places = {
      {"", "zzzzzzzzzzzz: 1\nkey: {env: K}\nrules: {}\n"},
      {"/properties/key", "key: {env: K, zzzzzzzzzzzz: 1}\nrules: {}\n"},
      {"/properties/rules", front + "zzzzzzzzzzzz: []\n"},
      {"/properties/harmless", "key: {env: K}\nrules: {}\nharmless: {zzzzzzzzzzzz: []}\n"},
      {"/properties/reduction", "key: {env: K}\nrules: {}\nreduction: {zzzzzzzzzzzz: []}\n"},
      {"/$defs/reduced_table",
       "key: {env: K}\nrules: {}\nreduction: {tables: [{table: a, zzzzzzzzzzzz: 1}]}\n"},
      {"/$defs/table_rule", front + "postgresql: [{table: a, zzzzzzzzzzzz: 1}]\n"},
      {"/$defs/graph_rule", front + "neo4j: [{label: a, zzzzzzzzzzzz: 1}]\n"},
      {"/$defs/redis_rule", front + "redis: [{key: a, zzzzzzzzzzzz: 1}]\n"},
      {"/$defs/file_rule", front + "files: [{path: a, zzzzzzzzzzzz: 1}]\n"},
      {"/$defs/operation_mapping", front + "postgresql: [{table: a, set: {b: {zzzzzzzzzzzz: 1}}}]\n"},
      {"/$defs/shift_days", front + "postgresql: [{table: a, set: {b: {shift_days: {zzzzzzzzzzzz: 1}}}}]\n"},
  };
  for (const auto& [place, text] : places)
    EXPECT_THAT(keys_known_in(findings_of(text)), UnorderedElementsAreArray(keys_at(place))) << place;
}

TEST(SanitizationSchema, ListsWordsThatTheProgramAccepts) {
  const auto definitions = json::parse(schema_of("sanitization").value()).at("$defs");
  for (const std::string word :
       definitions.at("operation_mapping").at("properties").at("pseudonym").at("enum"))
    EXPECT_EQ(findings_of_rule("{table: t, set: {a: {pseudonym: " + word + "}}}"), "");
  for (const std::string word : definitions.at("operation").at("oneOf").at(0).at("enum"))
    EXPECT_EQ(findings_of_rule("{table: t, set: {a: " + word + "}}"), "");
  for (const std::string word : definitions.at("level").at("enum"))
    EXPECT_EQ(findings_of_rule("{table: t, level: " + word + ", set: {a: keep}}"), "");
}

}  // namespace
}  // namespace summit::config
