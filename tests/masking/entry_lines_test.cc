#include "masking/entry_lines.h"

#include "tests/masking/make_rules.h"

namespace summit::masking {
namespace {

std::string masked(const std::string& text) {
  static const auto rules = read_rules(R"(key: {env: K}
rules:
  files:
    - path: "**/.env*"
      entries: {"*_KEY": {template: "dev_test_key_{name}"}, "*_URL": {constant: "https://example.com"}, GONE: remove, ODD: {constant: "a \"b\" $c"}}
)");
  if (!rules.ok()) return rules.error().message();
  const auto key = test_key();
  auto mask = NamedMask::compile(rules_of_file(*rules, config::Sanitization::kFull, "a/.env"), key, nullptr);
  if (!mask.ok()) return mask.error().message();
  return mask_entry_lines(text, *mask).value_or("(error)");
}

TEST(EntryLines, ReplacesValuesAndKeepsEverythingElse) {
  EXPECT_EQ(masked("# top\n\nexport API_KEY = secret # why\nPORT=80\nGONE=x\nAPP_URL='https://a.b'\r\nlast"),
            "# top\n\nexport API_KEY = dev_test_key_API_KEY\nPORT=80\nAPP_URL=https://example.com\nlast");
  EXPECT_EQ(masked(""), "");
  EXPECT_EQ(masked("API_KEY="), "API_KEY=dev_test_key_API_KEY");
  EXPECT_EQ(masked("API_KEY=\nNEXT=1\n"), "API_KEY=dev_test_key_API_KEY\nNEXT=1\n");
  EXPECT_EQ(masked("name=Ada\nAPI_KEY=x\n"), "name=Ada\nAPI_KEY=dev_test_key_API_KEY\n");
}

TEST(EntryLines, AQuotedValueGoesWithAllItsLines) {
  EXPECT_EQ(masked("TLS_KEY=\"-----BEGIN\nsecret\\\"\n-----END\"\nPORT=80\n"),
            "TLS_KEY=dev_test_key_TLS_KEY\nPORT=80\n");
  EXPECT_EQ(masked("TLS_KEY='never closed\nsecret\n"), "TLS_KEY=dev_test_key_TLS_KEY\n");
}

TEST(EntryLines, WhatAShellWouldReadIsQuoted) { EXPECT_EQ(masked("ODD=x\n"), "ODD=\"a \\\"b\\\" \\$c\"\n"); }

TEST(EntryLines, PiecesJoinedAreTheText) {
  const std::string text = "A='x\ny'\n#\n B = 1\n=\nC==\"\n";
  std::string joined;
  ASSERT_TRUE(for_each_entry_line(text, [&](const EntryLine& line) -> Result<void> {
                joined += line.text;
                return {};
              }).ok());
  EXPECT_EQ(joined, text);
}

}  // namespace
}  // namespace summit::masking
