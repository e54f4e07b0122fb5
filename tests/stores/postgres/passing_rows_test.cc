#include "stores/postgres/passing_rows.h"

#include <algorithm>
#include <map>

#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

constexpr const char* kDatabase = R"sql(
  CREATE TABLE public.users (id bigint PRIMARY KEY, gone text, name text, shout text GENERATED ALWAYS AS (upper(name)) STORED, note text);
  ALTER TABLE public.users DROP COLUMN gone;
  INSERT INTO public.users (id, name, note) SELECT i, E'na\tme ' || i, CASE WHEN i % 3 = 0 THEN 'Łódź' END FROM generate_series(1, 500) i;
  CREATE TABLE public.admins (level integer) INHERITS (public.users);
  INSERT INTO public.admins (id, name, level) VALUES (1000, 'root', 3);
  CREATE TABLE public.empty (id integer);
  CREATE TABLE public.computed (n integer GENERATED ALWAYS AS (42) STORED);
  INSERT INTO public.computed DEFAULT VALUES;
  CREATE TABLE public.logs (id bigint, at date, text text) PARTITION BY RANGE (id);
  CREATE TABLE public.logs_low PARTITION OF public.logs FOR VALUES FROM (0) TO (100);
  CREATE TABLE public.logs_high (text text, junk integer, at date, id bigint);
  ALTER TABLE public.logs_high DROP COLUMN junk;
  ALTER TABLE public.logs ATTACH PARTITION public.logs_high FOR VALUES FROM (100) TO (1000);
  CREATE TABLE public.logs_far PARTITION OF public.logs FOR VALUES FROM (1000) TO (2000) PARTITION BY LIST (text);
  CREATE TABLE public.logs_far_all PARTITION OF public.logs_far DEFAULT;
  INSERT INTO public.logs VALUES (1234, NULL, 'far');
  INSERT INTO public.logs SELECT i, date '2026-01-01' + i, 'line ' || i FROM generate_series(1, 300) i;
  CREATE MATERIALIZED VIEW public.per_day AS SELECT at, count(*) FROM public.logs GROUP BY at;
)sql";

class PassingRowsTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
    run("summit", kDatabase);
  }

  // As a search reads it; the rows in blocks that end anywhere.
  void pass(PassingRows& rows, const RelationName& relation) {
    auto connection = connect("summit");
    const auto found =
        expect_ok(connection.query("SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND "
                                   "attnum > 0 AND NOT attisdropped ORDER BY attnum",
                                   {relation.quoted()}));
    std::vector<std::string> columns;
    for (size_t i = 0; i < found.size(); ++i) columns.push_back(found.string(i, 0));
    auto hasher = rows.begin(relation, columns);
    if (!hasher) return;
    expect_ok(connection.copy_out_blocks("COPY (SELECT * FROM ONLY " + relation.quoted() + ") TO STDOUT", 100,
                                         [&](ByteView block) -> Result<void> {
                                           hasher->add(block);
                                           return {};
                                         }));
    rows.end(relation, *hasher);
  }

  Inventory inventory() {
    auto connection = connect("summit");
    return expect_ok(read_inventory(connection));
  }
};

TEST_F(PassingRowsTest, GiveTheFingerprintsThatReadingThemOnPurposeGives) {
  const auto inventory = this->inventory();
  PassingRows rows(inventory);
  for (const char* name :
       {"users", "admins", "empty", "computed", "logs_low", "logs_high", "logs_far_all", "per_day"})
    pass(rows, {"public", name});

  auto snapshot = expect_ok(Snapshot::open(endpoint(), "summit", {}));
  expect_ok(snapshot.take());
  const FingerprintScope scope{"postgresql", ""};
  const auto read = expect_ok(fingerprint_data(endpoint(), "summit", snapshot.id(), inventory, scope, 1, {}));
  size_t compared = 0;
  for (const auto& table : inventory.tables) {
    const auto hash = rows.rows_of(table.name);
    // Of the one no value is stored, the other is compared with its query.
    if (table.name.name == "computed" || table.name.name == "per_day") {
      EXPECT_FALSE(hash) << table.name.display();
      continue;
    }
    ASSERT_TRUE(hash) << table.name.display();
    EXPECT_EQ(std::ranges::count(read, table_fingerprint(table, scope, *hash)), 1) << table.name.display();
    ++compared;
  }
  EXPECT_EQ(compared, 4U);
}

TEST_F(PassingRowsTest, OfATableWhosePartsHaveNotAllPassedNothingIsKnown) {
  PassingRows rows(inventory());
  EXPECT_FALSE(rows.rows_of({"public", "users"}));
  for (const char* name : {"logs_low", "logs_high"}) {
    pass(rows, {"public", name});
    EXPECT_FALSE(rows.rows_of({"public", "logs"})) << name;
  }
  pass(rows, {"public", "logs_far_all"});
  ASSERT_TRUE(rows.rows_of({"public", "logs"}));
  EXPECT_EQ(rows.rows_of({"public", "logs"})->count(), 301U);
  EXPECT_FALSE(rows.begin({"pg_catalog", "pg_class"}, {"oid"}));
}

}  // namespace
}  // namespace summit::postgres
