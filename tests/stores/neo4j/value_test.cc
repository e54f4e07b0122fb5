#include "stores/neo4j/value.h"

#include <gtest/gtest.h>

namespace summit::neo4j {
namespace {

TEST(Identifier, IsQuotedSoThatNothingEscapes) {
  EXPECT_EQ(quote_identifier("Person"), "`Person`");
  EXPECT_EQ(quote_identifier("a`b`) DETACH DELETE n //"), "`a``b``) DETACH DELETE n //`");
}

}  // namespace
}  // namespace summit::neo4j
