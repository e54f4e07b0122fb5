#include <gtest/gtest.h>

#include "backup/plan.h"

namespace summit::backup {
namespace {

using Words = std::vector<std::string>;

TEST(Datastores, AreSeparatedByCommas) {
  EXPECT_EQ(parse_datastores("postgres").value(), Words{"postgres"});
  EXPECT_EQ(parse_datastores("postgres,redis,config").value(), (Words{"postgres", "redis", "config"}));
}

TEST(Datastores, AllMeansNoChoiceWhereverItStands) {
  EXPECT_EQ(parse_datastores("all").value(), Words{});
  EXPECT_EQ(parse_datastores("postgres,all").value(), Words{});
}

TEST(Datastores, AnUnknownWordIsNamedAndTheKnownOnesAreSaid) {
  const auto parsed = parse_datastores("postgres,mysql");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code(), Code::kUsage);
  EXPECT_NE(parsed.error().message().find("`mysql`"), std::string::npos);
  EXPECT_NE(parsed.error().hint().find("neo4j"), std::string::npos);
}

TEST(Datastores, NothingOrAnEmptyWordIsNoChoice) {
  for (const char* text : {"", ",", "postgres,,redis", " postgres"}) {
    const auto parsed = parse_datastores(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code(), Code::kUsage) << text;
  }
}

TEST(Datastores, ChooseByNameByKindAndByTheWordsOfTheRunbook) {
  struct Row {
    Words datastores;
    const char* kind;
    const char* name;
    bool expected;
  };
  const Row rows[] = {
      {{}, "redis", "redis", true},
      {{"postgres"}, "postgresql", "postgresql", true},
      {{"postgres"}, "postgresql", "postgresql/analytics", true},
      {{"postgres"}, "timescaledb", "timescaledb", true},
      {{"postgresql"}, "timescaledb", "timescaledb", false},
      {{"postgres"}, "neo4j", "neo4j", false},
      {{"config"}, "files", "uploads", true},
      {{"config"}, "secrets", "secrets", true},
      {{"config"}, "redis", "redis", false},
      {{"uploads"}, "files", "uploads", true},
      {{"uploads"}, "files", "audit_chain", false},
      {{"neo4j", "redis"}, "redis", "redis", true},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(chosen(row.datastores, row.kind, row.name), row.expected)
        << (row.datastores.empty() ? "all" : row.datastores.front()) << " and " << row.name;
  }
}

}  // namespace
}  // namespace summit::backup
