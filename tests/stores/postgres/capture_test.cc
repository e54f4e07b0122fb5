// Our archive is pg_dump's: the same entries, the same rows, restored by the stock program.
#include "stores/postgres/capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "core/task_group.h"
#include "stores/postgres/sql.h"
#include "tests/stores/postgres/helper/archive_rows.h"
#include "tests/stores/postgres/helper/awkward_database.h"
#include "tests/stores/postgres/helper/stock_archive.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

constexpr pgarchive::CompressionChoice kUncompressed{.algorithm = pgarchive::Compression::kNone};

// Beside the awkward database: what only an archive can get wrong.
constexpr std::string_view kMoreObjects = R"sql(
SET search_path = public;
CREATE TABLE only_generated (one integer GENERATED ALWAYS AS (1) STORED);
INSERT INTO only_generated SELECT FROM generate_series(1, 3);
CREATE TABLE "new
line ""quoted"" 'too'" ("tab	name" integer, "comma, (paren)" text, "stdin;" text);
INSERT INTO "new
line ""quoted"" 'too'" VALUES (1, E'\\.', E'a\\\nb'), (2, '\N', NULL);
CREATE TABLE grandchild (extra2 text) INHERITS (child);
INSERT INTO grandchild VALUES (900, 'x', 'y', 'z');
GRANT UPDATE ON LARGE OBJECT 70003 TO auditor;
ALTER LARGE OBJECT 70002 OWNER TO "Mixed Owner";
)sql";

// What no restore gives back as it was: rows hashed by the oid of an enum's value (which pg_dump therefore
// loads through the partitions' parent), and the place of a column that children have inherited later.
constexpr std::string_view kReshapedByAnyRestore = R"sql(
SET search_path = public;
CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
CREATE TABLE by_colour (colour colour, n integer) PARTITION BY HASH (colour);
CREATE TABLE by_colour_0 PARTITION OF by_colour FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE by_colour_1 PARTITION OF by_colour FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO by_colour SELECT (ARRAY['red', 'green', 'blue'])[i % 3 + 1]::colour, i FROM generate_series(1, 50) i;
ALTER TABLE parent ADD COLUMN added integer DEFAULT 7;
)sql";

class CaptureTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
  }

  // What the stock program dumps in the same snapshot.
  fs::path stock_dump(const Snapshot& snapshot, const std::string& database) {
    const fs::path path = directory() / "stock.dump";
    run_tool("pg_dump", database,
             {"--format=custom", "--snapshot=" + snapshot.id(), "--file=" + path.string(),
              "--exclude-schema=summit_dr"});
    return path;
  }
  fs::path capture_to_file(Snapshot& snapshot, const CaptureOptions& options = {}) {
    const fs::path path = directory() / "ours.dump";
    FileSink sink(path);
    captured_ = expect_ok(capture(snapshot, sink, options));
    streams_ = sink.streams();
    return path;
  }
  // Tables, views and large objects: what the other reader of fingerprints knows too.
  std::vector<std::string> captured_data() const {
    auto data = captured_.fingerprints;
    std::erase_if(data, [](const Fingerprint& fingerprint) { return fingerprint.kind == "sequence"; });
    return lines(data);
  }
  std::vector<std::string> data_read_separately(Snapshot& snapshot) {
    const auto inventory = expect_ok(read_inventory(snapshot.connection()));
    return lines(expect_ok(fingerprint_data(endpoint(), snapshot.connection().database(), snapshot.id(),
                                            inventory, {"postgresql", ""}, 2, {})));
  }

  Captured captured_;
  std::vector<std::string> streams_;
};

class CaptureOfEverything : public CaptureTest, public testing::WithParamInterface<pgarchive::Compression> {};

TEST_P(CaptureOfEverything, EqualsTheStockArchiveEntryForEntryAndRowForRow) {
  run("postgres", awkward_roles());
  run("summit", awkward_schema());
  run("summit", awkward_rows());
  run("summit", kMoreObjects);
  run("summit", kReshapedByAnyRestore);
  auto snapshot = snapshot_of("summit");
  const auto ours = capture_to_file(snapshot, {.compression = {.algorithm = GetParam()}});
  const auto stock = stock_dump(snapshot, "summit");

  EXPECT_EQ(listed(tool("pg_restore"), ours), listed(tool("pg_restore"), stock));
  EXPECT_THAT(only_in_one(script_of(tool("pg_restore"), ours), script_of(tool("pg_restore"), stock)),
              IsEmpty());
  EXPECT_EQ(captured_data(), data_read_separately(snapshot));
}

