#include "stores/postgres/binary_rows.h"

#include "stores/postgres/binary_columns.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using Form = BinaryType::Form;

BinaryRows one(Form form, uint32_t array_of = 0) {
  return BinaryRows(std::vector<BinaryType>{BinaryType{form, array_of}});
}

struct BinaryRowsTest : PostgresTest {
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
    run("summit",
        "SET search_path = public; CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION "
        "vector;");
  }

  std::string copied_out(const std::string& options) {
    std::string all;
    auto connection = connect("summit");
    const auto copied = connection.copy_out(fmt::format("COPY public.t TO STDOUT {}", options),
                                            [&](ByteView block) -> Result<void> {
                                              all += as_text(block);
                                              return {};
                                            });
    EXPECT_TRUE(copied.ok()) << copied.error().to_string();
    return all;
  }

  // What the server's own rows of `t` become, beside what it prints in binary form itself.
  void expect_the_servers_bytes(const std::string& columns) {
    auto connection = connect("summit");
    auto rows = binary_rows_for(connection, fmt::format("COPY public.t ({}) FROM stdin", columns));
    ASSERT_TRUE(rows.ok()) << rows.error().to_string();
    ASSERT_TRUE(rows->has_value());
    std::string ours(kBinaryHead);
    EXPECT_TRUE((*rows)->append(copied_out(""), ours));
    ours += kBinaryEnd;
    const std::string theirs = copied_out("(FORMAT binary)");
    const auto differ = std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end()).first;
    EXPECT_TRUE(ours == theirs) << "from byte " << differ - ours.begin();
  }
  bool is_binary(const std::string& statement, const std::string& encoding = "UTF8") {
    auto connection = connect("summit");
    EXPECT_TRUE(connection.execute(fmt::format("SET client_encoding = '{}'", encoding)).ok());
    auto rows = binary_rows_for(connection, statement);
    EXPECT_TRUE(rows.ok()) << rows.error().to_string();
    return rows.ok() && rows->has_value();
  }
};

TEST_F(BinaryRowsTest, AreTheBytesThatTheServerPrintsForEveryKnownType) {
  run("summit", R"(SET search_path = public;
CREATE TYPE mood AS ENUM ('sad', 'very happy', 'grün');
CREATE DOMAIN postcode AS varchar(8) CHECK (VALUE <> '');
CREATE DOMAIN narrow AS postcode;
CREATE TABLE t (
  a text, b varchar(20), c char(7), d json, e jsonb, f citext, g mood, h narrow, i boolean, j smallint, k integer,
  l bigint, m real, n double precision, o numeric, p numeric(12, 4), q date, r time, s timestamp, u timestamptz(3),
  v uuid, w bytea, x vector(3), y text[], z integer[], aa timestamptz[], ab jsonb[], ac mood[], ad numeric[]);
INSERT INTO t VALUES
  ('plain', 'with	tab', 'short', '{"a": "b\\nc"}', '{"k": [1, 2.50, null, "tab\tquote\""]}', 'CiText', 'very happy',
   '12345', true, -32768, 2147483647, -9223372036854775808, 3.4028235e38, 1.7976931348623157e308, 12345678.90120,
   -0.0001, '2024-02-29', '23:59:59.999999', '1999-12-31 23:59:59.5', '0001-01-01 00:00:00+00',
   '00112233-4455-6677-8899-aabbccddeeff', '\x00ff5c0a', '[1,-0.5,2e-07]', '{a,"b c",NULL,"NULL","",\\\\,"q\"","{}"}',
   '{1,-2,NULL}', '{"2024-06-01 12:00:00+05:30"}', '{"{\"a\": 1}"}', '{sad,"very happy"}', '{1.50,-20000,0}'),
  (E'back\\slash\nnew\rline\x08\x0c\x0b\\N\\.', '', '', '[]', '"x"', '', 'grün', NULL, false, 0, 0, 0, -0.0, 5e-324,
   0.00, 0, '1900-01-01', '00:00', '2000-01-01', '9999-12-31 23:59:59.999+00', '00000000-0000-0000-0000-000000000000',
   '', '[0,0,0]', '{}', '{}', '{}', '{}', '{}', '{}'),
  ('ünïcödé 漢字 🎉', 'ü', 'é', '1', '1e400', 'É', 'sad', 'x', NULL, 1, -1, 1, 1.17549435e-38, -1e-300,
   -99999999999999999999999999999999.000000001, 99999999.9999, '2999-01-31', '12:34:56.7', '1582-10-15 00:00:00.000001',
   '2024-03-31 02:30:00.123+02', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '\x5c', '[3.4e+38,1e-45,-3]', '{ünï,"a,b"}',
   '{7}', '{NULL}', '{null}', '{grün}', '{NULL,1234567890123456789.123}'),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO t (m, n, o, q, s, u) VALUES ('NaN', 'NaN', 'NaN', 'infinity', '-infinity', 'infinity'),
  ('-Infinity', 'Infinity', 'Infinity', '-infinity', 'infinity', '-infinity'), ('Infinity', '-Infinity', '-Infinity', NULL, NULL, NULL);)");
  expect_the_servers_bytes(
      "a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, u, v, w, x, y, z, aa, ab, ac, ad");
}

