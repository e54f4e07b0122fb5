// Nodes and relationships masked as they stream by.
#include "recovery/graph_mask.h"

#include <gmock/gmock.h>

#include "tests/masking/make_rules.h"

namespace summit::recovery {
namespace {

using neo4j::Value;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

masking::Session session_of(config::SanitizationRules rules) {
  masking::Session session;
  session.rules = std::move(rules);
  session.key = masking::test_key();
  return session;
}

Value::Map properties(Value::Map map) {
  neo4j::sort_by_key(map);
  return map;
}

std::string text_of(const Value::Map& map, std::string_view key) {
  const auto* value = neo4j::find(map, key);
  return value ? neo4j::to_text(*value) : "gone";
}

// What was replaced, for whoever checks that it is gone.
class Heard final : public masking::ReplacedValues {
 public:
  void add(std::string_view original, std::string_view, std::string_view place) override {
    all.push_back(std::string(place) + "=" + std::string(original));
  }
  std::vector<std::string> all;
};

TEST(GraphMask, GivesTheDocumentedValues) {
  auto session = session_of(masking::shipped_rules());
  Heard heard;
  session.replaced = &heard;
  GraphMask mask(session);
  std::vector<std::string> labels{"User", "Classified"};
  auto user = properties({{"email", Value{"ada@lovelace.org"}},
                          {"phone", Value{"+47 912 34 567"}},
                          {"classified", Value{"TS//SI"}},
                          {"name", Value{"Ada Lovelace"}},
                          {"id", Value{int64_t{7}}},
                          {"shift", Value{true}}});
  ASSERT_TRUE(mask.node(42, labels, user).ok());
  EXPECT_THAT(labels, ElementsAre("User", "DevData"));
  EXPECT_EQ(text_of(user, "email"), "dev_42@example.com");
  EXPECT_EQ(text_of(user, "phone"), "+1-555-42");
  EXPECT_EQ(text_of(user, "classified"), "[REDACTED FOR DEV/TEST]");
  EXPECT_THAT(text_of(user, "name"), Not(HasSubstr("Lovelace")));
  EXPECT_EQ(*neo4j::find(user, "id"), Value{int64_t{7}}) << "no rule touches it";
  EXPECT_EQ(*neo4j::find(user, "shift"), Value{true});
  EXPECT_THAT(heard.all, testing::Contains("neo4j:User.email=ada@lovelace.org"));
  EXPECT_EQ(heard.all.size(), 4u);
}

TEST(GraphMask, ANameBesideABirthDateIsFoundWhetherThatIsMaskedOrNot) {
  for (const char* rule : {"{label: Person, set: {born: remove}}", "{label: Person, set: {other: remove}}"}) {
    auto rules = masking::read_rules(std::string("key: {env: K}\nrules:\n  neo4j:\n    - ") + rule + "\n");
    ASSERT_TRUE(rules.ok()) << rules.error().message();
    const auto session = session_of(*std::move(rules));
    GraphMask mask(session);
    std::vector<std::string> labels{"Employee", "Person"};
    auto person = properties({{"born", Value{"1815-12-10"}}, {"name", Value{"Ada Lovelace"}}});
    ASSERT_TRUE(mask.node(1, labels, person).ok());
    const auto checked = mask.check_uncovered();
    ASSERT_FALSE(checked.ok()) << rule;
    EXPECT_THAT(checked.error().message(), HasSubstr("Employee.name: person's name"));
  }
}

TEST(GraphMask, ANameWithoutABirthDateBesideItIsNone) {
  auto rules =
      masking::read_rules("key: {env: K}\nrules:\n  neo4j:\n    - {label: \"*\", set: {born: remove}}\n");
  ASSERT_TRUE(rules.ok()) << rules.error().message();
  const auto session = session_of(*std::move(rules));
  GraphMask mask(session);
  std::vector<std::string> labels{"City"};
  auto city = properties({{"name", Value{"Bergen"}}});
  ASSERT_TRUE(mask.node(1, labels, city).ok());
  EXPECT_TRUE(mask.check_uncovered().ok());
}

TEST(GraphMask, CountsWhatTheDocumentedRulesAloneWouldLeaveOrDouble) {
  const auto session = session_of(masking::shipped_rules());
  GraphMask mask(session);
  const auto pass = [&](int64_t id, std::vector<std::string> labels, const char* email) {
    auto user = properties({{"email", Value{email}},
                            {"phone", Value{"+47 1"}},
                            {"name", Value{Value::List{Value{"A"}, Value{"B"}, Value{"C"}}}}});
    EXPECT_TRUE(mask.node(id, labels, user).ok());
  };
  pass(1, {"User"}, "ada@lovelace.org");
  EXPECT_TRUE(mask.gaps().empty());
  pass(2, {"User"}, "ada@example.com");
  pass(123456789, {"User"}, "eve@corp.org");
  const auto gaps = mask.gaps();
  ASSERT_EQ(gaps.size(), 2U);
  EXPECT_THAT(describe(gaps[0]), AllOf(testing::StartsWith("User.email: the documented rule alone (line "),
                                       HasSubstr("would leave 1 of 3 values in the clear: `otherwise`")));
  EXPECT_EQ(gaps[0].gap.unfit, 0U);
  EXPECT_EQ(gaps[1].gap.unfit, 1U) << gaps[1].place;
}

TEST(GraphMask, MasksTheElementsOfListsAndKeepsDatesDates) {
  const auto session = session_of(masking::shipped_rules());
  GraphMask mask(session);
  std::vector<std::string> labels{"Entity"};
  auto entity = properties({{"aliases", Value{Value::List{Value{"Ann Other"}, Value{"A. O."}}}},
                            {"name", Value{"Ann Other"}},
                            {"place", Value{neo4j::Point{}}},
                            {"vector", Value{Value::List{Value{0.5}}}}});
  ASSERT_TRUE(mask.node(1, labels, entity).ok());
  const auto& aliases = *neo4j::find(entity, "aliases")->as<Value::List>();
  ASSERT_EQ(aliases.size(), 2u);
  EXPECT_EQ(aliases[0], *neo4j::find(entity, "name")) << "equal in, equal out";
  EXPECT_NE(aliases[1], aliases[0]);
  EXPECT_EQ(neo4j::find(entity, "place"), nullptr);
  EXPECT_EQ(neo4j::find(entity, "vector"), nullptr);

  labels = {"User"};
  auto user = properties({{"born", Value{neo4j::Date{10000}}}, {"id", Value{int64_t{3}}}});
  ASSERT_TRUE(mask.node(2, labels, user).ok());
  const auto* born = neo4j::find(user, "born")->as<neo4j::Date>();
  ASSERT_NE(born, nullptr);
  EXPECT_NE(born->days, 10000);
  EXPECT_LE(std::abs(born->days - 10000), 180);
}

TEST(GraphMask, ADateThatARuleGivesIsADateBeforeChristAndAfterTheYear9999Too) {
  auto rules = masking::read_rules(
      "key: {env: K}\nrules:\n  neo4j:\n"
      "    - {label: Ship, set: {built: {template: '{launched}'}}}\n");
  ASSERT_TRUE(rules.ok()) << rules.error().to_string();
  const auto session = session_of(*std::move(rules));
  GraphMask mask(session);
  for (const int64_t days : {int64_t{-735'000}, int64_t{0}, int64_t{19'000}, int64_t{3'789'391}}) {
    std::vector<std::string> labels{"Ship"};
    auto ship = properties({{"built", Value{neo4j::Date{1}}}, {"launched", Value{neo4j::Date{days}}}});
    ASSERT_TRUE(mask.node(1, labels, ship).ok());
    EXPECT_EQ(*neo4j::find(ship, "built"), Value{neo4j::Date{days}});
  }
  std::vector<std::string> labels{"Ship"};
  constexpr int64_t kFarFuture = 25'000'000;  // about the year 70000
  auto ship = properties({{"built", Value{neo4j::Date{1}}}, {"launched", Value{neo4j::Date{kFarFuture}}}});
  ASSERT_TRUE(mask.node(1, labels, ship).ok());
  EXPECT_EQ(text_of(ship, "built"), "date(25000000 d)") << "a text, and of no other year";
}

TEST(GraphMask, ReachesRelationships) {
  auto rules = masking::read_rules(
      "key: {env: K}\nrules:\n  neo4j:\n"
      "    - {relationship: KNOWS, set: {since_note: {constant: gone}}}\n");
  ASSERT_TRUE(rules.ok()) << rules.error().to_string();
  const auto session = session_of(*std::move(rules));
  GraphMask mask(session);
  auto knows = properties({{"since_note", Value{"met at the harbour"}}});
  auto likes = knows;
  ASSERT_TRUE(mask.relationship(1, "KNOWS", knows).ok());
  ASSERT_TRUE(mask.relationship(2, "LIKES", likes).ok());
  EXPECT_EQ(text_of(knows, "since_note"), "gone");
  EXPECT_EQ(text_of(likes, "since_note"), "met at the harbour");
}

TEST(GraphMask, StopsWhereSomethingPrivatePassedWithoutARule) {
  const auto session = session_of(masking::shipped_rules());
  GraphMask mask(session);
  std::vector<std::string> labels{"Ship"};
  auto ship = properties({{"tonnage", Value{int64_t{4000}}}});
  ASSERT_TRUE(mask.node(1, labels, ship).ok());
  EXPECT_TRUE(mask.check_uncovered().ok());

  auto crewed = properties({{"log", Value{"write to captain@north-sea.no"}}});
  ASSERT_TRUE(mask.node(2, labels, crewed).ok());
  const auto refused = mask.check_uncovered();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kRefused);
  EXPECT_THAT(refused.error().message(), AllOf(HasSubstr(":Ship.log"), HasSubstr("e-mail")));
  EXPECT_THAT(refused.error().message(), Not(HasSubstr("captain")));
  EXPECT_THAT(refused.error().message(), HasSubstr("label: \"Ship\""));
}

TEST(GraphMask, LooksAtValuesFromEverywhereInTheGraph) {
  const auto session = session_of(masking::shipped_rules());
  GraphMask mask(session);
  for (int64_t i = 0; i < 100'000; ++i) {
    std::vector<std::string> labels{"Gadget"};
    const auto value = i < 99'000 ? "kind " + std::to_string(i) : "ada" + std::to_string(i) + "@lovelace.org";
    auto gadget = properties({{"remark", Value{value}}});
    ASSERT_TRUE(mask.node(i, labels, gadget).ok());
  }
  const auto checked = mask.check_uncovered();
  ASSERT_FALSE(checked.ok());
  EXPECT_THAT(checked.error().message(), HasSubstr(":Gadget.remark"));
}

// Each as the only odd place of a graph whose names say nothing.
TEST(GraphMask, PlantedSecretsStopItWhereverTheyLie) {
  const std::string planted = "ada@lovelace.org";
  struct Odd {
    std::string label = "Thing";
    Value::Map on_node{};
    std::string type = "NEAR";
    Value::Map on_relationship{};
    Value::Map schema{};
    std::string named;
  };
  const std::vector<Odd> places = {
      {.on_node = {{"a", Value{planted}}}, .named = ":Thing.a: e-mail address"},
      {.on_node = {{"a", Value{"write to " + planted}}}, .named = ":Thing.a: e-mail address"},
      {.on_node = {{"a", Value{Value::List{Value{"x"}, Value{planted}}}}},
       .named = ":Thing.a: e-mail address"},
      {.on_node = {{"a", Value{"{\"b\": \"" + planted + "\"}"}}}, .named = ":Thing.a: e-mail address"},
      {.on_node = {{"a", Value{int64_t{4111111111111111}}}}, .named = ":Thing.a: payment card"},
      {.on_node = {{planted, Value{true}}}, .named = "a property's name (e-mail address)"},
      {.on_node = {{"password", Value{"x"}}}, .named = ":Thing.password"},
      {.label = "User", .on_node = {{"a", Value{planted}}}, .named = ":User.a: e-mail address"},
      {.label = planted, .named = "a label (e-mail address)"},
      {.on_relationship = {{"a", Value{planted}}}, .named = "NEAR"},
      {.on_relationship = {{planted, Value{1.5}}}, .named = "a property's name (e-mail address)"},
      {.type = planted, .named = "a type of relationships (e-mail address)"},
      {.schema = {{"name", Value{"index of " + planted}}},
       .named = "an index or constraint (e-mail address)"},
      {.schema = {{"createStatement", Value{"CREATE INDEX `" + planted + "` FOR (n:A) ON (n.a)"}}},
       .named = "an index or constraint (e-mail address)"},
  };
  const auto session = session_of(masking::shipped_rules());
  for (const auto& place : places) {
    GraphMask mask(session);
    std::vector<std::string> labels{place.label};
    auto node = properties(place.on_node);
    auto relationship = properties(place.on_relationship);
    ASSERT_TRUE(mask.schema(place.schema).ok());
    ASSERT_TRUE(mask.node(1, labels, node).ok());
    ASSERT_TRUE(mask.relationship(1, place.type, relationship).ok());
    const auto refused = mask.check_uncovered();
    ASSERT_FALSE(refused.ok()) << place.named;
    EXPECT_THAT(refused.error().to_string(), AllOf(HasSubstr(place.named), Not(HasSubstr("lovelace"))));
  }
}

}  // namespace
}  // namespace summit::recovery
