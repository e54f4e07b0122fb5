// The rules `paths` of files on the texts of such files.
#include "masking/document_mask.h"

#include "tests/masking/make_rules.h"

namespace summit::masking {
namespace {

using testing::HasSubstr;
using testing::Not;

class Documents : public testing::Test {
 protected:
  void use(const std::string& paths) {
    auto read =
        read_rules("key: {env: K}\nrules:\n  files:\n    - path: \"config/*\"\n      paths: " + paths + "\n");
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    rules_ = *std::move(read);
  }
  const config::MaskRule& rule() const { return rules_.rules.front(); }
  Result<std::string> masked(const std::string& text) {
    const auto key = test_key();
    DocumentMasks masks(key, nullptr);
    return masks.apply(rule(), text);
  }

  config::SanitizationRules rules_;
};

TEST_F(Documents, JsonAndYamlHaveTheSameRules) {
  use("{\"$.db.password\": {constant: hidden}, \"$..email\": {pseudonym: email}, \"$.gone\": remove}");
  const auto json = masked("{\"db\": {\"password\":  \"p\"}, \"gone\": 1, \"n\": 1.50}");
  ASSERT_TRUE(json.ok()) << json.error().to_string();
  EXPECT_EQ(*json, "{\"db\": {\"password\":  \"hidden\"}, \"gone\": null, \"n\": 1.50}");
  const auto yaml = masked("db:\n  password: p\ngone: 1\nn: 1.50\nto: {email: ada@secret.org}\n");
  ASSERT_TRUE(yaml.ok()) << yaml.error().to_string();
  EXPECT_THAT(*yaml, HasSubstr("db:\n  password: \"hidden\"\ngone: null\nn: 1.50\nto: {email: \""));
  EXPECT_THAT(*yaml, HasSubstr("@example.com\"}\n"));
}

TEST_F(Documents, WhatIsLeftForLookingThroughHasNoRuledValueButAllOthers) {
  use("{\"$.a\": {hash: 32}, \"$.kept\": keep}");
  const auto left = without_ruled(rule(), "a: one\nkept: two\nother: three  # four\n");
  ASSERT_TRUE(left.ok());
  EXPECT_EQ(*left, "a: null\nkept: two\nother: three  # four\n");
}

TEST_F(Documents, WhatCannotBeMaskedIsRefusedWithoutItsText) {
  use("{\"$.a\": {hash: 32}}");
  const auto refused = masked("a: needle\n  over lines\n");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kCorrupt);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("config/*"));
  EXPECT_THAT(refused.error().to_string(), Not(HasSubstr("needle")));
  use("{\"$.a\": {template: \"{b}\"}}");
  EXPECT_EQ(masked("a: x\n").error().code(), Code::kConfig);
}

}  // namespace
}  // namespace summit::masking
