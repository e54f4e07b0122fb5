// A capture that cannot be right fails, says why, and leaves nothing running.
#include <fmt/format.h>

#include "core/task_group.h"
#include "core/wait.h"
#include "stores/postgres/capture.h"
#include "stores/postgres/sql.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using testing::HasSubstr;

// Calls `act` once, when this many bytes have come; its error is the sink's.
class TriggerSink final : public CaptureSink {
 public:
  TriggerSink(uint64_t after, std::function<Result<void>()> act) : after_(after), act_(std::move(act)) {}
  Result<void> write(ByteView bytes) override {
    bytes_ += bytes.size();
    if (bytes_ < after_ || !act_) return {};
    return std::exchange(act_, nullptr)();
  }
  Result<void> begin_stream(const std::string&) override { return {}; }
  bool triggered() const { return !act_; }

 private:
  uint64_t bytes_ = 0;
  uint64_t after_;
  std::function<Result<void>()> act_;
};

constexpr std::string_view kLargeTable =
    "CREATE TABLE public.t AS SELECT i, repeat(md5(i::text), 30) AS v FROM generate_series(1, 50000) i";

class CaptureFault : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
  }

  // Only who holds the snapshot may be left.
  void expect_nothing_runs(Connection& observer) {
    const auto gone = wait_until(
        [&]() -> Result<bool> {
          ASSIGN_OR_RETURN(
              auto rows, observer.query("SELECT pid, query FROM pg_catalog.pg_stat_activity WHERE datname = "
                                        "'summit' AND state <> 'idle in transaction'"));
          return rows.empty();
        },
        "the readers to end", std::chrono::seconds(20), std::chrono::milliseconds(20), {});
    EXPECT_TRUE(gone.ok()) << gone.error().to_string();
  }

  Result<Captured> capture_large(Snapshot& snapshot, TriggerSink& sink,
                                 const Cancellation& cancellation = {}) {
    CaptureOptions options;
    options.compression.algorithm = pgarchive::Compression::kNone;
    options.buffer_bytes = 4 * MiB;
    return capture(snapshot, sink, options, cancellation);
  }
};

TEST_F(CaptureFault, AKilledReaderEndsTheCaptureAndTheOtherReaders) {
  run("summit", kLargeTable);
  auto snapshot = snapshot_of("summit");
  auto observer = connect("postgres");
  // Most of the table is still to come: a reader between two ranges is one, too.
  TriggerSink sink(3 * MiB, [&]() -> Result<void> {
    ASSIGN_OR_RETURN(
        auto killed,
        observer.query("SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity "
                       "WHERE datname = 'summit' AND query LIKE 'COPY%' ORDER BY state LIMIT 1"));
    EXPECT_EQ(killed.size(), 1u);
    return {};
  });
  const auto captured = capture_large(snapshot, sink);
  ASSERT_TRUE(sink.triggered());
  ASSERT_FALSE(captured.ok());
  EXPECT_EQ(captured.error().code(), Code::kUnreachable) << captured.error().to_string();
  EXPECT_THAT(captured.error().message(), HasSubstr("while reading public.t"));
  expect_nothing_runs(observer);
}

TEST_F(CaptureFault, ARequestToStopEndsItSoon) {
  run("summit", kLargeTable);
  auto snapshot = snapshot_of("summit");
  Cancellation cancellation;
  TriggerSink sink(3 * MiB, [&]() -> Result<void> {
    cancellation.request();
    return {};
  });
  const auto captured = capture_large(snapshot, sink, cancellation);
  ASSERT_FALSE(captured.ok());
  EXPECT_EQ(captured.error().code(), Code::kCancelled);
  auto observer = connect("postgres");
  expect_nothing_runs(observer);
}

TEST_F(CaptureFault, AFullSinkIsTheReasonThatIsGiven) {
  run("summit", kLargeTable);
  auto snapshot = snapshot_of("summit");
  TriggerSink sink(3 * MiB, []() -> Result<void> { return Error(Code::kNoSpace, "the disk is full"); });
  const auto captured = capture_large(snapshot, sink);
  ASSERT_FALSE(captured.ok());
  EXPECT_EQ(captured.error().code(), Code::kNoSpace) << captured.error().to_string();
  auto observer = connect("postgres");
  expect_nothing_runs(observer);
}

TEST_F(CaptureFault, ADeadSnapshotIsAnErrorAtOnce) {
  run("summit", "CREATE TABLE public.t (id integer)");
  auto snapshot = snapshot_of("summit");
  const auto inventory = expect_ok(read_inventory(snapshot.connection()));
  const CaptureRequest request{.database = "summit",
                               .snapshot = "00000003-0000001B-9",
                               .inventory = inventory,
                               .scope = {"postgresql", ""},
                               .compression = {}};
  TriggerSink sink(UINT64_MAX, nullptr);
  const auto captured = capture_database(endpoint(), request, sink, nullptr, {});
  ASSERT_FALSE(captured.ok());
  EXPECT_THAT(captured.error().message(), HasSubstr("snapshot"));
}

// Somebody's change between the export of a snapshot and the locks of its readers, which Snapshot prevents.
struct LateChange {
  std::string_view name;
  std::string_view sql;
};

class ChangeAfterTheSnapshot : public CaptureFault, public testing::WithParamInterface<LateChange> {};

TEST_P(ChangeAfterTheSnapshot, IsAnErrorAndNoWrongArchive) {
  run("summit",
      "CREATE TABLE public.t (id integer, v text); INSERT INTO public.t VALUES (1, 'one'); "
      "CREATE TABLE public.other (id integer, v text)");
  auto holder = connect("summit");
  expect_ok(holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  const auto id = expect_ok(holder.scalar("SELECT pg_catalog.pg_export_snapshot()"));
  const auto inventory = expect_ok(read_inventory(holder));
  // Reading the catalogs locked no table of users.
  run("summit", GetParam().sql);

  const CaptureRequest request{.database = "summit",
                               .snapshot = id,
                               .inventory = inventory,
                               .scope = {"postgresql", ""},
                               .compression = {}};
  TriggerSink sink(UINT64_MAX, nullptr);
  const auto captured = capture_database(endpoint(), request, sink, nullptr, {});
  ASSERT_FALSE(captured.ok());
  EXPECT_EQ(captured.error().code(), Code::kBusy) << captured.error().to_string();
  EXPECT_THAT(captured.error().message(), HasSubstr("after the snapshot had been taken"));
  EXPECT_THAT(captured.error().hint(), HasSubstr("schema change"));
}

INSTANTIATE_TEST_SUITE_P(
    , ChangeAfterTheSnapshot,
    testing::Values(LateChange{"Truncate", "TRUNCATE public.t"}, LateChange{"Drop", "DROP TABLE public.t"},
                    LateChange{"Rewrite", "ALTER TABLE public.t ALTER id TYPE bigint"},
                    LateChange{"Replace", "DROP TABLE public.t; CREATE TABLE public.t (id integer, v text)"},
                    LateChange{
                        "Swap",
                        "BEGIN; ALTER TABLE public.t RENAME TO u; ALTER TABLE public.other RENAME TO t; "
                        "COMMIT"}),
    [](const auto& change) { return std::string(change.param.name); });

}  // namespace
}  // namespace summit::postgres
