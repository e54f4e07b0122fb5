// `selection` of components: what filters take.
#include <gmock/gmock.h>
#include <yaml-cpp/yaml.h>

#include "project.h"

namespace summit::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string with_component(const std::string& component) {
  return replaced(
      replaced(kSmallestSets, "    storage", "    required_metadata: [tenant_id, project_id]\n    storage"),
      "{name: postgresql}", component);
}

std::string findings_of(const std::string& component) {
  const Project project;
  project.write("config/backup-sets.yaml", with_component(component));
  return project.findings();
}

std::vector<std::string> names_of(const std::vector<Named>& named) {
  std::vector<std::string> names;
  for (const auto& one : named) names.push_back(one.name);
  return names;
}

constexpr const char* kWholeSelection = R"({name: postgresql, filter: tenant, selection: {
          column: tenant_id,
          start: {table: tenants, column: id},
          owned: auto,
          whole: [countries, Shared.Units],
          exclude: drafts,
          references: [
            {table: comments, column: subject_id, to: tasks, to_column: id, when: {column: subject_kind, equals: task}},
            {table: parts, column: [a, b], to: wholes, to_column: [x, y]}],
          outside: {default: fail, tasks.parent_id: null, users.manager_id: include}}})";

TEST(Selection, SaysWhichRowsATenantHas) {
  const Project project;
  project.write("config/backup-sets.yaml", with_component(kWholeSelection));
  const auto loaded = project.load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  const auto& rows = loaded->set("full").value()->components[0].rows;
  EXPECT_EQ(rows.column.name, "tenant_id");
  EXPECT_THAT(rows.column.where, HasSubstr("backup-sets.yaml:8"));
  ASSERT_TRUE(rows.start);
  EXPECT_EQ(rows.start->table.name, "tenants");
  EXPECT_EQ(rows.start->column, "id");
  EXPECT_TRUE(rows.owned_auto);
  EXPECT_THAT(names_of(rows.owned), ElementsAre());
  EXPECT_THAT(names_of(rows.whole), ElementsAre("countries", "Shared.Units"));
  EXPECT_THAT(names_of(rows.excluded), ElementsAre("drafts"));
  ASSERT_EQ(rows.references.size(), 2U);
  EXPECT_EQ(rows.references[0].when_column, "subject_kind");
  EXPECT_EQ(rows.references[0].when_equals, "task");
  EXPECT_THAT(rows.references[1].columns, ElementsAre("a", "b"));
  EXPECT_THAT(rows.references[1].to_columns, ElementsAre("x", "y"));
  EXPECT_EQ(rows.outside, OutsidePolicy::kFail);
  ASSERT_EQ(rows.outside_of.size(), 2U);
  EXPECT_EQ(rows.outside_of[0].reference.name, "tasks.parent_id");
  EXPECT_EQ(rows.outside_of[0].policy, OutsidePolicy::kNull) << "the bare word null of YAML";
  EXPECT_EQ(rows.outside_of[1].policy, OutsidePolicy::kInclude);
}

TEST(Selection, OneWordSaysWhatBecomesOfEverythingOutside) {
  const std::pair<const char*, OutsidePolicy> words[] = {{"include", OutsidePolicy::kInclude},
                                                         {"null", OutsidePolicy::kNull},
                                                         {"\"null\"", OutsidePolicy::kNull},
                                                         {"fail", OutsidePolicy::kFail}};
  for (const auto& [word, policy] : words) {
    const Project project;
    project.write("config/backup-sets.yaml",
                  with_component(fmt::format(
                      "{{name: postgresql, filter: tenant, selection: {{column: t, outside: {}}}}}", word)));
    const auto loaded = project.load();
    ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
    EXPECT_EQ(loaded->set("full").value()->components[0].rows.outside, policy) << word;
  }
}

TEST(Selection, SaysWhichFilesAndKeysBelong) {
  const Project project;
  project.write("config/backup-sets.yaml", with_component(R"({name: uploads, filter: project, selection: {
          paths: ["{project_id}/**"], records: [{files: "*.jsonl", field: case}]}}
      - {name: redis, filter: tenant, include_keys: ["*:{tenant_id}"], exclude_keys: ["tmp:*"]})"));
  const auto loaded = project.load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  const auto& components = loaded->set("full").value()->components;
  EXPECT_THAT(components[0].files.paths, ElementsAre("{project_id}/**"));
  ASSERT_EQ(components[0].files.records.size(), 1U);
  EXPECT_EQ(components[0].files.records[0].files, "*.jsonl");
  EXPECT_EQ(components[0].files.records[0].field, "case");
  EXPECT_THAT(components[1].include_keys, ElementsAre("*:{tenant_id}"));
}

