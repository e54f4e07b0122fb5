// PostgreSQL archives of a backup, looked through and masked without a target; the stock pg_restore reads
// them.
#include "recovery/masked_store.h"

#include "tests/masking/make_rules.h"
#include "tests/recovery/postgres/components.h"

namespace summit::recovery {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kRules = R"(key: {env: K}
rules:
  postgresql:
    - table: people
      set: {email: {template: "dev_{id}@example.com"}, phone: {pseudonym: phone}, note: remove}
harmless:
  postgresql: [people.id, visits.*]
reduction:
  tables:
    - {table: visits, newest: 30 days, by: at}
  critical: [people]
)";

constexpr const char* kPeople = R"(
  CREATE TABLE public.people (id bigint PRIMARY KEY, email text UNIQUE, phone text, note text,
                              search text GENERATED ALWAYS AS (upper(email)) STORED);
  INSERT INTO public.people SELECT i, 'needle' || i || '@secret.org', '+47 4000' || i, E'needle\t' || i
    FROM generate_series(1, 20000) i;
  CREATE TABLE public.visits (id bigint PRIMARY KEY, person bigint REFERENCES public.people, at timestamptz);
  INSERT INTO public.visits SELECT i, i, timestamptz '2026-11-20 00:00+00' - i * interval '1 day'
    FROM generate_series(1, 100) i;
  CREATE TABLE public.empty (id int);
  CREATE SEQUENCE public.counter; SELECT setval('public.counter', 42);
  SELECT pg_catalog.lo_from_bytea(4711, 'needle in a large object');
)";

class MaskedPostgresStore : public PostgresComponents {
 protected:
  void use(const std::string& yaml, unsigned percent = 100) {
    session_.rules = expect_ok(masking::read_rules(yaml));
    session_.key = masking::test_key();
    session_.reduction_percent = percent;
    session_.recovery_point = from_rfc3339("2026-11-21T00:00:00Z").value();
  }

  // Calls `step` with the masked store of the backup.
  template <typename Step>
  auto with_store(const std::string& id, Step step) {
    SilentReporter reporter;
    const auto reader = expect_ok(repository::PlainRepository(base()).open(id));
    RestoreContext context{.configuration = configuration_,
                           .environment = environment_,
                           .backup = *reader,
                           .reporter = reporter,
                           .cancellation = {},
                           .sealing_key = {},
                           .workspace = {},
                           .jobs = 2,
                           .masking = &session_};
    const auto store = make_masked_postgres(context, reader->metadata().components.front());
    return step(*store);
  }

  static Result<void> write_to(MaskedStore& store, const fs::path& path) {
    ASSIGN_OR_RETURN(const auto file, open_for_writing(path));
    return store.write(store.files().front().name,
                       [&](ByteView bytes) { return write_all(file.get(), bytes, path); });
  }

  fs::path masked_archive(const std::string& id) {
    auto archive = directory() / "masked.dump";
    with_store(id, [&](MaskedStore& store) {
      expect_ok(write_to(store, archive));
      return 0;
    });
    return archive;
  }

  // By the stock program, into a new database `copy`.
  void pg_restore(const fs::path& archive) {
    create_database("copy");
    run_tool("pg_restore", "copy", {"--jobs=2", "--exit-on-error", archive.string()});
  }

  masking::Session session_;
};