TEST_F(BinaryRowsTest, AreTheBytesThatTheServerPrintsForManyNumbersAndMoments) {
  run("summit", R"(SET search_path = public;
CREATE TABLE t (a bigint, b real, c double precision, d numeric, e timestamptz, f date, g time, h uuid);
SELECT setseed(0.5);
INSERT INTO t SELECT (random() - 0.5) * 10 ^ (i % 19), (random() - 0.5) * 10 ^ (i % 60 - 30), (random() - 0.5) * 10 ^ (i % 500 - 250),
  round(((random() - 0.5) * 10 ^ (i % 25))::numeric, i % 17), timestamptz '1000-01-01' + random() * interval '8000 years',
  date '1600-01-01' + i * 37, time '00:00' + random() * interval '86399 seconds', gen_random_uuid()
FROM generate_series(1, 20000) i;)");
  run("summit", "ALTER DATABASE summit SET timezone = 'America/St_Johns'");
  expect_the_servers_bytes("a, b, c, d, e, f, g, h");
}

TEST_F(BinaryRowsTest, TablesWithColumnsOfOtherTypesOrUnsafeEncodingsStayText) {
  run("summit", R"(SET search_path = public;
CREATE DOMAIN word AS text;
CREATE TYPE pair AS (x integer, y integer);
CREATE TYPE own;
CREATE FUNCTION own_in(cstring) RETURNS own LANGUAGE internal STRICT IMMUTABLE AS 'byteain';
CREATE FUNCTION own_out(own) RETURNS cstring LANGUAGE internal STRICT IMMUTABLE AS 'textout';
CREATE FUNCTION own_receive(internal) RETURNS own LANGUAGE internal STRICT IMMUTABLE AS 'textrecv';
CREATE TYPE own (INPUT = own_in, OUTPUT = own_out, RECEIVE = own_receive);
CREATE TABLE plain (id bigint, gone integer, name word, tags text[], twice integer GENERATED ALWAYS AS (gone * 2) STORED);
CREATE TABLE odd (id bigint, i interval, h hstore, w word[], p pair, n inet, r int4range, s tsvector, m money, v int2vector, o own);
CREATE TABLE "Strange ""name" (id integer);)");
  EXPECT_TRUE(is_binary("COPY public.plain (id, gone, name, tags) FROM stdin"));
  EXPECT_TRUE(is_binary("COPY public.\"Strange \"\"name\" (id) FROM stdin"));
  EXPECT_TRUE(is_binary("COPY public.plain (id) FROM stdin", "LATIN1"));
  EXPECT_FALSE(is_binary("COPY public.plain (id) FROM stdin", "SJIS"));
  EXPECT_FALSE(is_binary("COPY public.plain (id) FROM stdin", "GB18030"));
  EXPECT_FALSE(is_binary("COPY public.plain FROM stdin"));
  EXPECT_FALSE(is_binary("COPY public.missing (id) FROM stdin"));
  EXPECT_FALSE(is_binary("COPY public.plain (missing) FROM stdin"));
  EXPECT_TRUE(is_binary("COPY public.odd (id) FROM stdin"));
  for (const char* column : {"i", "h", "w", "p", "n", "r", "s", "m", "v", "o"})
    EXPECT_FALSE(is_binary(fmt::format("COPY public.odd (id, {}) FROM stdin", column))) << column;
}