INSTANTIATE_TEST_SUITE_P(, CaptureOfEverything,
                         testing::Values(pgarchive::Compression::kNone, pgarchive::Compression::kGzip,
                                         pgarchive::Compression::kZstd),
                         [](const auto& kind) { return std::string(pgarchive::name_of(kind.param)); });

TEST_F(CaptureTest, StockPgRestoreInParallelMakesTheSameDatabase) {
  // TimescaleDB's catalogs cannot be restored in parallel by any program, and a server writes a list of
  // varchar values differently once it has read its own writing.
  std::string schema(awkward_schema());
  for (const std::string_view statement :
       {"CREATE EXTENSION timescaledb;", " CHECK (status IN ('new', 'old', 'it''s'))",
        "SELECT public.create_hypertable('public.events', 'at', "
        "chunk_time_interval => interval '7 days');"}) {
    schema.erase(schema.find(statement), statement.size());
  }
  run("postgres", awkward_roles());
  run("summit", schema);
  run("summit", awkward_rows());
  run("summit", kMoreObjects);
  auto snapshot = snapshot_of("summit");
  const auto ours = capture_to_file(snapshot);
  create_database("copy");
  run_tool("pg_restore", "copy", {"--jobs=2", "--exit-on-error", ours.string()});

  const auto of_source = stock_dump(snapshot, "summit");
  const fs::path of_copy = directory() / "copy.dump";
  run_tool("pg_dump", "copy", {"--format=custom", "--file=" + of_copy.string()});
  EXPECT_THAT(only_in_one(script_of(tool("pg_restore"), of_source), script_of(tool("pg_restore"), of_copy)),
              IsEmpty());
}

TEST_F(CaptureTest, ChunksThatDifferFromTheirHypertableAddUpToIt) {
  run("summit",
      "CREATE EXTENSION timescaledb SCHEMA public; "
      "CREATE TABLE public.m (at timestamptz NOT NULL, gone int, v float8); "
      "SELECT public.create_hypertable('public.m', 'at', chunk_time_interval => interval '1 day'); "
      "INSERT INTO public.m SELECT timestamptz '2026-01-01' + i * interval '1 hour', 0, i FROM "
      "generate_series(0, 99) i; "
      "ALTER TABLE public.m DROP COLUMN gone; ALTER TABLE public.m ADD COLUMN note text; "
      "INSERT INTO public.m VALUES ('2026-01-01 00:30', -1, 'late'), ('2026-03-01', -1, 'new chunk')");
  auto snapshot = snapshot_of("summit");
  const auto ours = capture_to_file(snapshot);
  const auto stock = stock_dump(snapshot, "summit");
  EXPECT_THAT(only_in_one(script_of(tool("pg_restore"), ours), script_of(tool("pg_restore"), stock)),
              IsEmpty());
  EXPECT_EQ(captured_data(), data_read_separately(snapshot));
  EXPECT_THAT(captured_data(), Contains(HasSubstr("hypertable public.m: 102 ")));
}

// What compression writes into the catalog: the first chunk has its compressed rows, `counted` of them, in
// public.batches. Compressing itself needs another licence, so those of the heap are the only ones to be
// read.
std::string compressed_by_name(int counted) {
  return fmt::format(R"sql(
      CREATE EXTENSION timescaledb SCHEMA public;
      CREATE TABLE public.m (at timestamptz NOT NULL, v integer);
      SELECT public.create_hypertable('public.m', 'at', chunk_time_interval => interval '1 day');
      INSERT INTO public.m SELECT timestamptz '2026-01-01' + i * interval '1 hour', i FROM generate_series(0, 47) i;
      CREATE TABLE _timescaledb_internal.hidden (v integer);
      CREATE TABLE public.batches (_ts_meta_count integer, v integer, note text);
      INSERT INTO public.batches VALUES ({}, 1);
      INSERT INTO _timescaledb_catalog.hypertable
        SELECT 100, '_timescaledb_internal', 'hidden', associated_schema_name, 'hidden', 0, chunk_sizing_func_schema,
               chunk_sizing_func_name, chunk_target_size, 2, NULL, status
        FROM _timescaledb_catalog.hypertable WHERE table_name = 'm';
      INSERT INTO _timescaledb_catalog.chunk (id, hypertable_id, schema_name, table_name, creation_time)
        VALUES (1000, 100, 'public', 'batches', now());
      UPDATE _timescaledb_catalog.chunk SET compressed_chunk_id = 1000, status = 0
        WHERE id = (SELECT min(id) FROM _timescaledb_catalog.chunk);)sql",
                     counted);
}

