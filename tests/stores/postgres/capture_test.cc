// Our archive is pg_dump's: the same entries, the same rows, restored by the stock program.
#include "stores/postgres/capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/process.h"
#include "stores/postgres/catalog.h"
#include "stores/postgres/schema_facts.h"
#include "stores/postgres/tools.h"
#include "tests/stores/postgres/helper/awkward_database.h"
#include "tests/stores/postgres/helper/captured.h"

namespace summit::postgres {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr pgarchive::CompressionChoice kNone{.algorithm = pgarchive::Compression::kNone};
constexpr pgarchive::CompressionChoice kGzip{.algorithm = pgarchive::Compression::kGzip};

class CaptureTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
  }

  Snapshot snapshot_of(const std::string& database) {
    auto snapshot = expect_ok(Snapshot::open(endpoint(), database));
    expect_ok(snapshot.take());
    return snapshot;
  }

  CapturedArchive capture(Snapshot& snapshot, const CaptureOptions& options = {}) {
    CapturedArchive archive;
    archive.path = directory() / "ours.dump";
    const auto inventory = expect_ok(read_inventory(snapshot.connection()));
    const std::string database = snapshot.connection().database();
    FileSink sink(archive.path);
    archive.captured = expect_ok(
        capture_database(endpoint(), request(database, snapshot, inventory, options), sink, nullptr, {}));
    archive.streams = sink.streams;
    archive.read_separately =
        expect_ok(fingerprint_data(endpoint(), database, snapshot.id(), inventory, kScope, 2, {}));
    return archive;
  }

  static CaptureRequest request(const std::string& database, const Snapshot& snapshot,
                                const Inventory& inventory, const CaptureOptions& options = {}) {
    return {.database = database,
            .snapshot = snapshot.id(),
            .inventory = inventory,
            .scope = kScope,
            .compression = options.compression,
            .jobs = options.jobs,
            .selection = options.selection,
            .buffer_bytes = options.buffer_bytes};
  }

  // What the stock program dumps in the same snapshot.
  fs::path stock_dump(const Snapshot& snapshot, const std::string& database) {
    const fs::path path = directory() / "stock.dump";
    tool("pg_dump", database,
         {"--format=custom", "--snapshot=" + snapshot.id(), "--file=" + path.string(),
          "--exclude-schema=summit_dr"});
    return path;
  }

  std::string tool(std::string_view name, const std::string& database, std::vector<std::string> arguments) {
    const auto found = expect_ok(find_tool(endpoint(), name, 16));
    auto command = tool_command(endpoint(), found, database, std::move(arguments));
    return expect_ok(summit::run(command), "running a stock tool");
  }
  std::string restore_tool(std::vector<std::string> arguments) {
    Command command;
    command.argv = {(endpoint().bin_directory / "pg_restore").string()};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    return expect_ok(summit::run(command), "running pg_restore");
  }

  // Lines of `pg_restore --list` without the archive's own ids and without its header.
  std::vector<std::string> listed(const fs::path& archive) {
    std::vector<std::string> entries;
    for (const auto& line : lines_of(restore_tool({"--list", archive.string()}))) {
      if (!line.starts_with(";")) entries.push_back(line.substr(line.find(';')));
    }
    std::sort(entries.begin(), entries.end());
    return entries;
  }

  // The script of an archive: what it says of each entry, rows and large objects sorted. The entries are
  // sorted too, because TimescaleDB's catalogs come first in ours.
  std::vector<std::string> script(const fs::path& archive) {
    std::vector<std::string> entries(1);
    std::vector<std::string> rows;
    bool within = false;
    for (const auto& line : lines_of(restore_tool({"--file=-", archive.string()}))) {
      if (within && (line == "\\." || line.empty())) {
        std::sort(rows.begin(), rows.end());
        for (const auto& row : std::exchange(rows, {})) entries.back() += row + "\n";
        within = false;
      }
      if (line.starts_with("-- Name: ") || line.starts_with("-- Data for Name: ")) entries.emplace_back();
      if (within) {
        rows.push_back(line);
      } else {
        entries.back() += line + "\n";
      }
      within = within || (line.starts_with("COPY ") && line.ends_with(" FROM stdin;"));
    }
    std::sort(entries.begin(), entries.end());
    return entries;
  }

  static std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      // Time, and in later versions a random word.
      const bool varies = line.starts_with("-- Started") || line.starts_with("-- Completed") ||
                          line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
      if (!varies) lines.emplace_back(line);
    }
    return lines;
  }

  inline static const FingerprintScope kScope{"postgresql", ""};
};

// What differs, shortened: the scripts themselves are megabytes.
std::vector<std::string> only_in_one(const std::vector<std::string>& ours,
                                     const std::vector<std::string>& stock) {
  std::vector<std::string> different;
  std::set_symmetric_difference(ours.begin(), ours.end(), stock.begin(), stock.end(),
                                std::back_inserter(different));
  for (auto& entry : different) entry = entry.substr(0, 2000);
  return different;
}

// Only what both have: the capture adds sequences.
std::vector<std::string> data_lines(std::vector<Fingerprint> fingerprints) {
  std::erase_if(fingerprints,
                [](const Fingerprint& f) { return f.kind == "sequence" || f.kind == "schema"; });
  return lines(fingerprints);
}

class CaptureOfEverything : public CaptureTest, public testing::WithParamInterface<pgarchive::Compression> {};

TEST_P(CaptureOfEverything, EqualsTheStockArchiveEntryForEntryAndRowForRow) {
  run("postgres", awkward_roles());
  run("summit", awkward_schema());
  run("summit", awkward_rows());
  auto snapshot = snapshot_of("summit");
  const auto ours = capture(snapshot, {.compression = {.algorithm = GetParam()}});
  const auto stock = stock_dump(snapshot, "summit");

  EXPECT_EQ(listed(ours.path), listed(stock));
  EXPECT_THAT(only_in_one(script(ours.path), script(stock)), testing::IsEmpty());
  EXPECT_EQ(data_lines(ours.captured.fingerprints), data_lines(ours.read_separately));
}

INSTANTIATE_TEST_SUITE_P(, CaptureOfEverything,
                         testing::Values(pgarchive::Compression::kNone, pgarchive::Compression::kGzip,
                                         pgarchive::Compression::kZstd),
                         [](const auto& kind) { return std::string(pgarchive::name_of(kind.param)); });

}  // namespace
}  // namespace summit::postgres
