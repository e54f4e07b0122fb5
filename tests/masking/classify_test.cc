#include "masking/classify.h"

#include "tests/masking/make_rules.h"

namespace summit::masking {
namespace {

using config::Sanitization;
using Kind = Verdict::Kind;
using Store = config::MaskRule::Store;

Place column(const std::string& table, const std::string& name, std::vector<std::string> samples = {}) {
  Place place;
  place.schema = "public";
  place.name = table;
  place.field = name;
  place.samples = std::move(samples);
  return place;
}

Verdict verdict_of(const Place& place, Sanitization level = Sanitization::kFull) {
  return classify(shipped_rules(), level, place);
}

TEST(Classify, KnowsRuledHarmlessAndUnknown) {
  EXPECT_EQ(verdict_of(column("users", "email", {"ada@lovelace.org"})).kind, Kind::kRuled);
  EXPECT_EQ(verdict_of(column("tenants", "name", {"Acme"})).kind, Kind::kHarmless);
  EXPECT_EQ(verdict_of(column("events", "tenant_id")).kind, Kind::kHarmless);
  EXPECT_EQ(verdict_of(column("tasks", "status", {"queued"})).kind, Kind::kUnknown);
}

TEST(Classify, WhatIsRuledAtFullOnlyIsNotRuledInStaging) {
  const auto rules = table_rules("    - {table: billing, set: {card: remove}}\n");
  EXPECT_EQ(classify(rules, Sanitization::kFull, column("billing", "card")).kind, Kind::kRuled);
  EXPECT_EQ(classify(rules, Sanitization::kMinimal, column("billing", "card", {"4111111111111111"})).kind,
            Kind::kSensitive);
}

// What the documents name as personal, whatever its values are: else a restore into staging would be refused.
TEST(Classify, ShippedRulesCoverPersonsAndCardsInStaging) {
  const std::pair<const char*, const char*> kPersonal[] = {{"users", "email"},
                                                           {"users", "phone"},
                                                           {"users", "address"},
                                                           {"users", "password_hash"},
                                                           {"entities", "contact_email"},
                                                           {"entities", "phone_number"},
                                                           {"entities", "address"},
                                                           {"entities", "token"},
                                                           {"entities", "embedding"},
                                                           {"audit_logs", "user_ip"},
                                                           {"audit_logs", "session_data"},
                                                           {"billing", "credit_card"},
                                                           {"billing", "bank_account"}};
  for (const auto& [table, field] : kPersonal)
    EXPECT_EQ(verdict_of(column(table, field), Sanitization::kMinimal).kind, Kind::kRuled)
        << table << "." << field;
}

// Of a text that is masked they would say what it was about, whatever the column is called.
TEST(Classify, ListsOfManyFractionsAreEmbeddings) {
  const auto list = [](int count, const std::string& opens, const std::string& closes) {
    std::string numbers;
    for (int i = 0; i < count; ++i) numbers += (i == 0 ? "" : ",") + std::to_string(std::sin(i));
    return opens + numbers + closes;
  };
  EXPECT_EQ(suspect_values({list(64, "[", "]")}), Suspicion::kEmbedding);
  EXPECT_EQ(suspect_values({list(384, "{", "}"), list(384, "{", "}")}), Suspicion::kEmbedding);
  EXPECT_FALSE(suspect_values({list(63, "[", "]")}).has_value()) << "too few";
  EXPECT_FALSE(suspect_values({list(64, "[", "]"), "a note"}).has_value()) << "a single one";
  EXPECT_FALSE(suspect_values({}).has_value());
}

// One in a hundred numbers of eleven digits has the check digits of a person's, by accident.
TEST(Classify, AColumnOfNationalIdsIsFoundAndOneOfOtherNumbersIsNot) {
  EXPECT_EQ(suspect_values({"811218-9876", "811218-9876", "811218+9876", "19811218-9876", "811218-9876"}),
            Suspicion::kNationalId);
  EXPECT_FALSE(suspect_values({"811218-9876"}).has_value());
  std::vector<std::string> orders;
  for (int i = 0; i < 1000; ++i) orders.push_back(std::to_string(26011500000 + i));
  EXPECT_FALSE(suspect_values(orders).has_value());
  // Whoever has looked at them is believed.
  const std::vector<std::string> ids(5, "811218-9876");
  const auto rules = table_rules("    - {table: other, set: {x: remove}}\n");
  EXPECT_EQ(classify(rules, Sanitization::kFull, column("t", "ref", ids)).kind, Kind::kSensitive);
  auto declared = rules;
  declared.harmless.push_back({Store::kPostgresql, "t", "ref"});
  EXPECT_EQ(classify(declared, Sanitization::kFull, column("t", "ref", ids)).kind, Kind::kHarmless);
}

TEST(Classify, PartitionsHaveTheRulesOfTheirParents) {
  auto place = column("billing_2026_even", "credit_card");
  EXPECT_EQ(verdict_of(place).kind, Kind::kSensitive);
  place.ancestors = {{"public", "billing_2026"}, {"public", "billing"}};
  EXPECT_EQ(verdict_of(place).kind, Kind::kRuled);
}

// The rule is ready: with it, the place is ruled.
TEST(Classify, GivesARuleToPasteThatSettlesIt) {
  std::vector<Place> places;
  places.push_back(column("Odd \"Table\"", "contact_email"));
  places.push_back(column("people", "note", {"call +47 912 34 567"}));
  Place node{.store = Store::kNodes,
             .schema = {},
             .name = "Person",
             .ancestors = {},
             .field = "mail",
             .samples = {}};
  Place link{.store = Store::kRelationships,
             .schema = {},
             .name = "PAID",
             .ancestors = {},
             .field = "iban",
             .samples = {}};
  Place hash{.store = Store::kRedis,
             .schema = {},
             .name = "profile:17",
             .ancestors = {},
             .field = "ssn",
             .samples = {}};
  Place text{.store = Store::kRedis,
             .schema = {},
             .name = "last:17",
             .ancestors = {},
             .field = "",
             .samples = {"10.1.2.3"}};
  Place entry{.store = Store::kFiles,
              .schema = {},
              .name = "app.ini",
              .ancestors = {},
              .field = "API_TOKEN",
              .samples = {}};
  places.insert(places.end(), {node, link, hash, text, entry});
  const char* stores[] = {"postgresql", "postgresql", "neo4j", "neo4j", "redis", "redis", "files"};
  for (size_t i = 0; i < places.size(); ++i) {
    const auto verdict = verdict_of(places[i]);
    ASSERT_EQ(verdict.kind, Kind::kSensitive) << describe(places[i]);
    const auto rules =
        read_rules(std::string("key: {env: K}\nrules:\n  ") + stores[i] + ":\n    " + verdict.rule + "\n");
    ASSERT_TRUE(rules.ok()) << rules.error().message() << verdict.rule;
    EXPECT_EQ(classify(*rules, Sanitization::kFull, places[i]).kind, Kind::kRuled) << verdict.rule;
  }
}

// A declaration was true when it was written; what came into the place since then still stops the run.
TEST(Classify, ContentSpeaksLouderThanADeclaration) {
  const auto verdict = verdict_of(column("tenants", "settings", {"{\"owner\": \"ada@lovelace.org\"}"}));
  EXPECT_EQ(verdict.kind, Kind::kSensitive);
  EXPECT_EQ(verdict.by_content, Suspicion::kEmail);
  EXPECT_EQ(verdict_of(column("tenants", "settings", {"{\"password\": \"x\"}"})).by_content,
            Suspicion::kSecret);
}

TEST(Classify, RowsThatAConditionLeavesAreLookedAt) {
  EXPECT_EQ(verdict_of(column("configuration", "value", {"dark"})).kind, Kind::kRuled);
  EXPECT_EQ(verdict_of(column("configuration", "value", {"sk_live_0123456789abcdef"})).kind,
            Kind::kSensitive);
}

TEST(Classify, TheRestOfADocumentIsLookedAtBesideItsRules) {
  EXPECT_EQ(verdict_of(column("entities", "attributes", {"{\"source\": \"ada@lovelace.org\"}"})).kind,
            Kind::kRuled);
  EXPECT_EQ(
      verdict_of(column("entities", "attributes", {"{\"source\": 1, \"to\": \"ada@lovelace.org\"}"})).kind,
      Kind::kSensitive);
  EXPECT_EQ(verdict_of(column("entities", "attributes", {"{\"phones\": {\"phone\": \"x\"}}"})).kind,
            Kind::kSensitive);
}

TEST(Classify, ANameBesideABirthDateIsAPersons) {
  const std::vector<Place> places = {column("pets", "name"), column("members", "name"),
                                     column("members", "born")};
  std::vector<Verdict> verdicts;
  for (const auto& place : places) verdicts.push_back(verdict_of(place));
  EXPECT_EQ(verdicts[1].kind, Kind::kUnknown);
  suspect_names_beside_birth_dates(places, verdicts);
  EXPECT_EQ(verdicts[0].kind, Kind::kUnknown);
  EXPECT_EQ(verdicts[1].kind, Kind::kSensitive);
  EXPECT_EQ(verdicts[1].rule,
            "- {table: \"members\", schema: \"public\", set: {\"name\": {pseudonym: name}}}");
}

}  // namespace
}  // namespace summit::masking
