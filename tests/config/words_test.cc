#include "config/words.h"

#include <gmock/gmock.h>

namespace summit::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> words(std::string_view text) {
  auto result = split_words(text);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().to_string());
  return result.ok() ? *std::move(result) : std::vector<std::string>{};
}

TEST(Words, SplitsAsAShellDoes) {
  EXPECT_THAT(words("docker stop neo4j"), ElementsAre("docker", "stop", "neo4j"));
  EXPECT_THAT(words("  a\t'b c'  \"d \\\" e\" f\\ g ''"), ElementsAre("a", "b c", "d \" e", "f g", ""));
  EXPECT_THAT(words("--root='/a b'/c"), ElementsAre("--root=/a b/c"));
  EXPECT_THAT(words("echo \"a\\nb\" '$(x) | y'"), ElementsAre("echo", "a\\nb", "$(x) | y"));
  EXPECT_THAT(words(""), IsEmpty());
}

TEST(Words, WhatOnlyAShellCouldDoIsRefusedWithTheFormThatWorks) {
  for (const auto* text : {"a | b", "a; b", "a && b", "a > b", "a < b", "a `b`", "a $(b)"}) {
    const auto result = split_words(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_THAT(result.error().hint(), HasSubstr("[sh, -c,"));
  }
}

TEST(Words, AnOpenQuoteIsAnError) {
  EXPECT_FALSE(split_words("a 'b").ok());
  EXPECT_FALSE(split_words("a \"b").ok());
}

}  // namespace
}  // namespace summit::config
