#include "stores/postgres/sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace summit::postgres {
namespace {

using testing::ElementsAre;

TEST(Sql, IdentifiersAndLiteralsAreQuotedSafely) {
  EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quote_literal("it's"), "'it''s'");
  EXPECT_EQ(quote_literal("a\\b'"), "E'a\\\\b'''");
  EXPECT_EQ(quote_connection_value("a'b\\c"), "'a\\'b\\\\c'");
}

TEST(Sql, DisplayNamesQuoteOnlyWhatNeedsIt) {
  EXPECT_EQ(display_name("public", "users"), "public.users");
  EXPECT_EQ(display_name("public", "Users"), "public.\"Users\"");
  EXPECT_EQ(display_name("a.b", "1x"), "\"a.b\".\"1x\"");
}

TEST(Sql, StatementsAreSplitOutsideOfQuotes) {
  EXPECT_THAT(split_statements("\\restrict abc\nSET a = 'x;y';\n-- no; comment\nSELECT $$;$$, $t$ $$; $t$, "
                               "\";\" /* ; /* ; */ ; */;\n\n;"),
              ElementsAre("SET a = 'x;y'", "SELECT $$;$$, $t$ $$; $t$, \";\""));
  EXPECT_THAT(split_statements("SELECT E'\\';', ';'; SELECT 2"),
              ElementsAre("SELECT E'\\';', ';'", "SELECT 2"));
  EXPECT_THAT(split_statements("SELECT 'unfinished; "), ElementsAre("SELECT 'unfinished;"));
}

TEST(Sql, ADatabaseIsRenamedOnlyWhereItIsMeant) {
  EXPECT_THAT(
      rename_database_in(
          "ALTER DATABASE app SET x TO 'DATABASE app';\nALTER ROLE app IN DATABASE app SET y TO 'app';",
          "app", "n w"),
      ElementsAre("ALTER DATABASE \"n w\" SET x TO 'DATABASE app'",
                  "ALTER ROLE app IN DATABASE \"n w\" SET y TO 'app'"));
  EXPECT_THAT(rename_database_in("GRANT CONNECT ON DATABASE \"My \"\"DB\" TO app;", "My \"DB", "x"),
              ElementsAre("GRANT CONNECT ON DATABASE \"x\" TO app"));
}

TEST(Sql, DefinitionsThatADumpRewritesAreNormalisedToTheSame) {
  EXPECT_EQ(normalized_definition("CHECK (((status)::text = ANY ((ARRAY['a'::character varying, "
                                  "'b'::character varying(3)])::text[])))"),
            normalized_definition("CHECK (((status)::text = ANY (ARRAY[('a'::character varying)::text, "
                                  "('b'::character varying)::text])))"));
  EXPECT_EQ(normalized_definition("(x > '2020-01-01 00:00:00'::timestamp(3) without time zone)"),
            "x > '2020-01-01 00:00:00'");
}

TEST(Sql, DefinitionsThatDifferStayDifferent) {
  EXPECT_NE(normalized_definition("CHECK ((a > 1))"), normalized_definition("CHECK ((a > 2))"));
  EXPECT_NE(normalized_definition("CHECK ((a = 'x::y'::text))"),
            normalized_definition("CHECK ((a = 'x'::text))"));
  EXPECT_NE(normalized_definition("SELECT \"A\""), normalized_definition("SELECT a"));
}

}  // namespace
}  // namespace summit::postgres
