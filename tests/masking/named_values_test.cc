#include "masking/named_values.h"

#include "masking/findings.h"
#include "tests/masking/make_rules.h"

namespace summit::masking {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

config::SanitizationRules redis_rules(const std::string& list) {
  auto rules = read_rules("key: {env: K}\nrules:\n  redis:\n" + list);
  if (!rules.ok()) ADD_FAILURE() << rules.error().message();
  return std::move(rules).value_or({});
}

NamedMask mask_of_key(const config::SanitizationRules& rules, const std::string& key, const Secret& secret,
                      ReplacedValues* replaced = nullptr) {
  auto mask = NamedMask::compile(rules_of_key(rules, config::Sanitization::kFull, key), secret, replaced);
  if (!mask.ok()) ADD_FAILURE() << mask.error().message();
  return std::move(mask).value();
}

std::string applied(NamedMask& mask, std::string_view name, std::string_view value) {
  std::string out;
  const auto outcome = mask.apply(name, value, out);
  if (!outcome.ok()) return outcome.error().message();
  if (*outcome == Outcome::kKept) return "(kept)";
  return *outcome == Outcome::kNull ? "(gone)" : out;
}

TEST(NamedMask, TheFirstPatternThatFitsCounts) {
  const auto rules = redis_rules(R"(
    - {key: "user:*", fields: {email: {constant: exact}, "e*": {constant: pattern}, token: remove, plan: keep}}
    - {key: "*", value: {constant: whole}, fields: {token: {constant: late}}}
)");
  const auto secret = test_key();
  auto mask = mask_of_key(rules, "user:1", secret);
  EXPECT_EQ(applied(mask, "email", "a"), "exact");
  EXPECT_EQ(applied(mask, "else", "a"), "pattern");
  EXPECT_EQ(applied(mask, "token", "a"), "(gone)");
  EXPECT_EQ(applied(mask, "plan", "a"), "(kept)");
  EXPECT_EQ(applied(mask, "other", "a"), "(kept)");
  EXPECT_EQ(applied(mask, "", "a"), "whole") << "the value itself has no name";
  EXPECT_FALSE(mask.covers("other"));
}

TEST(NamedMask, TemplatesTakeOtherFieldsOrTheNameItself) {
  const auto rules = redis_rules(R"(
    - {key: "user:*", fields: {email: {template: "dev_{id}@example.com"}, "*_KEY": {template: "dev_test_key_{name}"}}}
)");
  const auto secret = test_key();
  auto mask = mask_of_key(rules, "user:1", secret);
  const NamedValue row[] = {{"id", "7"}, {"email", "ada@lovelace.org"}};
  mask.set_row(row);
  EXPECT_EQ(applied(mask, "email", "ada@lovelace.org"), "dev_7@example.com");
  EXPECT_EQ(applied(mask, "API_KEY", "x"), "dev_test_key_API_KEY");
  mask.set_row({});
  EXPECT_EQ(applied(mask, "email", "ada@lovelace.org"), "(gone)") << "without an id there is no such text";
}

TEST(NamedMask, ATemplateThatCopiesWhatARuleReplacesIsRefused) {
  const auto secret = test_key();
  const auto refused = [&](const std::string& fields) {
    const auto rules = redis_rules("    - {key: \"user:*\", fields: {" + fields + "}}\n");
    const auto mask =
        NamedMask::compile(rules_of_key(rules, config::Sanitization::kFull, "user:1"), secret, nullptr);
    return !mask.ok() && mask.error().code() == Code::kConfig;
  };
  EXPECT_TRUE(refused("name: {pseudonym: name}, alias: {template: \"{name}\"}"));
  EXPECT_TRUE(refused("\"*\": {template: \"{id}\"}")) << "a pattern reaches the id, too";
  EXPECT_FALSE(refused("email: {template: \"{id}\"}"));
}

TEST(NamedMask, ListenersAreToldOfTheSingleTexts) {
  class Listener final : public ReplacedValues {
   public:
    void add(std::string_view original, std::string_view replacement, std::string_view place) override {
      told.push_back(fmt::format("{} {} {}", place, original, replacement));
    }
    std::vector<std::string> told;
  } listener;
  const auto rules = redis_rules(R"(
    - {key: "doc:*", value: {json: {"$.a": {constant: x}, "$.b": remove, "$.c": keep}}, fields: {f: {constant: same}}}
)");
  const auto secret = test_key();
  auto mask = mask_of_key(rules, "doc:1", secret, &listener);
  EXPECT_EQ(applied(mask, "", R"({"a": "one", "b": "two", "c": "three"})"),
            R"({"a": "x", "b": null, "c": "three"})");
  applied(mask, "f", "same");
  EXPECT_THAT(listener.told, ElementsAre("redis:doc:* one x", "redis:doc:* two "));
}

TEST(NamedMask, WhatCannotBeMaskedIsNamedByItsPatternOnly) {
  const auto rules = redis_rules("    - {key: \"doc:*\", value: {json: {\"$.a\": remove}}}");
  const auto secret = test_key();
  auto mask = mask_of_key(rules, "doc:ada", secret);
  const auto message = applied(mask, "", "no json, ada@lovelace.org");
  EXPECT_THAT(message, HasSubstr("doc:*"));
  EXPECT_THAT(message, Not(HasSubstr("ada")));
}

TEST(KeyFamily, ShowsWordsAndHidesWhatTellsKeysApart) {
  EXPECT_EQ(key_family("user:17"), "user:*");
  EXPECT_EQ(key_family("user:ada"), "user:*");
  EXPECT_EQ(key_family("cache:entity:9:body"), "cache:entity:*:*");
  EXPECT_EQ(key_family("emails"), "emails");
  EXPECT_EQ(key_family("ada@lovelace.org"), "*");
  EXPECT_EQ(key_family(""), "");
  EXPECT_EQ(field_family("phone2"), "phone2");
  EXPECT_EQ(field_family("ada@lovelace.org"), "*");
  EXPECT_EQ(field_family("4711"), "*");
}

TEST(FirstWildcard, TakesAsLittleAsTheRestAllows) {
  using Part = std::pair<size_t, size_t>;
  EXPECT_EQ(first_wildcard("seen:ada:by", "seen:*:by"), Part(5, 3));
  EXPECT_EQ(first_wildcard("seen:a:b:by", "seen:*:*"), Part(5, 1));
  EXPECT_EQ(first_wildcard("mail:ada", "mail:*"), Part(5, 3));
  EXPECT_EQ(first_wildcard("mail:", "mail:*"), Part(5, 0));
  EXPECT_EQ(first_wildcard("other", "mail:*"), std::nullopt);
  EXPECT_EQ(first_wildcard("mail", "mail"), std::nullopt);
}

TEST(Rules, NamesTakeOnlyWhatKeepsThemApart) {
  const auto rules = read_rules(R"(key: {env: K}
rules:
  redis:
    - {key: "a:*", rename: {constant: x}}
    - {key: "b", rename: {pseudonym: email}}
    - {key: "c", field_names: remove}
)");
  ASSERT_FALSE(rules.ok());
  EXPECT_THAT(rules.error().message(), HasSubstr("sanitization.yaml:4: `rename` could make two names one"));
  EXPECT_THAT(rules.error().message(), HasSubstr("has no * that could be renamed"));
  EXPECT_THAT(rules.error().message(), HasSubstr("`field_names` could make two names one"));
}

}  // namespace
}  // namespace summit::masking