TEST_F(CaptureTest, RowsBesideCompressedOnesCountOnce) {
  run("summit", compressed_by_name(0));
  auto snapshot = snapshot_of("summit");
  const auto ours = capture_to_file(snapshot);
  EXPECT_EQ(captured_data(), data_read_separately(snapshot));
  EXPECT_THAT(captured_data(), Contains(HasSubstr("hypertable public.m: 48 ")));
  EXPECT_EQ(ArchiveRows::of(ours).table("public.batches"), "0\t1\t\\N\n");
}

TEST_F(CaptureTest, CompressedRowsThatAreNotReadEndIt) {
  run("summit", compressed_by_name(5));
  auto snapshot = snapshot_of("summit");
  FileSink sink(directory() / "ours.dump");
  const auto captured = capture(snapshot, sink, {});
  ASSERT_FALSE(captured.ok());
  EXPECT_EQ(captured.error().code(), Code::kBusy);
  EXPECT_THAT(captured.error().message(), HasSubstr("was compressed or decompressed while it was read"));
}

// TimescaleDB reads NULL in compressed rows as the default that a column was added with; the server knows
// that default of the present table only, and a dump does not have it.
TEST_F(CaptureTest, CompressedRowsOlderThanAColumnsDefaultComeUncompressed) {
  run("summit", compressed_by_name(0));
  run("summit", "ALTER TABLE public.m ADD COLUMN note text DEFAULT 'added'");
  auto snapshot = snapshot_of("summit");
  const auto rows = ArchiveRows::of(capture_to_file(snapshot));
  EXPECT_EQ(captured_data(), data_read_separately(snapshot));
  EXPECT_EQ(rows.table("public.batches"), "");
  EXPECT_THAT(rows.table("_timescaledb_internal._hyper_1_1_chunk"), HasSubstr("\t0\tadded\n"));
  EXPECT_THAT(rows.table("_timescaledb_catalog.chunk"), HasSubstr("_hyper_1_1_chunk\t1000\tf\t8\t"));
  EXPECT_THAT(rows.table("_timescaledb_catalog.chunk"), HasSubstr("_hyper_1_2_chunk\t\\N\tf\t0\t"));
  EXPECT_THAT(captured_.notes, ElementsAre(HasSubstr("public.m: 1 of its compressed chunks")));

  run("summit", "UPDATE public.batches SET note = 'compressed since'");
  auto later = snapshot_of("summit");
  EXPECT_EQ(ArchiveRows::of(capture_to_file(later)).table("public.batches"), "0\t1\tcompressed since\n");
  EXPECT_THAT(captured_.notes, IsEmpty());
}

TEST_F(CaptureTest, WhatAFailedRestoreHasLeftSwitchedOffIsOnAgain) {
  run("summit",
      "CREATE EXTENSION timescaledb SCHEMA public; CREATE TABLE public.events (at timestamptz NOT NULL, n "
      "integer); SELECT public.create_hypertable('public.events', 'at'); INSERT INTO public.events SELECT "
      "timestamptz '2026-01-01' + i * interval '1 day', i FROM generate_series(1, 60) i");
  const auto before = dump("summit").fingerprints;
  run("summit", "ALTER DATABASE summit SET timescaledb.restoring = 'on'");
  auto snapshot = snapshot_of("summit");
  capture_to_file(snapshot);
  EXPECT_THAT(lines(before), IsSupersetOf(lines(captured_.fingerprints)));
}

