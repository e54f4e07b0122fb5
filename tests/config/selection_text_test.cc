// The canonical text of a selection, which a backup records.
#include "config/selection_text.h"

#include <gmock/gmock.h>

#include "project.h"

namespace summit::config {
namespace {

using testing::HasSubstr;

std::string text_of(const std::string& component) {
  const Project project;
  project.write("config/backup-sets.yaml",
                replaced(replaced(kSmallestSets, "    storage",
                                  "    required_metadata: [tenant_id, project_id]\n    storage"),
                         "{name: postgresql}", component));
  const auto loaded = project.load();
  EXPECT_TRUE(loaded.ok()) << loaded.error().to_string();
  return loaded.ok() ? selection_text(loaded->set("full").value()->components[0]) : std::string();
}

constexpr const char* kRows = R"({name: postgresql, filter: tenant, selection: {
          column: tenant_id, start: {table: tenants, column: id}, owned: auto, whole: [units, countries],
          exclude: drafts,
          references: [
            {table: comments, column: subject_id, to: tasks, to_column: id, when: {column: kind, equals: task}},
            {table: parts, column: [a, b], to: wholes, to_column: [x, y]}],
          outside: {default: fail, tasks.parent_id: null, users.manager_id: include}}})";

TEST(SelectionText, IsOneLineOfJsonWithSortedMembers) {
  EXPECT_EQ(
      text_of(kRows),
      R"({"column":"tenant_id","exclude":["drafts"],"filter":"tenant",)"
      R"("outside":{"default":"fail","tasks.parent_id":"null","users.manager_id":"include"},"owned":["auto"],)"
      R"("references":[{"columns":[["a","x"],["b","y"]],"table":"parts","to":"wholes"},)"
      R"({"columns":[["subject_id","id"]],"table":"comments","to":"tasks","when":{"column":"kind","equals":"task"}}],)"
      R"("start":{"column":"id","table":"tenants"},"whole":["countries","units"]})");
}

TEST(SelectionText, DoesNotDependOnLayoutOrOnOrdersThatMeanNothing) {
  EXPECT_EQ(text_of(kRows), text_of(R"({name: postgresql, filter: tenant, description: another, selection: {
          outside: {users.manager_id: include, tasks.parent_id: "null", default: "fail"},
          references: [
            {to: wholes, to_column: [y, x], column: [b, a], table: parts},
            {table: comments, when: {equals: task, column: kind}, column: [subject_id], to: tasks, to_column: [id]}],
          exclude: [drafts], whole: [countries, units, units], owned: [auto],
          start: {column: id, table: tenants}, column: "tenant_id"}})"));
  EXPECT_EQ(text_of("{name: neo4j, filter: core, labels: [B, A], relationship_types: [R]}"),
            text_of("{name: neo4j, filter: core, method: live, relationship_types: [R], labels: [A, B]}"));
}

TEST(SelectionText, IsEmptyWithoutAFilter) { EXPECT_EQ(text_of("{name: postgresql}"), ""); }

TEST(SelectionText, EveryPartOfASelectionCounts) {
  const auto text = text_of(kRows);
  const std::pair<const char*, const char*> changes[] = {
      {"filter: tenant", "filter: project"},  {"column: tenant_id", "column: owner_id"},
      {"table: tenants", "table: customers"}, {"owned: auto", "owned: [tasks]"},
      {"[units, countries]", "[units]"},      {"exclude: drafts", "exclude: [drafts, notes]"},
      {"equals: task", "equals: run"},        {"[x, y]", "[y, x]"},
      {"default: fail", "default: include"},  {"tasks.parent_id: null", "tasks.parent_id: fail"}};
  for (const auto& [was, is] : changes) EXPECT_NE(text_of(replaced(kRows, was, is)), text) << is;

  const std::string graph =
      "{name: neo4j, filter: project, labels: [A], selection: {start: {label: P, property: id}}}";
  EXPECT_EQ(text_of(graph), R"({"filter":"project","labels":["A"],"start":{"label":"P","property":"id"}})");
  EXPECT_NE(text_of(replaced(graph, "property: id}", "property: id}, through: [PART_OF]")), text_of(graph));
  EXPECT_NE(text_of(replaced(graph, "{start", "{property: p, start")), text_of(graph));
}

TEST(SelectionText, ADifferenceNamesTheMembersThatDiffer) {
  const auto text = text_of(kRows);
  EXPECT_EQ(selection_difference(text, text), "");
  EXPECT_EQ(selection_difference(text, text_of(replaced(kRows, "exclude: drafts,", ""))),
            R"(`exclude` was ["drafts"] and is not set now)");
  EXPECT_THAT(selection_difference(text, "no JSON"), HasSubstr("is no JSON now"));
}

}  // namespace
}  // namespace summit::config
