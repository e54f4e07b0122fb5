#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/plan.h"
#include "tests/recovery/world.h"

namespace summit::recovery {
namespace {

using Words = std::vector<std::string>;

TEST(SelectiveRestore, TruthTableOfTheFourVariables) {
  struct Row {
    std::map<std::string, std::string> variables;
    Words expected;
  };
  const Row rows[] = {
      {{{"RESTORE_POSTGRES", "true"}}, {"postgres"}},
      {{{"RESTORE_CONFIG", "true"}}, {"config"}},
      {{{"RESTORE_POSTGRES", "true"}, {"RESTORE_REDIS", "true"}}, {"postgres", "redis"}},
      {{{"RESTORE_POSTGRES", "true"}, {"RESTORE_NEO4J", "false"}}, {"postgres"}},
      {{{"RESTORE_NEO4J", "false"}}, {"postgres", "redis", "config"}},
      {{{"RESTORE_POSTGRES", "false"}, {"RESTORE_NEO4J", "false"}, {"RESTORE_REDIS", "false"}}, {"config"}},
      {{{"RESTORE_POSTGRES", "true"},
        {"RESTORE_NEO4J", "true"},
        {"RESTORE_REDIS", "true"},
        {"RESTORE_CONFIG", "true"}},
       {"postgres", "neo4j", "redis", "config"}},
  };
  for (const auto& row : rows) {
    const auto selected = selected_by_variables(config::Variables(row.variables));
    ASSERT_TRUE(selected.ok()) << selected.error().message();
    EXPECT_EQ(*selected, row.expected);
  }
}

TEST(SelectiveRestore, WithoutAnyVariableIsRefusedRatherThanRestoringEverything) {
  const auto selected = selected_by_variables(config::Variables());
  ASSERT_FALSE(selected.ok());
  EXPECT_EQ(selected.error().code(), Code::kUsage);
  EXPECT_THAT(selected.error().hint(), ::testing::HasSubstr("RESTORE_POSTGRES=true"));
}

TEST(SelectiveRestore, OfNothingIsRefused) {
  const auto selected = selected_by_variables(config::Variables({{"RESTORE_POSTGRES", "false"},
                                                                 {"RESTORE_NEO4J", "false"},
                                                                 {"RESTORE_REDIS", "false"},
                                                                 {"RESTORE_CONFIG", "false"}}));
  ASSERT_FALSE(selected.ok());
  EXPECT_EQ(selected.error().code(), Code::kUsage);
}

TEST(SelectiveRestore, AValueThatIsNeitherNamesItsVariable) {
  const auto selected =
      selected_by_variables(config::Variables(std::map<std::string, std::string>{{"RESTORE_NEO4J", "yes"}}));
  ASSERT_FALSE(selected.ok());
  EXPECT_EQ(selected.error().code(), Code::kUsage);
  EXPECT_THAT(selected.error().message(), ::testing::HasSubstr("RESTORE_NEO4J is `yes`"));
}

TEST(DefinitionsThatFail, AreNotLeftOutOfMaskedRestoresNorOfSomeTables) {
  World world;
  const masking::Session masking;
  for (const bool masked : {true, false}) {
    RestoreRequest request;
    request.databases.skip_failed_definitions = true;
    if (!masked) request.databases.only = {"public.users"};
    RestoreContext context{.configuration = world.configuration,
                           .environment = world.environment,
                           .backup = world.backup,
                           .reporter = world.reporter,
                           .cancellation = {},
                           .sealing_key = {},
                           .workspace = {},
                           .databases = request.databases,
                           .masking = masked ? &masking : nullptr};
    const auto plan = plan_restore(request, context);
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().code(), Code::kRefused);
    EXPECT_EQ(plan.error().hint(), "leave --skip-failed-definitions out");
  }
}

}  // namespace
}  // namespace summit::recovery
