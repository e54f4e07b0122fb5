// A real PostgreSQL before and after: what the documented statements make of tables is what the stream makes
// of them.
#include "masking/copy_rows.h"
#include "masking/statements.h"
#include "stores/postgres/sql.h"
#include "tests/masking/make_rules.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::masking {
namespace {

using postgres::expect_ok;

// Condition and values as the framework writes them. `keep` stands in for what it leaves in the clear, so
// that both ways are comparable row by row.
constexpr const char* kDocumented = R"(
    - table: users
      where: email NOT LIKE '%@example.com'
      set: {email: {template: "dev_{id}@example.com"}, phone: {template: "+1-555-{id:07}"}, address: remove}
      otherwise: {email: keep, phone: keep, address: keep}
    - table: investigations
      where: classified_info IS NOT NULL OR internal_notes IS NOT NULL
      set:
        classified_info: {constant: "[REDACTED FOR DEV/TEST]"}
        internal_notes: {constant: "[REDACTED FOR DEV/TEST]"}
      otherwise: {classified_info: keep, internal_notes: keep}
    - table: audit_logs
      where: user_ip IS NOT NULL
      set: {user_ip: {md5_with: dev_salt}, session_data: remove}
      otherwise: {user_ip: keep, session_data: keep}
    - table: configuration
      where: name LIKE '%_KEY' OR name LIKE '%_SECRET' OR name LIKE '%_PASSWORD'
      set: {value: {template: "dev_test_key_{name}"}}
      otherwise: {value: keep}
    - table: billing
      where: credit_card IS NOT NULL OR bank_account IS NOT NULL
      set: {credit_card: {constant: "****-****-****-0000"}, bank_account: {constant: "****0000"}}
      otherwise: {credit_card: keep, bank_account: keep}
)";

// Texts with tabs, backslashes, line ends, quotes, NULL and the word \N, in every column that is read.
constexpr const char* kTables = R"(
CREATE TABLE awkward AS SELECT * FROM (VALUES (NULL), (''), (E'\\N'), (E'tab\there'), (E'back\\slash\\'),
    (E'line\nend\r\v\f\b'), ('ünï🔑'), ('a@b.org'), (E'x\\y\t@example.com'), ('q''"{}')) v(t);
CREATE TABLE users AS SELECT row_number() OVER () AS id, a.t || b.t AS email, a.t AS phone, b.t AS address
    FROM awkward a, awkward b;
CREATE TABLE investigations AS SELECT row_number() OVER () AS id, a.t AS classified_info, b.t AS internal_notes
    FROM awkward a, awkward b;
CREATE TABLE audit_logs AS SELECT row_number() OVER () AS seq, t AS user_ip, to_jsonb(t) AS session_data FROM awkward;
CREATE TABLE configuration AS SELECT coalesce(t, 'null') || s AS name, t AS value
    FROM awkward, (VALUES ('_KEY'), ('_SECRET'), ('A_PASSWORD'), ('KEY'), ('_KEY ')) s(s);
CREATE TABLE billing AS SELECT row_number() OVER () AS id, a.t AS credit_card, b.t AS bank_account FROM awkward a, awkward b;
)";

class MaskedTable : public postgres::PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("source");
    create_database("target");
  }

  // Sessions of the program have no search path.
  static std::string in_public(const std::string& sql) { return "SET search_path = public; " + sql; }
  void run_in(const std::string& database, const std::string& sql) { run(database, in_public(sql)); }
  std::string ask_in(const std::string& database, const std::string& sql) {
    auto connection = connect(database);
    expect_ok(connection.execute(in_public("")));
    return expect_ok(connection.scalar(sql));
  }

  // Streams one table of `source` through its rules into the same of `target`.
  Result<uint64_t> stream(const config::SanitizationRules& rules, const std::string& table) {
    auto from = connect("source");
    auto to = connect("target");
    RETURN_IF_ERROR(from.execute(in_public("")));
    RETURN_IF_ERROR(to.execute(in_public("")));
    ASSIGN_OR_RETURN(const auto names, from.query("SELECT attname FROM pg_attribute WHERE attrelid = '" +
                                                  table + "'::regclass AND attnum > 0 ORDER BY attnum"));
    std::vector<std::string> columns;
    for (size_t i = 0; i < names.size(); ++i) columns.emplace_back(names.text(i, 0));
    CopyRowMask copy(mask_of(rules, table, columns));
    RETURN_IF_ERROR(to.begin_copy("COPY " + table + " FROM STDIN"));
    std::string out;
    const auto pass = [&](ByteView rows) -> Result<void> {
      out.clear();
      RETURN_IF_ERROR(copy.mask(as_text(rows), out));
      return to.put_copy(as_bytes(out));
    };
    ASSIGN_OR_RETURN([[maybe_unused]] const auto rows, from.copy_out("COPY " + table + " TO STDOUT", pass));
    return to.end_copy();
  }

  std::string content(const std::string& database, const std::string& table) {
    return ask_in(database, "SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM " + table + " t");
  }
};

