#include "config/smoke.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/files.h"

namespace summit::config {
namespace {

using ::testing::HasSubstr;

class SmokeChecks : public ::testing::Test {
 protected:
  Result<std::vector<SmokeCheck>> load(const std::string& text) const {
    RETURN_IF_ERROR(make_directories(directory.path() / "config"));
    RETURN_IF_ERROR(write_file_durably(directory.path() / "config" / "smoke.yaml", text));
    return load_smoke_checks(directory.path() / "config", Variables());
  }

  TemporaryDirectory directory =
      TemporaryDirectory::create(fs::temp_directory_path(), "summit-smoke-").value();
};

TEST_F(SmokeChecks, AreNoneWithoutTheFile) {
  const auto checks = load_smoke_checks(directory.path() / "config", Variables());
  ASSERT_TRUE(checks.ok());
  EXPECT_TRUE(checks->empty());
}

TEST_F(SmokeChecks, CompareOneValueOrTwoCollections) {
  const auto checks = load(R"(checks:
  - name: users are there
    store: postgresql
    endpoint: analytics
    query: SELECT count(*) FROM users
    expect: ">= 12"
  - name: every user is in the graph
    same:
      - {store: postgresql, query: SELECT id FROM users}
      - {store: neo4j, query: "MATCH (u:User) RETURN u.id"}
)");
  ASSERT_TRUE(checks.ok()) << checks.error().message();
  ASSERT_EQ(checks->size(), 2U);
  const auto& value = checks->front();
  EXPECT_EQ(value.kind, SmokeCheck::Kind::kValue);
  EXPECT_EQ(value.left.endpoint, "analytics");
  EXPECT_EQ(value.comparison, ">=");
  EXPECT_EQ(value.bound, 12);
  EXPECT_EQ(value.line, 2);
  const auto& same = checks->back();
  EXPECT_EQ(same.kind, SmokeCheck::Kind::kSame);
  EXPECT_EQ(same.left.store, "postgresql");
  EXPECT_EQ(same.right.text, "MATCH (u:User) RETURN u.id");
}

TEST_F(SmokeChecks, NameEveryMistakeWithItsLineInOneError) {
  const auto checks = load(R"(checks:
  - name: a
    store: mysql
    query: SELECT 1
    expect: "> 0"
  - name: b
    store: redis
    query: DBSIZE
    expect: many
  - name: c
    same:
      - {store: redis, query: DBSIZE}
  - store: redis
    query: DBSIZE
    expect: "> 0"
)");
  ASSERT_FALSE(checks.ok());
  EXPECT_EQ(checks.error().code(), Code::kConfig);
  for (const char* finding : {"config/smoke.yaml:3: ", "config/smoke.yaml:9: `many` is no expectation",
                              "`same` has 1 sides", "config/smoke.yaml:13: "}) {
    EXPECT_THAT(checks.error().message(), HasSubstr(finding));
  }
}

TEST_F(SmokeChecks, AnExpectationIsAComparisonAndAWholeNumber) {
  for (const char* wrong : {"0", "=> 1", "> 1.5", ">", "> one", "= 1 or 2", "> 99999999999999999999"}) {
    EXPECT_FALSE(
        load("checks: [{name: a, store: redis, query: DBSIZE, expect: '" + std::string(wrong) + "'}]").ok())
        << wrong;
  }
  for (const char* right : {"= 0", ">0", "<= -1", "< 5", ">= 5"}) {
    EXPECT_TRUE(
        load("checks: [{name: a, store: redis, query: DBSIZE, expect: '" + std::string(right) + "'}]").ok())
        << right;
  }
}

TEST_F(SmokeChecks, AMistypedKeyIsAFinding) {
  const auto checks = load("checks:\n  - {name: a, store: redis, qurey: DBSIZE, expect: '> 0'}\n");
  ASSERT_FALSE(checks.ok());
  EXPECT_THAT(checks.error().message(), HasSubstr("config/smoke.yaml:2: "));
}

TEST_F(SmokeChecks, TextThatIsNoYamlIsAFindingWithItsLine) {
  const auto checks = load("checks:\n  - {name: a\n");
  ASSERT_FALSE(checks.ok());
  EXPECT_EQ(checks.error().code(), Code::kConfig);
  EXPECT_THAT(checks.error().message(), HasSubstr("config/smoke.yaml:"));
}

}  // namespace
}  // namespace summit::config
