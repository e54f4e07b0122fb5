// Whose rows are whose where several owners, nobody, and later changes of the schema are about.
#include "tests/stores/postgres/merge/merge_world.h"

namespace summit::postgres::merge {
namespace {

using testing::Contains;
using testing::HasSubstr;

struct OwnershipTest : MergeTest {
  // Tables of its own in place of the platform's: backed up with all rows, then changed by `since`.
  static Result<RowMerge> staged_after(std::string_view tables, std::string_view since,
                                       std::vector<config::RowSpec::Reference> references = {}) {
    run("live", "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    run("live",
        "CREATE TABLE public.tenants (id text PRIMARY KEY); INSERT INTO public.tenants VALUES "
        "('acme'), ('globex')");
    run("live", tables);
    const auto archive = pg_dump("live");
    run("live", since);
    MergeRequest request;
    request.database = "live";
    request.rules = rules();
    request.rules.whole.clear();
    request.rules.references = std::move(references);
    request.id = "acme";
    ASSIGN_OR_RETURN(auto merge, RowMerge::open(endpoint(), request, {}));
    RETURN_IF_ERROR(merge.stage(archive_file(archive)));
    return merge;
  }
  static Result<MergeReport> merged_after(std::string_view tables, std::string_view since) {
    ASSIGN_OR_RETURN(auto merge, staged_after(tables, since));
    return merge.apply();
  }
};

constexpr std::string_view kDocuments = R"sql(
    CREATE TABLE public.docs (id integer PRIMARY KEY, tenant_id text);
    CREATE TABLE public.kinds (id integer PRIMARY KEY, tenant_id text);
    CREATE TABLE public.items (id integer PRIMARY KEY, doc_id integer NOT NULL REFERENCES public.docs,
      kind integer NOT NULL REFERENCES public.kinds, v text);
    INSERT INTO public.docs VALUES (1, 'acme'), (2, 'globex');
    INSERT INTO public.kinds VALUES (1, NULL), (2, 'acme'), (3, 'globex');
    INSERT INTO public.items VALUES (1, 1, 1, 'of a kind of nobody'), (2, 1, 2, 'own'), (3, 1, 3, 'of both'),
      (4, 2, 3, 'of globex');
)sql";

TEST_F(OwnershipTest, AReferenceToWhatBelongsToNobodyTakesNoRowFromItsOwner) {
  const auto report = expect_ok(merged_after(
      kDocuments,
      "DELETE FROM public.items WHERE id = 2; UPDATE public.items SET v = 'spoilt' WHERE id = 1"));
  EXPECT_EQ(report.inserted(), 1U);
  EXPECT_EQ(report.changed(), 1U);
  EXPECT_EQ(ask("live", "SELECT v FROM public.items WHERE id = 1"), "of a kind of nobody");
}

TEST_F(OwnershipTest, ARowOfSeveralOwnersComesBackWhereItIsMissingAndStaysWhereItIsThere) {
  const auto lost = expect_ok(merged_after(kDocuments, "DELETE FROM public.items WHERE id > 2"));
  EXPECT_EQ(lost.lent(), 1U);
  EXPECT_EQ(ask("live", "SELECT string_agg(id::text, ',' ORDER BY id) FROM public.items"), "1,2,3");

  const auto there = expect_ok(merged_after(kDocuments, "UPDATE public.items SET v = 'later' WHERE id = 3"));
  EXPECT_EQ(ask("live", "SELECT v FROM public.items WHERE id = 3"), "later");
  EXPECT_THAT(there.notes, Contains(HasSubstr("public.items: 1 rows that are not `acme`'s own differ")));
}

TEST_F(OwnershipTest, WhatARowOfSeveralOwnersRefersToComesWithIt) {
  const auto report = expect_ok(merged_after(
      kDocuments, "DELETE FROM public.items WHERE id > 2; DELETE FROM public.kinds WHERE id = 3"));
  EXPECT_EQ(report.lent(), 2U);
  EXPECT_EQ(ask("live", "SELECT tenant_id FROM public.kinds WHERE id = 3"), "globex");
}

TEST_F(OwnershipTest, RowsOfSeveralOwnersWithoutAKeyAreNamedWhenTheyAreMissing) {
  const auto report =
      expect_ok(merged_after(std::string(kDocuments) + "ALTER TABLE public.items DROP CONSTRAINT items_pkey",
                             "DELETE FROM public.items WHERE id = 3"));
  EXPECT_THAT(report.notes, Contains(HasSubstr("public.items: 1 rows of the backup")));
}

TEST_F(OwnershipTest, AChangeThatAForeignKeyWouldCarryToRowsOfOthersIsRefused) {
  for (const auto* action : {"CASCADE", "SET NULL", "SET DEFAULT"}) {
    const auto report = merged_after(
        fmt::format("CREATE TABLE public.codes (id integer PRIMARY KEY, tenant_id text, code text UNIQUE); "
                    "CREATE TABLE public.uses (id integer PRIMARY KEY, tenant_id text, code text REFERENCES "
                    "public.codes (code) ON UPDATE {}); "
                    "INSERT INTO public.codes VALUES (1, 'acme', 'A'); INSERT INTO public.uses VALUES (1, "
                    "'globex', NULL)",
                    action),
        "UPDATE public.codes SET code = 'B'; UPDATE public.uses SET code = 'B'");
    ASSERT_FALSE(report.ok()) << action;
    EXPECT_EQ(report.error().code(), Code::kRefused);
    EXPECT_THAT(report.error().message(), HasSubstr("1 row of public.uses refers by code to values"));
    EXPECT_EQ(ask("live", "SELECT code FROM public.uses"), "B");
  }
}

TEST_F(OwnershipTest, ADeclaredReferenceKeepsWhatARowOfOthersRefersTo) {
  config::RowSpec::Reference reference;
  reference.table = {"events", "backup-sets.yaml:5"};
  reference.columns = {"doc_id"};
  reference.to = "docs";
  reference.to_columns = {"id"};
  auto merge = expect_ok(staged_after(
      "CREATE TABLE public.docs (id integer PRIMARY KEY, tenant_id text); INSERT INTO public.docs VALUES (1, "
      "'acme'); CREATE TABLE public.events (id integer PRIMARY KEY, tenant_id text, doc_id integer)",
      "INSERT INTO public.docs VALUES (77, 'acme'); INSERT INTO public.events VALUES (1, 'globex', 77)",
      {reference}));
  const auto report = merge.apply();
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message(), HasSubstr("1 row of public.events refers by doc_id"));
}