TEST(BinaryRows, WhatIsNotSpelledAsInADumpIsRefusedAndLeavesNothing) {
  const auto refused = [](BinaryRows rows, std::string_view text) {
    std::string out = "before";
    EXPECT_FALSE(rows.append(std::string(text) + "\n", out)) << text;
    EXPECT_EQ(out, "before") << text;
  };
  for (const char* text : {"\\101", "\\x41", "\\", "a\\", "a\tb", "carriage\rreturn", "\\."})
    refused(one(Form::kText), text);
  for (const char* text : {"", "+1", " 1", "1 ", "1.0", "0x1", "40000"}) refused(one(Form::kInteger2), text);
  refused(one(Form::kInteger8), "9223372036854775808");
  for (const char* text : {"", "-", "nan", "infinity", "-NaN", "inf", "-nan", "1e400", ".5", "1,5"})
    refused(one(Form::kFloat8), text);
  refused(one(Form::kFloat4), "1e39");
  for (const char* text : {"", "-", ".", "1.", ".5", "1e5", "nan", "inf", "--1", "1_0"})
    refused(one(Form::kNumeric), text);
  refused(one(Form::kNumeric), std::string(257, '1'));
  for (const char* text : {"true", "1", "T"}) refused(one(Form::kBoolean), text);
  for (const char* text : {"Infinity", "2023-02-29", "2024-13-01", "0044-03-15 BC", "10000-01-01",
                           "0000-01-01", "2024-1-1", "epoch"})
    refused(one(Form::kDate), text);
  for (const char* text : {"24:00:00", "12:60:00", "12:00:60", "12:00", "12:00:00.", "12:00:00.1234567"})
    refused(one(Form::kTime), text);
  for (const char* text :
       {"2024-01-01 00:00:00", "2024-01-01 00:00:00+", "2024-01-01 00:00:00+1", "2024-01-01 00:00:00+16",
        "2024-01-01 00:00:00+01:60", "2024-01-01 00:00:00 UTC", "2024-01-01 00:00:00+00 BC", "-Infinity"})
    refused(one(Form::kTimestampWithZone), text);
  refused(one(Form::kTimestamp), "2024-01-01 00:00:00+00");
  for (const char* text : {"", "0011223344556677889900112233445566", "00112233_4455-6677-8899-aabbccddeeff",
                           "00112233-4455-6677-8899-aabbccddeefg", "{0112233-4455-6677-8899-aabbccddeef}"})
    refused(one(Form::kUuid), text);
  for (const char* text : {"", "abc", "\\\\x0", "\\\\xzz", "\\\\000"}) refused(one(Form::kBytea), text);
  for (const char* text : {"", "[]", "[1", "1]", "[1,]", "[,1]", "[1 ,2]", "[NaN]", "[1;2]", "[1,2]x", "[-]"})
    refused(one(Form::kVector), text);
  for (const char* text : {"", "{", "}", "{a", "{a,}", "{,a}", "{{a},{b}}", "[0:1]={a,b}", "{a b}", "{\"a}",
                           "{\"a\"b}", "{a}}", "{a,b},", "{\"a\\\\\\\\"})
    refused(one(Form::kText, 25), text);
  refused(one(Form::kInteger4, 23), "{1,x}");
  std::string out;
  EXPECT_FALSE(one(Form::kText).append("a\nb", out)) << "the last row has no end";
  EXPECT_FALSE(BinaryRows({{}, {}}).append("a\n", out)) << "a column is missing";
  EXPECT_FALSE(one(Form::kText).append("good\n\\q\n", out));
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace summit::postgres