TEST_F(MaskedPostgresStore, StockPgRestoreTakesTheMaskedArchive) {
  run("summit", kPeople);
  const auto id = expect_ok(back_up(target_));
  use(kRules, 10);
  const auto archive = directory() / "masked.dump";
  with_store(id, [&](MaskedStore& store) {
    EXPECT_THAT(expect_ok(store.audit()).findings, IsEmpty());
    expect_ok(write_to(store, archive));
    return 0;
  });
  const auto bytes = expect_ok(read_file(archive, GiB));
  EXPECT_EQ(bytes.find("secret.org"), std::string::npos);

  pg_restore(archive);
  EXPECT_EQ(ask("copy", "SELECT count(*) FROM public.people"), "20000");
  EXPECT_EQ(ask("copy", "SELECT count(*) FROM public.people p WHERE p::text ~* '(needle|secret)'"), "0");
  EXPECT_EQ(ask("copy", "SELECT email || ' ' || search FROM public.people WHERE id = 12"),
            "dev_12@example.com DEV_12@EXAMPLE.COM");
  EXPECT_EQ(ask("copy", "SELECT count(*) || ' ' || min(at)::date FROM public.visits"), "29 2026-10-22");
  EXPECT_EQ(ask("copy", "SELECT last_value FROM public.counter"), "42");
  EXPECT_EQ(ask("copy", "SELECT oid || ' ' || length(lo_get(oid)) FROM pg_largeobject_metadata"), "4711 0");
}

TEST_F(MaskedPostgresStore, TheMaskedArchiveNamesNoOwner) {
  run("summit", kPeople);
  run("summit",
      "CREATE ROLE \"ola.nordmann@acme.no\"; ALTER TABLE public.people OWNER TO \"ola.nordmann@acme.no\"; "
      "ALTER SEQUENCE public.counter OWNER TO \"ola.nordmann@acme.no\"");
  const auto id = expect_ok(back_up(target_));
  use(kRules);
  const auto archive = masked_archive(id);
  EXPECT_EQ(expect_ok(read_file(archive, GiB)).find("nordmann"), std::string::npos);
  pg_restore(archive);
  EXPECT_EQ(ask("copy", "SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'people'"), "t");
}

// The rows are told the same whatever the way: the masked restore and the masked file.
TEST_F(MaskedPostgresStore, AMaskedFileHoldsWhatAMaskedRestoreBrings) {
  run("summit", kPeople);
  const auto id = expect_ok(back_up(target_));
  use(kRules);
  const auto archive = masked_archive(id);
  pg_restore(archive);
  masking_ = &session_;
  expect_ok(restore_to(id, target_));
  const std::string all = "SELECT md5(string_agg(p::text, '|' ORDER BY id)) FROM public.people p";
  EXPECT_EQ(ask("copy", all), ask("summit", all));
}

TEST_F(MaskedPostgresStore, WhatNoRuleCoversIsFoundAndNoFileIsGiven) {
  run("summit", kPeople);
  const auto id = expect_ok(back_up(target_));
  use("key: {env: K}\nrules:\n  postgresql:\n    - {table: people, set: {phone: remove, note: remove}}\n");
  with_store(id, [&](MaskedStore& store) {
    const auto audit = expect_ok(store.audit());
    EXPECT_THAT(audit.findings, Contains(Field(&AuditFinding::place, "public.people.email")));
    uint64_t given = 0;
    const auto refused = store.write(store.files().front().name, [&](ByteView bytes) -> Result<void> {
      given += bytes.size();
      return {};
    });
    EXPECT_FALSE(refused.ok());
    if (!refused.ok()) {
      EXPECT_EQ(refused.error().code(), Code::kRefused);
      EXPECT_THAT(refused.error().message(),
                  AllOf(HasSubstr("set: {\"email\""), Not(HasSubstr("secret.org"))));
    }
    EXPECT_EQ(given, 0u);
    return 0;
  });
}

TEST_F(MaskedPostgresStore, ThePreviewShowsRowsBeforeAndAfter) {
  run("summit", kPeople);
  const auto id = expect_ok(back_up(target_));
  use(kRules);
  const auto values = with_store(id, [](MaskedStore& store) { return expect_ok(store.preview(1)); });
  EXPECT_THAT(values, Contains(AllOf(
                          Field(&PreviewedValue::column, "email"),
                          Field(&PreviewedValue::before, std::optional<std::string>("needle1@secret.org")),
                          Field(&PreviewedValue::after, std::optional<std::string>("dev_1@example.com")))));
}

}  // namespace
}  // namespace summit::recovery