TEST_F(CaptureTest, ALargeTableIsReadInRangesWhileOthersChangeIt) {
  run("summit",
      "CREATE TABLE public.t (id integer PRIMARY KEY, v text) WITH (fillfactor = 70); "
      "INSERT INTO public.t SELECT i, repeat(md5(i::text), 20) FROM generate_series(1, 60000) i; "
      "DELETE FROM public.t WHERE id % 7 = 0; UPDATE public.t SET v = 'short' WHERE id % 11 = 0");
  auto snapshot = snapshot_of("summit");
  const auto inventory = expect_ok(read_inventory(snapshot.connection()));
  const auto before = data_read_separately(snapshot);
  Cancellation enough;
  TaskGroup writers;
  writers.spawn([&]() -> Result<void> {
    ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint(), "summit"));
    for (int i = 0; !enough.requested(); ++i) {
      RETURN_IF_ERROR(connection.execute(fmt::format(
          "UPDATE public.t SET v = v || 'x' WHERE id % 100 = {0}; DELETE FROM public.t WHERE id % 1000 = "
          "{0}; "
          "INSERT INTO public.t SELECT 100000 + {0} * 100 + j, 'new' FROM generate_series(0, 99) j",
          i % 1000)));
      RETURN_IF_ERROR(connection.execute("VACUUM public.t"));
    }
    return {};
  });
  const auto ours = capture_to_file(snapshot, {.jobs = 3, .buffer_bytes = 4 * MiB});
  enough.request();
  expect_ok(writers.join());

  EXPECT_EQ(captured_data(), before);
  const Table& table = *inventory.table({"public", "t"});
  EXPECT_THAT(before, Contains(lines({ArchiveRows::of(ours).fingerprint(table)}).front()))
      << "the archive holds other rows than were fingerprinted";
}

// The greatest amount of memory that this process has held since the last call, in bytes.
uint64_t peak_memory_since_last_call() {
  uint64_t peak = 0;
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") status >> peak;
  }
  std::ofstream("/proc/self/clear_refs") << "5";
  return peak * KiB;
}

TEST_F(CaptureTest, AHugeValueNeedsLittleMoreMemoryThanItself) {
  run("summit",
      "CREATE TABLE public.t (id integer, v text); "
      "INSERT INTO public.t SELECT i, md5(i::text) FROM generate_series(1, 1000) i; "
      "INSERT INTO public.t SELECT 0, string_agg(md5(i::text), '') FROM generate_series(1, 2097152) i");
  auto snapshot = snapshot_of("summit");
  peak_memory_since_last_call();
  const uint64_t before = peak_memory_since_last_call();
  const auto ours = capture_to_file(snapshot, {.buffer_bytes = 256 * KiB});
  const uint64_t grown = peak_memory_since_last_call() - before;
  EXPECT_LT(grown, 64 * MiB + 40 * MiB);
  EXPECT_EQ(captured_data(), data_read_separately(snapshot));
  const auto inventory = expect_ok(read_inventory(snapshot.connection()));
  EXPECT_THAT(captured_data(),
              Contains(lines({ArchiveRows::of(ours).fingerprint(inventory.tables.front())}).front()));
}

