#include "tests/stores/postgres/helper/test_database.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/process.h"
#include "stores/postgres/schema_facts.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/tools.h"
#include "tests/stores/postgres/helper/shared_server.h"

namespace summit::postgres {

void PostgresTest::SetUp() {
  scratch_ = expect_ok(TemporaryDirectory::create(fs::temp_directory_path(), "summit-pg-test-"));
  use(empty_server(major()));
}

void PostgresTest::use(platform::PostgresServer& server) {
  server_ = &server;
  endpoint_ = server.endpoint();
}

Connection PostgresTest::connect(const std::string& database) {
  return expect_ok(Connection::open(endpoint_, database));
}

void PostgresTest::run(const std::string& database, std::string_view statements) {
  auto connection = connect(database);
  for (const auto& statement : split_statements(statements))
    expect_ok(connection.execute(statement), statement.c_str());
}

std::string PostgresTest::ask(const std::string& database, const std::string& sql) {
  return expect_ok(connect(database).scalar(sql), sql.c_str());
}

void PostgresTest::create_database(const std::string& name) {
  run("postgres", "CREATE DATABASE " + quote_identifier(name) + " TEMPLATE template0");
}

std::string PostgresTest::run_tool(std::string_view name, const std::string& database,
                                   std::vector<std::string> arguments) {
  const auto found = expect_ok(find_tool(endpoint_, name, major()));
  return expect_ok(summit::run(tool_command(endpoint_, found, database, std::move(arguments)), {}, {}, GiB),
                   "running a stock tool");
}

void PostgresTest::expect_same_definitions(const std::string& left, const std::string& right) {
  auto a = connect(left);
  auto b = connect(right);
  for (const auto group : schema_groups())
    EXPECT_EQ(expect_ok(schema_facts(a, group)), expect_ok(schema_facts(b, group))) << "group " << group;
}

bool PostgresTest::exists(const std::string& database) {
  return ask("postgres", "SELECT count(*) FROM pg_database WHERE datname = " + quote_literal(database)) ==
         "1";
}

bool PostgresTest::is_frozen(const std::string& database, const std::string& table) {
  return ask(database,
             "SELECT relpages > 128 AND relallvisible > relpages - 64 FROM pg_class WHERE relnamespace = "
             "'public'::regnamespace AND relname = " +
                 quote_literal(table)) == "t";
}

std::vector<std::string> PostgresTest::databases() {
  auto connection = connect("postgres");
  auto rows = expect_ok(
      connection.query("SELECT datname FROM pg_catalog.pg_database WHERE NOT datistemplate ORDER BY 1"));
  std::vector<std::string> names;
  for (size_t i = 0; i < rows.size(); ++i) names.push_back(rows.string(i, 0));
  return names;
}

std::vector<Fingerprint> PostgresTest::fingerprints(const std::string& database) {
  const FingerprintScope scope{"postgresql", ""};
  auto snapshot = expect_ok(Snapshot::open(endpoint_, database));
  expect_ok(snapshot.take());
  auto inventory = expect_ok(read_inventory(snapshot.connection()));
  auto all = expect_ok(fingerprint_data(endpoint_, database, snapshot.id(), inventory, scope, 2, {}));
  for (auto& more : {expect_ok(fingerprint_sequences(snapshot.connection(), scope)),
                     expect_ok(fingerprint_schema(snapshot.connection(), scope))}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

Snapshot PostgresTest::snapshot_of(const std::string& database) {
  auto snapshot = expect_ok(Snapshot::open(endpoint_, database));
  expect_ok(snapshot.take());
  return snapshot;
}

Result<Captured> PostgresTest::capture(Snapshot& snapshot, CaptureSink& sink, const CaptureOptions& options,
                                       const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto inventory, read_inventory(snapshot.connection()));
  const CaptureRequest request{.database = snapshot.connection().database(),
                               .snapshot = snapshot.id(),
                               .inventory = inventory,
                               .scope = {"postgresql", ""},
                               .compression = options.compression,
                               .jobs = options.jobs,
                               .selection = options.selection,
                               .buffer_bytes = options.buffer_bytes};
  return capture_database(endpoint_, request, sink, nullptr, cancellation);
}

PostgresTest::Dump PostgresTest::dump(const std::string& database, bool compress) {
  auto snapshot = snapshot_of(database);
  Dump dump;
  dump.archive = directory() / "postgres-full.dump";
  FileSink sink(dump.archive);
  CaptureOptions options;
  const bool knows_zstd = snapshot.connection().server_version() >= 160000;
  options.compression.algorithm = !compress    ? pgarchive::Compression::kNone
                                  : knows_zstd ? pgarchive::Compression::kZstd
                                               : pgarchive::Compression::kGzip;
  auto captured = expect_ok(capture(snapshot, sink, options));
  dump.fingerprints = std::move(captured.fingerprints);
  dump.extents = std::move(captured.extents);
  const auto schema = expect_ok(fingerprint_schema(snapshot.connection(), {"postgresql", ""}));
  dump.fingerprints.insert(dump.fingerprints.end(), schema.begin(), schema.end());
  const auto inventory = expect_ok(read_inventory(snapshot.connection()));
  if (const auto* extension = inventory.extension("timescaledb")) dump.timescale_version = extension->version;
  return dump;
}

Result<Restored> PostgresTest::restore(const std::string& database, const fs::path& archive,
                                       DatabaseRestore options, const Cancellation& cancellation) {
  SilentReporter reporter;
  options.database = database;
  if (!options.archive) options.archive = archive_file(archive);
  options.workspace = directory();
  if (options.jobs == 1) options.jobs = 2;
  return restore_database(endpoint_, options, reporter, "postgresql", cancellation);
}

std::vector<std::string> lines(const std::vector<Fingerprint>& fingerprints) {
  std::vector<std::string> text;
  for (const auto& f : fingerprints)
    text.push_back(fmt::format("{} {}: {} {}", f.kind, f.name, f.count, f.hash.substr(0, 16)));
  std::sort(text.begin(), text.end());
  return text;
}

}  // namespace summit::postgres