TEST(Selection, KeysAreLimitedByDatabaseTypeAndTime) {
  const Project project;
  project.write(
      "config/backup-sets.yaml",
      with_component("{name: redis, filter: core, selection: {databases: [0, 3], exclude_databases: "
                     "[9], types: [hash], exclude_types: [stream, set], expires_within: 5 minutes, "
                     "idle_for: 2 days}}"));
  const auto loaded = project.load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  const auto& keys = loaded->set("full").value()->components[0].keys;
  EXPECT_THAT(keys.databases, ElementsAre(0, 3));
  EXPECT_THAT(keys.excluded_databases, ElementsAre(9));
  EXPECT_THAT(keys.types, ElementsAre("hash"));
  EXPECT_THAT(keys.excluded_types, ElementsAre("stream", "set"));
  EXPECT_EQ(keys.expires_within, std::chrono::minutes(5));
  EXPECT_EQ(keys.idle_for, std::chrono::hours(48));
  EXPECT_THAT(show(*loaded), HasSubstr("exclude_types: [stream, set]"));
}

constexpr const char* kGraphSelection = R"({name: neo4j, filter: project, selection: {
          property: project_id, start: {label: Investigation, property: id}, through: [PART_OF]}})";

TEST(Selection, SaysWhichNodesBelong) {
  const Project project;
  project.write("config/backup-sets.yaml", with_component(kGraphSelection));
  const auto loaded = project.load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  const auto& graph = loaded->set("full").value()->components[0].graph;
  EXPECT_EQ(graph.property, "project_id");
  ASSERT_TRUE(graph.start);
  EXPECT_EQ(graph.start->label, "Investigation");
  EXPECT_EQ(graph.start->property, "id");
  EXPECT_THAT(graph.through, ElementsAre("PART_OF"));
}

class ShownSelection : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(ShownSelection, ReadsBackAsTheSame) {
  const Project project;
  project.write("config/backup-sets.yaml", with_component(GetParam().first));
  const auto shown = YAML::Dump(YAML::Load(show(project.load().value()))["backup_sets"]);
  YAML::Node file;
  file["backup_sets"] = YAML::Load(shown);
  project.write("config/backup-sets.yaml", YAML::Dump(file));
  EXPECT_THAT(shown, HasSubstr(GetParam().second));
  EXPECT_EQ(YAML::Dump(YAML::Load(show(project.load().value()))["backup_sets"]), shown);
}

INSTANTIATE_TEST_SUITE_P(Each, ShownSelection,
                         testing::Values(std::pair(kWholeSelection, "tasks.parent_id"),
                                         std::pair(kGraphSelection, "PART_OF")));

struct Mistake {
  const char* component;
  const char* finding;
};
class SelectionMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(SelectionMistakes, AreNamedWithTheLineAndTheFix) {
  const auto findings = findings_of(GetParam().component);
  EXPECT_THAT(findings, HasSubstr(GetParam().finding));
  EXPECT_THAT(findings, HasSubstr("config/backup-sets.yaml:7:"));
}

INSTANTIATE_TEST_SUITE_P(
    Each, SelectionMistakes,
    testing::Values(
        Mistake{"{name: postgresql, filter: tenant}", "add `selection: {column: tenant_id}`"},
        Mistake{"{name: postgresql, filter: project, selection: {whole: [a]}}",
                "does not say which rows it takes"},
        Mistake{"{name: postgresql, filter: core}", "names no tables (add `tables: [users]`)"},
        Mistake{"{name: postgresql, filter: tenant, tables: [a], selection: {column: b}}",
                "takes no `tables`"},
        Mistake{"{name: postgresql, selection: {column: b}}", "has a `selection` and no `filter`"},
        Mistake{"{name: neo4j, filter: tenant}", "add `selection: {property: tenant_id}`"},
        Mistake{"{name: neo4j, filter: core}", "names no labels (add `labels: [User]`)"},
        Mistake{"{name: neo4j, filter: core, labels: [A], method: command}",
                "is taken by a command, which takes all of it"},
        Mistake{"{name: neo4j, filter: tenant, selection: {property: a, through: [B]}}",
                "`through` leads nowhere without `start`"},
        Mistake{"{name: redis, filter: tenant}", "add `include_keys: [\"*:{tenant_id}:*\"]`"},
        Mistake{"{name: redis, filter: core, selection: {types: [sting]}}", "`sting` is no type of a key"},
        Mistake{"{name: redis, filter: core, selection: {databases: [-1]}}", "`-1` is no number"},
        Mistake{"{name: redis, filter: core, selection: {older: 1}}", "older"},
        Mistake{"{name: uploads, filter: project}", "add `selection: {paths: [\"{project_id}/**\"]}`"},
        Mistake{"{name: postgresql, filter: tenant, selection: {column: b, outside: skip}}",
                "`skip` is no way to treat what lies outside (known: include, null, fail)"},
        Mistake{"{name: postgresql, filter: tenant, selection: {column: b, outside: {tasks: fail}}}",
                "`tasks` of `outside` names no column"},
        Mistake{"{name: postgresql, filter: tenant, selection: {column: b, start: {table: a}}}",
                "`start` has no `column`"},
        Mistake{"{name: postgresql, filter: tenant, selection: {column: b, references: [{table: a, column: "
                "b, to: c, "
                "to_column: [d, e]}]}}",
                "give `column` and `to_column` lists of the same length"}));

}  // namespace
}  // namespace summit::config
