#include "stores/files/glob.h"

#include <gtest/gtest.h>

namespace summit::files {
namespace {

struct Case {
  const char* pattern;
  const char* path;
  bool matches;
};
class Globs : public testing::TestWithParam<Case> {};
TEST_P(Globs, Match) { EXPECT_EQ(Glob(GetParam().pattern).matches(GetParam().path), GetParam().matches); }
INSTANTIATE_TEST_SUITE_P(
    Table, Globs,
    testing::Values(
        Case{"a", "a", true}, Case{"a", "b", false}, Case{"a", "x/a", false},  //
        Case{"*", "anything", true}, Case{"*", "a/b", true},                   // a is taken, so all below
        Case{"*.yml", "a.yml", true}, Case{"*.yml", ".yml", true}, Case{"*.yml", "a/b.yml", false},
        Case{"docker-compose*.yml", "docker-compose.prod.yml", true}, Case{".env*", ".env", true},
        Case{".env*", "x.env", false}, Case{"**/*.pem", "a.pem", true}, Case{"**/*.pem", "a/b/c.pem", true},
        Case{"config/**", "config/a/b", true}, Case{"config/**", "configs/a", false},
        Case{"config", "config/a/b", true}, Case{"config/", "config/a", true},
        Case{"/config", "config", true}, Case{"./config", "config", true}, Case{"a/**/z", "a/z", true},
        Case{"a/**/z", "a/b/c/z", true}, Case{"a/**/z", "a/b/c", false}, Case{"?.txt", "a.txt", true},
        Case{"?.txt", ".txt", false}, Case{"[a-c]x", "bx", true}, Case{"[a-c]x", "dx", false},
        Case{"[!a-c]x", "dx", true}, Case{"[!a-c]x", "ax", false}, Case{"[]x]", "]", true},
        Case{"[abc", "[abc", true}, Case{"a\\*b", "a*b", true}, Case{"a\\*b", "axb", false},
        Case{"*a*b*c*", "xxaxxbxxcxx", true}, Case{"*a*b*c*", "xxaxxcxxbxx", false}, Case{"", "a", false},
        Case{"**", "a/b", true}, Case{"*", "new\nline", true}, Case{"\xff*", "\xff\xfe", true}));

TEST(Glob, LetsAWalkTurnBackOnlyWhereNothingCanMatch) {
  EXPECT_TRUE(Glob("config/app/*.yml").may_match_below("config"));
  EXPECT_TRUE(Glob("config/app/*.yml").may_match_below("config/app"));
  EXPECT_FALSE(Glob("config/app/*.yml").may_match_below("uploads"));
  EXPECT_TRUE(Glob("**/*.pem").may_match_below("any/where"));
  EXPECT_TRUE(Glob("uploads").may_match_below("uploads/deep/down"));
  EXPECT_FALSE(Glob("*.yml").may_match_below("config"));
}

TEST(Glob, IsFastOnHostilePatterns) {
  const std::string name(4000, 'a');
  EXPECT_FALSE(Glob("*a*a*a*a*a*a*a*a*a*a*b").matches(name));
  std::string path;
  std::string pattern;
  for (int i = 0; i < 200; ++i) {
    path += "a/";
    pattern += "**/a/";
  }
  EXPECT_FALSE(Glob(pattern + "b").matches(path + "a"));
}

TEST(GlobList, TakesBareNamesAtAnyDepthOnlyWhereToldTo) {
  EXPECT_FALSE(GlobList({"*.key"}, GlobList::Bare::kAtRoot).matches("a/b.key"));
  EXPECT_TRUE(GlobList({"*.key"}, GlobList::Bare::kAnywhere).matches("a/b.key"));
  EXPECT_FALSE(GlobList({"/x.key"}, GlobList::Bare::kAnywhere).matches("a/x.key"));
  EXPECT_FALSE(GlobList({"a/*.key"}, GlobList::Bare::kAnywhere).matches("b/a/x.key"));
}

}  // namespace
}  // namespace summit::files
