#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/plan.h"

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

}  // namespace
}  // namespace summit::recovery