TEST_F(OwnershipTest, AGeneratedColumnTellsTheOwner) {
  const auto report = expect_ok(merged_after(
      "CREATE TABLE public.gen (id integer PRIMARY KEY, key text, tenant_id text GENERATED ALWAYS AS "
      "(split_part(key, ':', 1)) STORED); INSERT INTO public.gen VALUES (1, 'acme:x'), (2, 'globex:y')",
      "DELETE FROM public.gen"));
  EXPECT_EQ(report.inserted(), 1U);
  EXPECT_EQ(ask("live", "SELECT tenant_id FROM public.gen"), "acme");
}

TEST_F(OwnershipTest, AForeignKeyThatWasAddedSinceIsNotAskedOfTheBackup) {
  const auto report = expect_ok(merged_after(
      kDocuments,
      "ALTER TABLE public.items ADD second_doc integer REFERENCES public.docs; ALTER TABLE public.docs ADD "
      "kind integer REFERENCES public.kinds; DELETE FROM public.items WHERE id > 1; DELETE FROM public.kinds "
      "WHERE id = 3"));
  EXPECT_EQ(report.inserted(), 1U);
  EXPECT_EQ(ask("live", "SELECT count(*) FROM public.items"), "3");
}

TEST_F(OwnershipTest, AnOwnersColumnThatWasAddedSinceIsNamed) {
  const auto report =
      merged_after("CREATE TABLE public.later (id integer PRIMARY KEY); INSERT INTO public.later VALUES (1)",
                   "ALTER TABLE public.later ADD tenant_id text");
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::kUnsupported);
  EXPECT_THAT(report.error().message(), HasSubstr("public.later are: it has no column tenant_id"));
}

}  // namespace
}  // namespace summit::postgres::merge