TEST_F(MaskedTable, TheStreamMakesWhatTheDocumentedStatementsMake) {
  const auto rules = table_rules(kDocumented);
  run_in("source", kTables);
  run_in("target", kTables);
  const std::vector<std::string> tables = {"users", "investigations", "audit_logs", "configuration",
                                           "billing"};
  for (const auto& table : tables) {
    run_in("target", "TRUNCATE " + table);
    expect_ok(stream(rules, table), table.c_str());
  }
  run_in("source",
         sql_statements(rules, config::Sanitization::kFull,
                        {.identifier = postgres::quote_identifier, .literal = postgres::quote_literal}));
  for (const auto& table : tables) EXPECT_EQ(content("target", table), content("source", table)) << table;
}

// Ids that LPAD would cut, phones in two spellings, addresses that differ in case: unique constraints hold.
TEST_F(MaskedTable, UniqueConstraintsHoldWhateverTheIds) {
  const auto rules = table_rules(R"(
    - table: people
      where: email NOT LIKE '%@example.com'
      set: {email: {template: "dev_{id}@example.com"}, phone: {template: "+1-555-{id:07}"}, token: {hash: 32}}
      otherwise: {email: {pseudonym: email}, phone: {pseudonym: phone}, token: {hash: 32}}
)");
  const std::string table =
      R"(CREATE TABLE people (id text PRIMARY KEY, email text UNIQUE, phone text UNIQUE, token text UNIQUE))";
  run_in("source", table);
  run_in("target", table);
  run_in("source",
         R"(INSERT INTO people SELECT CASE i % 3 WHEN 0 THEN gen_random_uuid()::text WHEN 1 THEN i::text
      ELSE lpad(i::text, 12, '0') END, CASE i % 2 WHEN 0 THEN 'u' ELSE 'U' END || i || CASE i % 5 WHEN 0 THEN '@example.com'
      ELSE '@mail.org' END, CASE i % 2 WHEN 0 THEN '+47' || (10000000 + i / 2) ELSE '+47 ' || (10000000 + i / 2) END, i::text
      FROM generate_series(1, 3000) i)");
  EXPECT_EQ(expect_ok(stream(rules, "people")), 3000U);
  EXPECT_EQ(
      ask_in("target",
             "SELECT count(*) FROM people WHERE email NOT LIKE '%@example.com' OR phone NOT LIKE '+1-555-%'"),
      "0");
}

TEST_F(MaskedTable, PostgresqlReadsTheArraysDocumentsDatesAndAddressesThatComeOut) {
  const auto rules = table_rules(R"(
    - table: kinds
      set:
        names: {elements: {pseudonym: name}}
        doc: {json: {"$..e": {constant: "it's \"x\" \\ y"}}}
        born: {shift_days: {by: id, most: 30}}
        seen: {shift_days: {by: id, most: 30}}
        ip: {pseudonym: ip}
)");
  const std::string table =
      "CREATE TABLE kinds (id int, names text[], doc jsonb, born date, seen timestamptz, ip inet)";
  run_in("source", table);
  run_in("target", table);
  run_in("source", R"(INSERT INTO kinds VALUES
      (1, ARRAY['Ada', NULL, '', E'a,"b\\c{} NULL'], '{"a": [{"e": "x\\y\t"}, 1.50], "e": {"f": 1}}', '1990-05-01', '2026-01-31 10:00:00+00', '10.1.2.3/24'),
      (2, '[0:1][2:3]={{a,b},{c,d}}', 'null', 'infinity', NULL, '2a00::1'))");
  EXPECT_EQ(expect_ok(stream(rules, "kinds")), 2U);
  EXPECT_EQ(ask_in("target", "SELECT array_dims(names) FROM kinds WHERE id = 2"), "[0:1][2:3]");
  EXPECT_EQ(ask_in("target",
                   "SELECT cardinality(names) || coalesce(names[2], 'NULL') || '<' || names[3] || '>' FROM "
                   "kinds WHERE id = 1"),
            "4NULL<>");
  EXPECT_EQ(
      ask_in(
          "target",
          R"(SELECT (doc #>> '{a,0,e}') || (doc #>> '{a,1}') || (doc #>> '{e,f}') FROM kinds WHERE id = 1)"),
      R"(it's "x" \ y1.50it's "x" \ y)");
  EXPECT_EQ(
      ask_in(
          "target",
          "SELECT (seen::date - born) = ('2026-01-31'::date - '1990-05-01'::date) FROM kinds WHERE id = 1"),
      "t");
  EXPECT_EQ(ask_in("target", "SELECT born FROM kinds WHERE id = 2"), "infinity");
  EXPECT_EQ(ask_in("target", "SELECT count(*) FROM kinds WHERE ip << '2001:db8::/32'"), "2");
}

}  // namespace
}  // namespace summit::masking
