// Which release a version is of, and which statements it gets.
#include "stores/neo4j/release.h"

#include <gmock/gmock.h>

#include "stores/neo4j/graph_schema.h"

namespace summit::neo4j {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

TEST(Neo4jRelease, IsReadFromAVersionAsServersAndProgramsGiveIt) {
  EXPECT_EQ(Release::of("5.26.30"), (Release{5, 26, 30}));
  EXPECT_EQ(Release::of("4.4.39-enterprise"), (Release{4, 4, 39}));
  EXPECT_EQ(Release::of("5.27-aura"), (Release{5, 27, 0}));
  EXPECT_EQ(Release::of("2025.01.0"), (Release{2025, 1, 0}));
  EXPECT_LT(Release::of("2025.01.0"), Release::of("dev")) << "what says no number is the newest";
  EXPECT_LT(Release::of("5.8.0"), Release::of("5.26.0"));
}

TEST(Neo4jRelease, TypesOfPropertiesAreAskedForWhereTheyAreKnown) {
  const auto old = show_statement(SchemaKind::kConstraint, Release::of("5.8.0"));
  EXPECT_THAT(old, HasSubstr("ownedIndex, createStatement RETURN"));
  EXPECT_THAT(old, EndsWith("ownedIndex, null AS propertyType, createStatement"));
  const auto from_then_on = show_statement(SchemaKind::kConstraint, Release::of("5.9.0"));
  EXPECT_THAT(from_then_on, HasSubstr("ownedIndex, propertyType, createStatement RETURN"));
  EXPECT_THAT(from_then_on, Not(HasSubstr("null")));
  EXPECT_EQ(show_statement(SchemaKind::kIndex, Release::of("5.8.0")),
            show_statement(SchemaKind::kIndex, Release::of("5.26.30")));
}

}  // namespace
}  // namespace summit::neo4j