TEST_F(CaptureTest, RowsKeepTheEncodingOfTheirDatabase) {
  run("postgres",
      "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'; "
      "CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
  run("latin", "CREATE TABLE public.\"größe\" (\"straße\" text); INSERT INTO public.\"größe\" VALUES ('é')");
  run("bytes", R"(CREATE TABLE public.t (v text); INSERT INTO public.t VALUES (E'\xff\xfe'))");
  for (const std::string database : {"latin", "bytes"}) {
    auto snapshot = snapshot_of(database);
    // What a role prefers does not count.
    run("postgres", "ALTER ROLE summit SET client_encoding = 'WIN1252'");
    const auto ours = capture_to_file(snapshot);
    run("postgres", "ALTER ROLE summit RESET client_encoding");
    const auto stock = directory() / "stock.dump";
    const auto encoding = snapshot.connection().server_encoding();
    run_tool("pg_dump", database, {"--format=custom", "--encoding=" + encoding, "--file=" + stock.string()});
    EXPECT_THAT(only_in_one(script_of(tool("pg_restore"), ours), script_of(tool("pg_restore"), stock)),
                IsEmpty());
    EXPECT_EQ(captured_data(), data_read_separately(snapshot));
    EXPECT_EQ(captured_.rows.size(), 1u);
  }
}

TEST_F(CaptureTest, AnOrdinaryRoleWithFewConnectionsCapturesItsOwnDatabase) {
  run("postgres",
      "CREATE ROLE plain LOGIN PASSWORD 'p' CONNECTION LIMIT 4; CREATE DATABASE theirs OWNER plain TEMPLATE "
      "template0");
  run("theirs",
      "SET ROLE plain; CREATE SCHEMA own; CREATE TABLE own.t (a integer); INSERT INTO own.t VALUES (1), (2); "
      "CREATE TABLE own.large AS SELECT i, repeat(md5(i::text), 50) FROM generate_series(1, 60000) i; "
      "SELECT lo_from_bytea(4711, '\\x01')");
  auto plain = endpoint();
  plain.user = "plain";
  plain.password = Secret("p");
  auto snapshot = expect_ok(Snapshot::open(plain, "theirs"));
  expect_ok(snapshot.take());
  const auto inventory = expect_ok(read_inventory(snapshot.connection()));
  FileSink sink(directory() / "ours.dump");
  const CaptureRequest request{.database = "theirs",
                               .snapshot = snapshot.id(),
                               .inventory = inventory,
                               .scope = {"postgresql", ""},
                               .compression = {},
                               .jobs = 8};
  const auto captured = expect_ok(capture_database(plain, request, sink, nullptr, {}));
  EXPECT_GT(captured.refused_connections, 0u);
  EXPECT_EQ(captured.rows.at({"own", "large"}), 60000u);
  const auto rows = ArchiveRows::of(directory() / "ours.dump");
  EXPECT_EQ(rows.table("own.t"), "1\n2\n");
  EXPECT_EQ(rows.large_objects().at(4711), std::string(1, '\x01'));
}

TEST_F(CaptureTest, TheServersLogStaysQuiet) {
  run("summit",
      "CREATE TABLE public.t AS SELECT i, repeat(md5(i::text), 30) FROM generate_series(1, 20000) i");
  const auto written_before = size_below(server().log_file());
  auto snapshot = snapshot_of("summit");
  capture_to_file(snapshot);
  const auto log = expect_ok(read_file(server().log_file())).substr(written_before);
  EXPECT_THAT(log, Not(HasSubstr("ERROR")));
  EXPECT_THAT(log, Not(HasSubstr("FATAL")));
  EXPECT_THAT(log, Not(HasSubstr("client")));
}

TEST_F(CaptureTest, UnchangedTablesGiveEqualBytesAndLargeOnesStreamsOfTheirOwn) {
  run("summit",
      "CREATE TABLE public.a (id integer); CREATE TABLE public.large AS SELECT i, md5(i::text) FROM "
      "generate_series(1, 40000) i; CREATE TABLE public.z1 AS SELECT 1 AS one; CREATE TABLE public.z2 AS "
      "SELECT 2 AS two");
  auto snapshot = snapshot_of("summit");
  const auto first = capture_to_file(snapshot, {.compression = kUncompressed});
  EXPECT_THAT(streams_, ElementsAre("public.large", "public.z1"));
  const auto rows = ArchiveRows::of(first).table("public.large");
  const auto second = capture_to_file(snapshot, {.compression = kUncompressed, .jobs = 4});
  EXPECT_EQ(rows == ArchiveRows::of(second).table("public.large"), true);
}

// Takes some rows of one table, changes a column of another, drops a third.
// Every definition, and no large object.
class Selection : public RowSelection {
 public:
  explicit Selection(Connection connection) : connection_(std::move(connection)) {}
  bool keeps_definition(const RelationName&) const override { return true; }
  bool takes_large_objects() const override { return false; }
  Connection& connection() override { return connection_; }

 private:
  Connection connection_;
};

class SomeRows final : public Selection {
 public:
  using Selection::Selection;
  bool keeps_definition(const RelationName& table) const override { return table.name != "others"; }
  TableRows rows_of(const RelationName& table) const override {
    TableRows rows;
    if (table.name == "users") {
      rows.take = TableRows::Take::kSome;
      rows.from = "FROM ONLY public.users WHERE id <= 2";
      rows.replaced["\"boss\""] = "NULL";
    } else if (table.name == "log") {
      rows.take = TableRows::Take::kNothing;
    }
    return rows;
  }
};

TEST_F(CaptureTest, ASelectionDecidesWhichRowsAndDefinitionsAreTaken) {
  run("summit",
      "CREATE TABLE public.users (id integer PRIMARY KEY, boss integer, name text); "
      "INSERT INTO public.users SELECT i, 1, 'user ' || i FROM generate_series(1, 9) i; "
      "CREATE TABLE public.log (line text); INSERT INTO public.log VALUES ('x'); "
      "CREATE TABLE public.lookup (word text); INSERT INTO public.lookup VALUES ('w'); "
      "CREATE TABLE public.others (user_id integer REFERENCES public.users); "
      "CREATE VIEW public.seen AS SELECT * FROM public.others; SELECT lo_create(4711)");
  auto snapshot = snapshot_of("summit");
  SomeRows selection(expect_ok(Snapshot::join(endpoint(), "summit", snapshot.id(), {})));
  const auto ours = capture_to_file(snapshot, {.selection = &selection});
  const auto rows = ArchiveRows::of(ours);
  EXPECT_EQ(rows.table("public.users"), "1\t\\N\tuser 1\n2\t\\N\tuser 2\n");
  EXPECT_EQ(rows.table("public.log"), "");
  EXPECT_EQ(rows.table("public.lookup"), "w\n");
  EXPECT_FALSE(rows.has_table("public.others"));
  EXPECT_THAT(rows.large_objects(), IsEmpty());
  EXPECT_EQ(captured_.rows.at({"public", "users"}), 2u);

  create_database("copy");
  run_tool("pg_restore", "copy", {"--exit-on-error", ours.string()});
  const auto restored = fingerprints("copy");
  for (const auto& fingerprint : captured_.fingerprints) EXPECT_THAT(restored, Contains(fingerprint));
}

// Nothing of a continuous aggregate, which only TimescaleDB's catalogs know to be one.
class NoAggregates final : public Selection {
 public:
  using Selection::Selection;
  TableRows rows_of(const RelationName& table) const override {
    TableRows rows;
    if (table.name.starts_with("_hyper_2") || table.name == "sums") rows.take = TableRows::Take::kNothing;
    return rows;
  }
};

TEST_F(CaptureTest, AContinuousAggregateWithoutItsRowsIsToBeRefreshed) {
  run("summit", R"sql(
      CREATE EXTENSION timescaledb SCHEMA public;
      CREATE TABLE public.m (at timestamptz NOT NULL, v integer);
      CREATE TABLE public.sums (at timestamptz NOT NULL, v integer);
      CREATE TABLE public.others (at bigint NOT NULL, v integer);
      SELECT public.create_hypertable('public.m', 'at'), public.create_hypertable('public.sums', 'at'),
             public.create_hypertable('public.others', 'at', chunk_time_interval => 10);
      INSERT INTO public.m VALUES ('2026-01-01', 1); INSERT INTO public.sums VALUES ('2026-01-01', 1);
      INSERT INTO public.others VALUES (1, 1);
      INSERT INTO _timescaledb_catalog.continuous_agg
        SELECT mat, 1, NULL, 'public', view, 'public', 'partial' || view, 'public', 'direct' || view, true, true
        FROM (VALUES (2, 'daily'), (3, 'kept')) made (mat, view);
      INSERT INTO _timescaledb_catalog.continuous_aggs_watermark VALUES (2, 42), (3, 43);
      INSERT INTO _timescaledb_catalog.continuous_aggs_materialization_invalidation_log VALUES (2, 1, 9), (3, 2, 8);)sql");
  auto snapshot = snapshot_of("summit");
  NoAggregates selection(expect_ok(Snapshot::join(endpoint(), "summit", snapshot.id(), {})));
  const auto rows = ArchiveRows::of(capture_to_file(snapshot, {.selection = &selection}));
  EXPECT_EQ(rows.table("_timescaledb_catalog.continuous_aggs_watermark"), "2\t-210866803200000000\n3\t43\n");
  EXPECT_EQ(rows.table("_timescaledb_catalog.continuous_aggs_materialization_invalidation_log"),
            "3\t2\t8\n2\t-9223372036854775808\t9223372036854775807\n");
  EXPECT_THAT(captured_.notes, ElementsAre(HasSubstr("refresh_continuous_aggregate('")));
}

}  // namespace
}  // namespace summit::postgres
