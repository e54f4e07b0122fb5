#include "masking/json_text.h"

#include <gtest/gtest.h>

namespace summit::masking {
namespace {

// Puts <path number:value> in the place of what the paths reach.
std::string replaced(const std::string& document, const std::vector<std::string>& paths) {
  std::vector<config::JsonPath> parsed;
  for (const auto& path : paths) {
    auto one = config::parse_json_path(path);
    EXPECT_TRUE(one.ok()) << path;
    parsed.push_back(std::move(one).value_or({}));
  }
  std::string out;
  const auto outcome = rewrite_json(
      document, parsed,
      [](size_t path, Field value, std::string& made) {
        if (!value) return Outcome::kNull;
        made = std::to_string(path) + ":" + std::string(*value);
        return Outcome::kValue;
      },
      out);
  EXPECT_TRUE(outcome == Outcome::kValue || out.empty());
  return outcome == Outcome::kValue ? out : "malformed";
}

TEST(JsonText, ReplacesWhatAPathReachesAndNothingElse) {
  EXPECT_EQ(replaced(R"({"a": {"b": "x", "c": 1.50}, "b" : "y"})", {"$.a.b"}),
            R"({"a": {"b": "0:x", "c": 1.50}, "b" : "y"})");
  EXPECT_EQ(replaced(R"({"list":[{"e":"x"},{"e":7},{"f":null}]})", {"$.list[*].e"}),
            R"({"list":[{"e":"0:x"},{"e":"0:7"},{"f":null}]})");
  EXPECT_EQ(replaced(R"([1,2,3])", {"$[1]"}), R"([1,"0:2",3])");
  EXPECT_EQ(replaced(R"({"odd name":"x"})", {"$['odd name']"}), R"({"odd name":"0:x"})");
  EXPECT_EQ(replaced(R"("x")", {"$"}), R"("0:x")");
  EXPECT_EQ(replaced(R"({"a":null})", {"$.a"}), R"({"a":null})");
}

TEST(JsonText, FindsANameAtAnyDepthAndEveryRepetition) {
  EXPECT_EQ(replaced(R"({"e":"1","a":[{"e":"2","b":{"e":["3","4"]}}], "e":true})", {"$..e"}),
            R"({"e":"0:1","a":[{"e":"0:2","b":{"e":["0:3","0:4"]}}], "e":"0:true"})");
}

TEST(JsonText, TakesTheFirstPathThatFitsAndEverythingBelowIt) {
  EXPECT_EQ(replaced(R"({"a":{"b":"x","c":{"d":"y"}}})", {"$.a.b", "$.a"}),
            R"({"a":{"b":"1:x","c":{"d":"1:y"}}})");
  EXPECT_EQ(replaced(R"({"a":"x","b":"y"})", {"$.b", "$.*"}), R"({"a":"1:x","b":"0:y"})");
}

// A name that is written with escapes is the same name.
TEST(JsonText, ReadsEscapesAndWritesThem) {
  EXPECT_EQ(replaced(R"({"em\u0061il":"\u00e9\ud83d\udd11\n\"\\\/"})", {"$.email"}),
            "{\"em\\u0061il\":\"0:é🔑\\u000a\\\"\\\\/\"}");
}

TEST(JsonText, GivesNothingOfATextThatIsNoJson) {
  for (const std::string text : {"", "{", "{\"a\"}", "{\"a\":}", "[1,]", "[1 2]", "x", "\"x", "\"\\q\"",
                                 "{} {}", "nul", "-", "\"\\ud83d\\u0041\"", "{a:1}"}) {
    EXPECT_EQ(replaced(text, {"$..a"}), "malformed") << text;
  }
  EXPECT_EQ(replaced(std::string(300, '[') + std::string(300, ']'), {"$.a"}), "malformed");
}

TEST(JsonText, ShowsEveryValueWithItsKey) {
  std::string seen;
  EXPECT_TRUE(
      visit_json(R"({"a":["x",1],"b":{"c":null}})", [&](std::string_view key, std::string_view value) {
        seen += std::string(key) + "=" + std::string(value) + ";";
      }));
  EXPECT_EQ(seen, "a=x;a=1;c=null;");
}

TEST(JsonPath, TellsWhatIsNoPath) {
  for (const char* text : {"", "a", "$a", "$.", "$[", "$[x]", "$['a", "$..", "$[1"})
    EXPECT_FALSE(config::parse_json_path(text).ok()) << text;
}

}  // namespace
}  // namespace summit::masking
