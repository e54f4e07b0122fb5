// Archives of stock pg_dump are read, and what is written anew is to stock pg_restore the same archive.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/digest.h"
#include "stores/postgres/tools.h"
#include "tests/formats/pgarchive/helper/archive.h"
#include "tests/stores/postgres/helper/awkward_database.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::pgarchive {
namespace {

using postgres::expect_ok;

// Writes what it reads, compressed in another way, in parts of 100,000 bytes.
class Copier final : public Consumer {
 public:
  Copier(const CompressionChoice& choice, ArchiveWriter::Sink sink)
      : choice_(choice), writer_(std::move(sink)) {}

  Result<void> on_contents(const Contents& contents) override {
    Contents changed = contents;
    changed.compression = choice_.algorithm;
    return writer_.write_contents(changed);
  }
  Result<void> on_table_begin(const Entry& entry) override { return writer_.begin_table(entry); }
  Result<void> on_rows(ByteView bytes) override { return keep(bytes); }
  Result<void> on_table_end() override {
    RETURN_IF_ERROR(write(compressed_table(choice_, data_, 100'000)));
    return writer_.end_table();
  }
  Result<void> on_large_object_begin(const Entry& entry, uint32_t oid) override {
    if (!std::exchange(in_large_objects_, true)) RETURN_IF_ERROR(writer_.begin_large_objects(entry));
    return writer_.begin_large_object(oid);
  }
  Result<void> on_large_object(ByteView bytes) override { return keep(bytes); }
  Result<void> on_large_object_end() override {
    RETURN_IF_ERROR(write(compressed_large_object(choice_, data_, 100'000)));
    return writer_.end_large_object();
  }
  // The awkward database has one block of large objects, and it is the last.
  Result<void> finish() { return in_large_objects_ ? writer_.end_large_objects() : Result<void>(); }

 private:
  Result<void> keep(ByteView bytes) {
    data_.append(as_text(bytes));
    return {};
  }
  Result<void> write(const std::vector<std::string>& pieces) {
    for (const auto& piece : pieces) RETURN_IF_ERROR(writer_.piece(as_bytes(piece)));
    data_.clear();
    return {};
  }

  CompressionChoice choice_;
  ArchiveWriter writer_;
  std::string data_;
  bool in_large_objects_ = false;
};

// The awkward schema without what needs TimescaleDB's own way of restoring.
std::string plain_schema() {
  std::string kept;
  std::string_view schema = postgres::awkward_schema();
  while (!schema.empty()) {
    const size_t end = std::min(schema.find('\n'), schema.size() - 1) + 1;
    const std::string_view line = schema.substr(0, end);
    if (line.find("timescaledb") == std::string_view::npos &&
        line.find("create_hypertable") == std::string_view::npos)
      kept += line;
    schema.remove_prefix(end);
  }
  return kept;
}

class Stock : public postgres::PostgresTest {
 protected:
  // One server and its dumps for all cases.
  struct World : postgres::PostgresTest {
    World() {
      SetUp();
      create_database("summit");
      run("postgres", postgres::awkward_roles());
      run("summit", plain_schema());
      run("summit", postgres::awkward_rows());
    }
    void TestBody() override {}
    using PostgresTest::ask;
    using PostgresTest::connect;
    using PostgresTest::create_database;
    using PostgresTest::directory;
    using PostgresTest::endpoint;
  };

  static void SetUpTestSuite() { world = std::make_unique<World>(); }
  static void TearDownTestSuite() { world.reset(); }
  void SetUp() override {}

  static std::string tool(const std::string& name, const std::string& database,
                          std::vector<std::string> arguments) {
    const auto found = expect_ok(postgres::find_tool(world->endpoint(), name, 16));
    auto command = postgres::tool_command(world->endpoint(), found, database, std::move(arguments));
    return expect_ok(summit::run(command, {}, {}, GiB), name.c_str());
  }
  // Reads no server.
  static std::string pg_restore(const std::vector<std::string>& arguments) {
    const auto found = expect_ok(postgres::find_tool(world->endpoint(), "pg_restore", 16));
    Command command{.argv = {found.path.string()}};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    return expect_ok(summit::run(command, {}, {}, GiB), "pg_restore");
  }
  static std::string dump(const std::string& compression) {
    return tool("pg_dump", "summit", {"--format=custom", "--compress=" + compression});
  }
  static std::string plain_dump(const std::string& database) {
    return tool("pg_dump", database, {"--restrict-key=summit"});
  }
  static fs::path file(const std::string& name, std::string_view content) {
    const fs::path path = world->directory() / name;
    expect_ok(write_file_durably(path, content));
    return path;
  }
  static std::string rewritten(std::string_view archive, Compression compression) {
    std::string output;
    Copier copier({compression, 3}, [&](ByteView bytes) -> Result<void> {
      output.append(as_text(bytes));
      return {};
    });
    expect_ok(parse(archive, copier, 1 * MiB));
    expect_ok(copier.finish());
    return output;
  }

  static std::unique_ptr<World> world;
};

std::unique_ptr<Stock::World> Stock::world;

TEST_F(Stock, RowsAndLargeObjectsAreThoseOfTheServerInEveryCompression) {
  for (const std::string compression : {"none", "gzip", "zstd", "zstd:19"}) {
    Recorder recorder;
    const std::string archive = dump(compression);
    expect_ok(parse(archive, recorder, 10'007), compression.c_str());
    const auto contents = (*expect_ok(read_contents(archive))).contents;
    EXPECT_EQ(name_of(contents.compression), compression.substr(0, 4));
    size_t tables = 0;
    for (const Entry& entry : contents.entries) {
      if (!entry.is("TABLE DATA")) continue;
      ++tables;
      std::string copy = *entry.copy;
      copy.replace(copy.rfind(" FROM stdin"), std::string::npos, " TO STDOUT");
      std::string rows;
      auto connection = world->connect("summit");
      const auto count = connection.copy_out(copy, [&](ByteView bytes) -> Result<void> {
        rows.append(as_text(bytes));
        return {};
      });
      expect_ok(count, copy.c_str());
      EXPECT_TRUE(recorder.rows[*entry.tag] == rows) << compression << ": " << *entry.tag;
    }
    EXPECT_GT(tables, 10u);
    EXPECT_EQ(recorder.large_objects.size(), 5u);
    for (const auto& [oid, bytes] : recorder.large_objects) {
      EXPECT_EQ(to_hex(sha256(as_bytes(bytes))),
                world->ask("summit", fmt::format("SELECT encode(sha256(lo_get({})), 'hex')", oid)));
    }
  }
}

TEST_F(Stock, TheHeadIsWrittenAsPgDumpWroteIt) {
  const std::string streamed = dump("zstd");
  const Head head = *expect_ok(read_contents(streamed));
  EXPECT_TRUE(write_contents(head.contents) == streamed.substr(0, head.length));

  const fs::path path = world->directory() / "seekable.dump";
  tool("pg_dump", "summit", {"--format=custom", "--file=" + path.string()});
  const std::string seekable = expect_ok(read_file(path));
  const Head with_offsets = *expect_ok(read_contents(seekable));
  const std::string ours = write_contents(with_offsets.contents);
  ASSERT_EQ(ours.size(), with_offsets.length);
  std::string restored = ours;
  // Each offset with its state, where ours says "not set", made the stock program's again.
  for (const Entry& entry : with_offsets.contents.entries) {
    if (!entry.has_block()) continue;
    EXPECT_EQ(entry.offset_state, 2);
    const std::string stored = std::string("\2") + std::string(entry.offset.begin(), entry.offset.end());
    const size_t at = seekable.find(stored);
    ASSERT_LT(at, with_offsets.length);
    EXPECT_EQ(restored.substr(at, 9), std::string("\1") + std::string(8, '\0'));
    restored.replace(at, 9, stored);
  }
  EXPECT_TRUE(restored == seekable.substr(0, with_offsets.length));
}

TEST_F(Stock, ARewrittenArchiveIsTheSameToPgRestore) {
  const std::string original = dump("gzip");
  const fs::path stock = file("stock.dump", original);
  const std::string script = pg_restore({"--file=-", "--restrict-key=summit", stock.string()});
  const auto list = [](const fs::path& archive) {
    const std::string text = pg_restore({"--list", archive.string()});
    return text.substr(text.find("; Selected TOC Entries"));
  };
  EXPECT_GT(script.size(), 3 * MiB);
  for (const Compression compression : {Compression::kNone, Compression::kGzip, Compression::kZstd}) {
    const fs::path ours =
        file(fmt::format("{}.dump", name_of(compression)), rewritten(original, compression));
    EXPECT_EQ(list(ours), list(stock));
    EXPECT_TRUE(pg_restore({"--file=-", "--restrict-key=summit", ours.string()}) == script)
        << name_of(compression);
  }
}

// Compared with a restore of the original: pg_dump writes some expressions another way after a restore.
TEST_F(Stock, ParallelPgRestoreMakesTheSameDatabaseOfARewrittenArchive) {
  const auto restored = [](const std::string& name, std::string_view archive) {
    world->create_database(name);
    const fs::path path = file(name + ".dump", archive);
    tool("pg_restore", name, {"--jobs=2", "--exit-on-error", path.string()});
    return plain_dump(name);
  };
  const std::string original = dump("none");
  const std::string expected = restored("stock", original);
  EXPECT_GT(expected.size(), 3 * MiB);
  for (const Compression compression : {Compression::kNone, Compression::kGzip, Compression::kZstd}) {
    const std::string name(name_of(compression));
    EXPECT_TRUE(restored(name, rewritten(original, compression)) == expected) << name;
  }
}

}  // namespace
}  // namespace summit::pgarchive
