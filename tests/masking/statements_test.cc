#include "masking/statements.h"

#include "tests/masking/make_rules.h"

namespace summit::masking {
namespace {

using config::Sanitization;
using testing::HasSubstr;
using testing::Not;

std::string sql(const config::SanitizationRules& rules, Sanitization level = Sanitization::kFull) {
  const auto quoted = [](char sign) {
    return [sign](std::string_view text) { return sign + std::string(text) + sign; };
  };
  return sql_statements(
      rules, level,
      {.identifier = [](std::string_view name) { return std::string(name); }, .literal = quoted('\'')});
}

// The framework's own statements, letter for letter.
TEST(Statements, AreThoseOfTheFrameworkForTables) {
  const auto text = sql(shipped_rules());
  for (const char* statement : {
           "UPDATE users SET\n    email = 'dev_' || id || '@example.com',\n    phone = '+1-555-' || "
           "LPAD(id::text, 7, "
           "'0'),\n    address = NULL\nWHERE email NOT LIKE '%@example.com';\n",
           "UPDATE entities SET\n    contact_email = 'entity_' || id || '@example.com',\n    phone_number = "
           "'+1-555-' || "
           "LPAD(id::text, 7, '0')\nWHERE contact_email IS NOT NULL;\n",
           "UPDATE investigations SET\n    classified_info = '[REDACTED FOR DEV/TEST]',\n    internal_notes "
           "= '[REDACTED "
           "FOR DEV/TEST]'\nWHERE classified_info IS NOT NULL OR internal_notes IS NOT NULL;\n",
           "UPDATE audit_logs SET\n    user_ip = MD5(user_ip || 'dev_salt'),\n    session_data = NULL\nWHERE "
           "user_ip IS "
           "NOT NULL;\n",
           "UPDATE configuration SET\n    value = 'dev_test_key_' || name\nWHERE name LIKE '%_KEY' OR name "
           "LIKE "
           "'%_SECRET' OR name LIKE '%_PASSWORD';\n",
           "UPDATE billing SET\n    credit_card = '****-****-****-0000',\n    bank_account = "
           "'****0000'\nWHERE "
           "credit_card IS NOT NULL OR bank_account IS NOT NULL;\n",
       }) {
    EXPECT_THAT(text, HasSubstr(statement));
  }
}

TEST(Statements, AreThoseOfTheFrameworkForTheGraph) {
  const auto text = cypher_statements(shipped_rules(), Sanitization::kFull);
  for (const char* statement :
       {"MATCH (n:User)\nWHERE n.email IS NOT NULL AND NOT n.email ENDS WITH '@example.com'\nSET n.email = "
        "'dev_' + "
        "id(n) + '@example.com';\n",
        "MATCH (n)\nWHERE n.phone IS NOT NULL\nSET n.phone = '+1-555-' + substring(toString(id(n)), 0, 7);\n",
        "MATCH (n)\nWHERE n.classified IS NOT NULL\nSET n.classified = '[REDACTED FOR DEV/TEST]';\n",
        "MATCH (n:Classified)\nREMOVE n:Classified\nSET n:DevData;\n"}) {
    EXPECT_THAT(text, HasSubstr(statement));
  }
}

TEST(Statements, NameWhatNoStatementCanSay) {
  const auto text = sql(table_rules(
      "    - {table: t, where: a IS NULL, set: {b: {pseudonym: email}}, otherwise: {b: {hash: 16}}}\n"));
  EXPECT_THAT(
      text,
      HasSubstr("where the condition holds, under the environment's key, by summit-dr only: b (email)"));
  EXPECT_THAT(
      text, HasSubstr("elsewhere, and where a value does not fit, under the environment's key, by summit-dr "
                      "only: b (keyed hash)"));
  EXPECT_THAT(text, Not(HasSubstr("UPDATE")));
}

TEST(Statements, OfTheLowerLevelLeaveOutTheOthers) {
  const auto text = sql(shipped_rules(), Sanitization::kMinimal);
  EXPECT_THAT(text, HasSubstr("UPDATE users"));
  EXPECT_THAT(text, Not(HasSubstr("UPDATE investigations")));
  EXPECT_EQ(sql(shipped_rules(), Sanitization::kNone), "");
}

// Two statements would mask the row twice: the first takes away what the second asks for.
TEST(Statements, AreOneWhereTheConditionAsksForWhatOtherwiseChanges) {
  EXPECT_THAT(sql(table_rules("    - {table: t, where: x IS NULL, set: {x: {constant: A}, y: remove}, "
                              "otherwise: {x: remove, y: keep}}\n")),
              HasSubstr("UPDATE t SET\n    x = CASE WHEN x IS NULL THEN 'A' ELSE NULL END,\n"
                        "    y = CASE WHEN x IS NULL THEN NULL ELSE y END;\n"));
  const auto rules = read_rules(
      "key: {env: K}\nrules:\n  neo4j:\n    - {label: L, where: x IS NULL, set: {x: {constant: A}}, "
      "otherwise: {x: remove}}\n");
  ASSERT_TRUE(rules.ok()) << rules.error().message();
  EXPECT_THAT(cypher_statements(*rules, Sanitization::kFull),
              HasSubstr("MATCH (n:L)\nWITH n, coalesce(n.x IS NULL, false) AS holds\n"
                        "SET n.x = CASE WHEN holds THEN 'A' ELSE NULL END;\n"));
}

TEST(Statements, QuoteNamesAndPatternsOfCypher) {
  const auto rules = read_rules(R"(key: {env: K}
rules:
  neo4j:
    - {label: "Odd Label", where: "\"back`tick\" LIKE 'a_b%'", set: {x: {constant: "it's"}}, otherwise: {x: keep}}
    - {relationship: KNOWS, where: note LIKE '%x%', set: {note: remove}, otherwise: {note: keep}}
)");
  ASSERT_TRUE(rules.ok()) << rules.error().message();
  const auto text = cypher_statements(*rules, Sanitization::kFull);
  EXPECT_THAT(text,
              HasSubstr("MATCH (n:`Odd Label`)\nWHERE n.`back``tick` =~ '(?s)a.b.*'\nSET n.x = 'it\\'s';"));
  EXPECT_THAT(text, HasSubstr("MATCH ()-[n:KNOWS]->()\nWHERE n.note CONTAINS 'x'\nSET n.note = NULL;"));
}

}  // namespace
}  // namespace summit::masking
