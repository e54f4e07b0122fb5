#include "masking/condition.h"

#include <gtest/gtest.h>

#include "tests/masking/make_rules.h"

namespace summit::masking {
namespace {

// Of a row a, b.
bool holds(const std::string& text, Field a, Field b = std::nullopt) {
  const auto parsed = config::parse_condition(text);
  EXPECT_TRUE(parsed.ok()) << text;
  const auto compiled = RowCondition::compile(
      *parsed, [](const std::string& name) -> Result<size_t> { return name == "a" ? 0 : 1; });
  EXPECT_TRUE(compiled.ok());
  const Field row[] = {a, b};
  return compiled->holds(row);
}

TEST(Condition, ComparesAsSqlDoes) {
  EXPECT_TRUE(holds("a = 'x'", "x"));
  EXPECT_FALSE(holds("a = 'x'", "y"));
  EXPECT_TRUE(holds("a <> 'x'", "y"));
  EXPECT_TRUE(holds("a = 7", "7"));
  EXPECT_TRUE(holds("a = 'it''s'", "it's"));
  EXPECT_TRUE(holds("\"a\" = 'x'", "x"));
  EXPECT_TRUE(holds("a NOT LIKE '%@example.com'", "ada@lovelace.org"));
  EXPECT_FALSE(holds("a NOT LIKE '%@example.com'", "dev_1@example.com"));
}

// Neither a comparison with NULL nor its opposite holds.
TEST(Condition, HasThreeTruthValues) {
  for (const char* text : {"a = 'x'", "a <> 'x'", "NOT a = 'x'", "a LIKE '%'", "a NOT LIKE '%'",
                           "NOT (a = 'x' AND b IS NULL)"}) {
    EXPECT_FALSE(holds(text, std::nullopt)) << text;
  }
  EXPECT_TRUE(holds("a IS NULL", std::nullopt));
  EXPECT_FALSE(holds("a IS NOT NULL", std::nullopt));
  EXPECT_TRUE(holds("a = 'x' OR b IS NULL", std::nullopt));
  EXPECT_TRUE(holds("NOT (a = 'x' AND b IS NOT NULL)", std::nullopt));
}

TEST(Condition, BindsNotBeforeAndBeforeOr) {
  EXPECT_TRUE(holds("a = 'x' OR a = 'y' AND b = 'z'", "x", "0"));
  EXPECT_FALSE(holds("(a = 'x' OR a = 'y') AND b = 'z'", "x", "0"));
  EXPECT_TRUE(holds("NOT a = 'x' AND b = 'z'", "y", "z"));
}

TEST(Condition, TellsWhatIsWrongWithItsText) {
  for (const char* text : {"", "a", "a =", "a = b", "a LIKE", "a IS 7", "(a = 'x'", "a = 'x", "a = 'x' b",
                           "a > 3", "AND a = 'x'", "a NOT = 'x'"}) {
    const auto parsed = config::parse_condition(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_FALSE(parsed.error().hint().empty());
  }
  EXPECT_FALSE(config::parse_condition(std::string(10000, '(')).ok());
}

TEST(Like, KnowsItsSigns) {
  EXPECT_TRUE(is_like("STRIPE_KEY", "%_KEY"));
  EXPECT_TRUE(is_like("STRIPEXKEY", "%_KEY"));
  EXPECT_FALSE(is_like("KEY", "%_KEY"));
  EXPECT_FALSE(is_like("STRIPEXKEY", "%\\_KEY"));
  EXPECT_TRUE(is_like("größe", "gr__e"));
  EXPECT_TRUE(is_like("a%b", "a\\%b"));
  EXPECT_FALSE(is_like("axb", "a\\%b"));
  EXPECT_TRUE(is_like("", "%"));
  EXPECT_FALSE(is_like("", "_"));
  EXPECT_FALSE(is_like(std::string(2000, 'a') + "b", "%a%a%a%a%a%c"));
}

TEST(Wildcard, TakesSlashesAndAnEmptyFront) {
  EXPECT_TRUE(matches_wildcard("user:1", "user:*"));
  EXPECT_FALSE(matches_wildcard("users:1", "user:*"));
  EXPECT_TRUE(matches_wildcard(".env.production", "**/.env*"));
  EXPECT_TRUE(matches_wildcard("k8s/.env", "**/.env*"));
  EXPECT_FALSE(matches_wildcard("k8s/env", "**/.env*"));
}

}  // namespace
}  // namespace summit::masking
