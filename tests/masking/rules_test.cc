#include "masking/rules.h"

#include "tests/masking/make_rules.h"

namespace summit::masking {
namespace {

using config::Sanitization;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Rules, OfATableReachItsPartitions) {
  const auto rules = table_rules("    - {table: billing, schema: public, set: {card: remove}}\n");
  const auto count = [&](std::vector<TableName> names) {
    return rules_of_table(rules, Sanitization::kFull, names).size();
  };
  EXPECT_EQ(count({{"public", "billing_2026_even"}, {"public", "billing_2026"}, {"public", "billing"}}), 1U);
  EXPECT_EQ(count({{"archive", "billing"}}), 0U);
  EXPECT_EQ(count({{"public", "billing_2026"}}), 0U);
  EXPECT_EQ(rules_of_table(rules, Sanitization::kMinimal, {{"public", "billing"}}).size(), 0U);
  EXPECT_EQ(rules_of_table(rules, Sanitization::kNone, {{"public", "billing"}}).size(), 0U);
}

TEST(Rules, OfTheGraphReachEveryLabelAndType) {
  const auto rules = shipped_rules();
  const auto labels = [&](const std::vector<std::string>& names) {
    std::vector<std::string> changed;
    for (const auto* rule : rules_of_node(rules, Sanitization::kFull, names))
      if (!rule->replace_label.empty()) changed.push_back(rule->name + ">" + rule->replace_label);
    return changed;
  };
  EXPECT_THAT(labels({"Entity", "Classified"}), ElementsAre("Classified>DevData"));
  EXPECT_TRUE(labels({"Entity"}).empty());
  EXPECT_EQ(rules_of_node(rules, Sanitization::kFull, {"Ship"}).size(), 2U);
  EXPECT_TRUE(rules_of_relationship(rules, Sanitization::kFull, "KNOWS").empty());
}

// The fields that are read come with those that are written, so a client knows what to ask for.
TEST(Rules, NameTheFieldsThatTheyNeed) {
  const auto rules = shipped_rules();
  const auto fields = fields_of(rules_of_node(rules, Sanitization::kMinimal, {"User"}));
  EXPECT_THAT(fields, ElementsAre("email", "id()", "phone", "name", "born", "id"));
}

TEST(Rules, OfNodesGiveTheDocumentedValues) {
  const auto rules = shipped_rules();
  const auto chosen = rules_of_node(rules, Sanitization::kFull, {"User"});
  const std::vector<std::string> columns = {"id()", "email", "phone", "classified", "name", "born", "id"};
  auto mask = RowMask::compile(chosen, columns, test_key(), ":User");
  ASSERT_TRUE(mask.ok()) << mask.error().message();
  const auto values = [&](std::vector<Field> row) {
    std::vector<Field> inputs;
    for (const size_t column : mask->inputs()) inputs.push_back(row[column]);
    EXPECT_TRUE(mask->apply(inputs).ok());
    std::vector<std::string> seen;
    for (const auto& target : mask->targets())
      seen.push_back(target.null ? "NULL" : target.touched ? target.value : "kept");
    return seen;
  };
  const auto seen = values({"42", "ada@lovelace.org", "+47", "TS//", std::nullopt, std::nullopt, "1"});
  EXPECT_THAT(seen,
              ElementsAre("dev_42@example.com", "+1-555-42", "[REDACTED FOR DEV/TEST]", "kept", "kept"));
  const auto rest = values({"123456789", std::nullopt, "+47", std::nullopt, "Ada", "1990-05-01", "1"});
  EXPECT_EQ(rest[0], "kept");
  EXPECT_THAT(rest[1], testing::MatchesRegex("\\+1-555-[0-9]{9}"));
  EXPECT_NE(rest[4], "1990-05-01");
}

// What `mask audit` says: an address that ends in @example.com already, ids over seven digits, and no
// address.
TEST(Rules, CountWhatTheDocumentedFormWouldLeaveOrDouble) {
  const auto rules = table_rules(
      "    - table: users\n      documented: true\n      where: email NOT LIKE '%@example.com'\n"
      "      set: {email: {template: \"dev_{id}@example.com\"}, phone: {template: \"{id:07}\"}, address: "
      "remove}\n      otherwise: {email: {hash: 16}, phone: {hash: 16}, address: remove}\n"
      "    - table: billing\n      documented: true\n      where: card IS NOT NULL\n"
      "      set: {card: {constant: \"****\"}}\n      otherwise: {card: keep}\n");
  auto mask = mask_of(rules, "users", {"id", "email", "phone", "address"});
  const auto apply = [&](const char* id, Field email, Field phone) {
    std::vector<Field> row = {id, email, phone, std::nullopt};
    EXPECT_TRUE(mask.apply(row).ok());
  };
  apply("7", "ada@lovelace.org", "+47 1");
  EXPECT_TRUE(mask.gaps().empty());
  apply("8", "ada@example.com", "+47 2");
  apply("9", std::nullopt, "+47 3");
  apply("12345678", "eve@corp.org", "+47 4");
  const auto gaps = mask.gaps();
  ASSERT_EQ(gaps.size(), 2U) << "the address was never there";
  EXPECT_EQ(gaps[0].field, "email");
  EXPECT_GT(gaps[0].line, 0);
  EXPECT_EQ(gaps[0].values, 3U);
  EXPECT_EQ(gaps[0].in_the_clear, 1U);
  EXPECT_EQ(gaps[0].unfit, 0U);
  EXPECT_EQ(gaps[1].field, "phone");
  EXPECT_EQ(gaps[1].values, 4U);
  EXPECT_EQ(gaps[1].in_the_clear, 2U);
  EXPECT_EQ(gaps[1].unfit, 1U);

  // What the condition lets be is not there, or nobody promised anything of it.
  auto billing = mask_of(rules, "billing", {"id", "card"});
  std::vector<Field> row = {std::nullopt};
  EXPECT_TRUE(billing.apply(row).ok());
  EXPECT_TRUE(billing.gaps().empty());
}

TEST(Rules, OfKeysAndFilesGoByPattern) {
  const auto rules = shipped_rules();
  const auto of_session = rules_of_key(rules, Sanitization::kMinimal, "session:1");
  ASSERT_EQ(of_session.size(), 1U);
  EXPECT_TRUE(of_session.front()->drop);
  EXPECT_EQ(rules_of_file(rules, Sanitization::kFull, "services/api/.env.local").size(), 1U);
  EXPECT_TRUE(rules_of_file(rules, Sanitization::kFull, "README.md").empty());
  EXPECT_TRUE(rules_of_file(rules, Sanitization::kFull, "README.md", "config").empty());
  EXPECT_EQ(rules_of_file(rules, Sanitization::kFull, "a/README.md", "uploads").size(), 1U);
}

TEST(Rules, TheFirstRuleOfAColumnCounts) {
  const auto rules = read_rules(R"(key: {env: K}
rules:
  neo4j:
    - {label: User, set: {phone: {constant: first}}}
    - {label: "*", set: {phone: {constant: second}, fax: {constant: third}}}
)");
  ASSERT_TRUE(rules.ok());
  auto mask = RowMask::compile(rules_of_node(*rules, Sanitization::kFull, {"User"}), {"phone", "fax"},
                               test_key(), ":User");
  ASSERT_TRUE(mask.ok());
  const Field row[] = {"1", "2"};
  ASSERT_TRUE(mask->apply(row).ok());
  EXPECT_EQ(mask->targets()[0].value, "first");
  EXPECT_EQ(mask->targets()[1].value, "third");
}

TEST(Rules, AColumnThatIsNotThereIsAnErrorWithItsLine) {
  const auto rules = table_rules("    - {table: t, set: {emial: remove}}\n");
  const auto mask = RowMask::compile(rules_of_table(rules, Sanitization::kFull, {{"public", "t"}}), {"email"},
                                     test_key(), "t");
  ASSERT_FALSE(mask.ok());
  EXPECT_EQ(mask.error().code(), Code::kConfig);
  EXPECT_THAT(mask.error().message(), HasSubstr("line 4 names `emial`, which t does not have"));
}

TEST(Rules, AKeyThatIsTooShortIsRefusedWhereItIsNeeded) {
  const auto rules = table_rules("    - {table: t, set: {email: {pseudonym: email}}}\n");
  const auto mask = RowMask::compile(rules_of_table(rules, Sanitization::kFull, {{"public", "t"}}), {"email"},
                                     Secret("short"), "t");
  ASSERT_FALSE(mask.ok());
  EXPECT_EQ(mask.error().code(), Code::kKeyMissing);
}

TEST(Rules, ATemplateThatCopiesWhatARuleReplacesIsRefused) {
  const auto refusal = [](const std::string& list) {
    const auto rules = table_rules(list);
    const auto mask = RowMask::compile(rules_of_table(rules, Sanitization::kFull, {{"public", "t"}}),
                                       {"id", "name", "alias", "about"}, test_key(), "t");
    return mask.ok() ? "none" : mask.error().to_string();
  };
  EXPECT_THAT(refusal("    - {table: t, set: {name: {pseudonym: name}}}\n"
                      "    - {table: t, set: {alias: {template: \"Mr {name}\"}}}\n"),
              HasSubstr("line 5 of config/sanitization.yaml puts in `name` as it is, which line 4 replaces"));
  EXPECT_THAT(refusal("    - {table: t, set: {alias: {template: \"{alias}\"}}}\n"),
              HasSubstr("use a pseudonym or a hash for `alias`"));
  EXPECT_THAT(
      refusal("    - {table: t, set: {name: remove, about: {json: {$.a: {template: \"{name}\"}}}}}\n"),
      HasSubstr("puts in `name`"));
  EXPECT_THAT(refusal("    - {table: t, where: id = '1', set: {alias: remove, name: remove}, "
                      "otherwise: {alias: {template: \"{name}\"}, name: keep}}\n"),
              HasSubstr("puts in `name`"));
  EXPECT_EQ(refusal("    - {table: t, set: {alias: {template: \"{name} {id}\"}, name: keep}}\n"), "none");
}

}  // namespace
}  // namespace summit::masking
