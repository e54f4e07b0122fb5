// Values at paths of YAML documents, replaced without touching a byte of the rest.
#include "masking/yaml_text.h"

#include <gtest/gtest.h>

namespace summit::masking {
namespace {

std::vector<config::JsonPath> paths_of(const std::vector<std::string>& texts) {
  std::vector<config::JsonPath> paths;
  for (const auto& text : texts) {
    auto path = config::parse_json_path(text);
    EXPECT_TRUE(path.ok()) << text;
    paths.push_back(std::move(path).value_or({}));
  }
  return paths;
}

// Each value at `paths` becomes <value>; "malformed" when the text cannot be rewritten.
std::string rewritten(const std::string& text, const std::vector<std::string>& paths) {
  const auto mark = [](size_t, Field value, std::string& out) {
    out += "<" + std::string(value.value_or("null")) + ">";
    return Outcome::kValue;
  };
  std::string out = "before ";
  const Outcome outcome = rewrite_yaml(text, paths_of(paths), mark, out);
  if (outcome == Outcome::kMalformed) {
    EXPECT_EQ(out, "before ");
    return "malformed";
  }
  EXPECT_EQ(outcome, Outcome::kValue);
  return out.substr(7);
}

TEST(YamlText, ReplacesAValueAndKeepsCommentsOrderAndSpaces) {
  EXPECT_EQ(rewritten("# the settings\ndatabase:   # main\n    password:  hunter2   # secret\n    port: "
                      "5432\nlast: [a,  b]\n",
                      {"$.database.password"}),
            "# the settings\ndatabase:   # main\n    password:  \"<hunter2>\"   # secret\n    port: "
            "5432\nlast: [a,  b]\n");
}

TEST(YamlText, ReplacesEveryStyleOfText) {
  EXPECT_EQ(rewritten("a: 'it''s'\nb: x\n", {"$.a"}), "a: \"<it's>\"\nb: x\n");
  EXPECT_EQ(rewritten("a: \"q\\\"\\u0041\" # c\n", {"$.a"}), "a: \"<q\\\"A>\" # c\n");
  EXPECT_EQ(rewritten("a: |\n  one\n\n  two\n\nb: 1\n", {"$.a"}),
            "a: \"<one\\u000a\\u000atwo\\u000a>\"\n\nb: 1\n");
  EXPECT_EQ(rewritten("list:\n  - >-\n    folded\n    text\n  - plain: x\n", {"$.list[0]"}),
            "list:\n  - \"<folded text>\"\n  - plain: x\n");
  EXPECT_EQ(rewritten("{a: 1, b: [x, y]}\n", {"$.b[*]"}), "{a: 1, b: [\"<x>\", \"<y>\"]}\n");
  EXPECT_EQ(rewritten("a: two words: no\n", {"$.a"}), "malformed");
  EXPECT_EQ(rewritten("a: two\n  lines\n", {"$.a"}), "malformed") << "a plain text over several lines";
  EXPECT_EQ(rewritten("a: two\n  lines\nb: 1\n", {"$.b"}), "a: two\n  lines\nb: \"<1>\"\n");
}

TEST(YamlText, KnowsSeveralDocumentsWindowsLinesTextsBeyondAsciiAndNulls) {
  EXPECT_EQ(rewritten("---\na: x\n---\na: y\n...\n", {"$.a"}), "---\na: \"<x>\"\n---\na: \"<y>\"\n...\n");
  EXPECT_EQ(rewritten("b: ø\r\na: é x\r\nc: 1\r\n", {"$.a"}), "b: ø\r\na: \"<é x>\"\r\nc: 1\r\n");
  EXPECT_EQ(rewritten("a:\nb: ~\nc: x\n", {"$.a", "$.b", "$.c"}), "a:\nb: ~\nc: \"<x>\"\n");
  EXPECT_EQ(rewritten("", {"$.a"}), "");
}

TEST(YamlText, AnAnchorKeepsItsNameAndItsAliasesFollow) {
  EXPECT_EQ(rewritten("a: &mail ada@x.org\nb: *mail\nc: &n {d: 1}\n", {"$.a"}),
            "a: &mail \"<ada@x.org>\"\nb: *mail\nc: &n {d: 1}\n");
  EXPECT_EQ(rewritten("a: !!str 5\n", {"$.a"}), "a: !!str \"<5>\"\n");
}

TEST(YamlText, FindsNamesAtAnyDepthAndWhatIsBelowThem) {
  EXPECT_EQ(rewritten("x: {secret: {a: 1, b: [2]}}\ny:\n- secret: z\n", {"$..secret"}),
            "x: {secret: {a: \"<1>\", b: [\"<2>\"]}}\ny:\n- secret: \"<z>\"\n");
}

TEST(YamlText, WhatIsNoYamlOrBlowsUpIsRefused) {
  EXPECT_EQ(rewritten("a: [1\n", {"$.a"}), "malformed");
  EXPECT_EQ(rewritten("\ta: 1\n", {"$.a"}), "malformed");
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const auto name = std::to_string(i);
    bomb += "a" + name + ": &a" + name + " [";
    for (int j = 0; j < 10; ++j) bomb += std::string(j == 0 ? "" : ", ") + "*a" + std::to_string(i - 1);
    bomb += "]\n";
  }
  EXPECT_EQ(rewritten(bomb, {"$.b"}), "malformed");
  EXPECT_EQ(rewritten(std::string(400, '[') + std::string(400, ']'), {"$.b"}), "malformed");
}

}  // namespace
}  // namespace summit::masking
