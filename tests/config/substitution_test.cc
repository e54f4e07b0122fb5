#include "config/substitution.h"

#include <gmock/gmock.h>

namespace summit::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::optional<std::string> lookup(const std::string& name) {
  if (name == "SET") return "value";
  if (name == "URL.host") return "db1";
  return std::nullopt;
}

TEST(Substitution, PutsValuesIn) {
  EXPECT_EQ(substitute("a ${SET} b ${SET}", lookup).text, "a value b value");
  EXPECT_EQ(substitute("${URL.host}", lookup).text, "db1");
  EXPECT_EQ(substitute("${SET:-other}", lookup).text, "value");
  EXPECT_THAT(substitute("${SET}", lookup).used, ElementsAre("SET"));
}

TEST(Substitution, DefaultsNest) {
  EXPECT_EQ(substitute("${A:-${B:-${C:-localhost}}}", lookup).text, "localhost");
  EXPECT_EQ(substitute("${A:-${SET}}:${B:-5432}", lookup).text, "value:5432");
  EXPECT_EQ(substitute("${A:-}", lookup).text, "");
  EXPECT_EQ(substitute("${A:-bolt://localhost:7687}", lookup).text, "bolt://localhost:7687");
}

TEST(Substitution, OfAMissingChainTheFirstNameIsTheOneToSet) {
  EXPECT_THAT(substitute("${A:-${B:-${C}}} ${D}", lookup).missing, ElementsAre("A", "D"));
  EXPECT_THAT(substitute("${A:-}", lookup).missing, IsEmpty());
}

TEST(Substitution, OtherDollarsStandForThemselves) {
  EXPECT_EQ(substitute("$SET $(date) $$ 5$", lookup).text, "$SET $(date) $$ 5$");
  EXPECT_EQ(substitute("$${SET}", lookup).text, "${SET}");
}

TEST(Substitution, WhatIsNotClosedOrNamedIsMalformed) {
  for (const auto* text : {"${SET", "${}", "${A B}", "${1A}", "${A:-${B}", "${A.b.c}", "${A.}"}) {
    const auto result = substitute(text, lookup);
    EXPECT_TRUE(result.malformed) << text;
    EXPECT_EQ(result.text, text);
  }
}

}  // namespace
}  // namespace summit::config
