// What the tests of this folder share: a real server with databases of their own, and the ways of a backup
// and a restore without a repository.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/files.h"
#include "core/fingerprint.h"
#include "devtools/platform/postgres_server.h"
#include "stores/postgres/capture.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/fingerprint.h"
#include "stores/postgres/restore.h"
#include "stores/postgres/snapshot.h"
#include "tests/stores/postgres/helper/restore_database.h"

namespace summit::postgres {

// The value, or a failed test with the error's words.
template <typename T>
T expect_ok(Result<T> result, const char* what = "") {
  if (!result.ok()) throw std::runtime_error(std::string(what) + ": " + result.error().to_string());
  return std::move(result).value();
}
inline void expect_ok(Result<void> result, const char* what = "") {
  if (!result.ok()) throw std::runtime_error(std::string(what) + ": " + result.error().to_string());
}

// An archive into a file.
class FileSink final : public CaptureSink {
 public:
  explicit FileSink(fs::path path) : path_(std::move(path)), file_(expect_ok(open_for_writing(path_))) {}
  Result<void> write(ByteView bytes) override { return write_all(file_.get(), bytes, path_); }
  Result<void> begin_stream(const std::string& name) override {
    streams_.push_back(name);
    return {};
  }
  const std::vector<std::string>& streams() const { return streams_; }

 private:
  fs::path path_;
  UniqueFd file_;
  std::vector<std::string> streams_;
};

struct CaptureOptions {
  pgarchive::CompressionChoice compression{};
  size_t jobs = 2;
  RowSelection* selection = nullptr;
  uint64_t buffer_bytes = 64 * MiB;
};

// Each case finds the program's server running and empty (shared_server.h).
class PostgresTest : public testing::Test {
 protected:
  void SetUp() override;
  // Of the server.
  virtual int major() const { return platform::kPlatformPostgres; }

  const config::PostgresEndpoint& endpoint() const { return endpoint_; }
  const fs::path& directory() const { return scratch_->path(); }
  platform::PostgresServer& server() { return *server_; }
  // From now on instead.
  void use(platform::PostgresServer& server);

  Connection connect(const std::string& database);
  // Runs statements one after the other, as psql does.
  void run(const std::string& database, std::string_view statements);
  std::string ask(const std::string& database, const std::string& sql);
  void create_database(const std::string& name);
  // A stock program of the server's version, and what one prints about a database, at its end.
  fs::path tool(std::string_view name) const { return endpoint_.bin_directory / name; }
  std::string run_tool(std::string_view name, const std::string& database,
                       std::vector<std::string> arguments);
  void expect_same_definitions(const std::string& left, const std::string& right);
  bool exists(const std::string& database);
  // That all rows of an analyzed table of schema public were visible to everybody since they were written: no
  // reader writes its pages again. Empty ones at the end, by which the server extended it in advance, do not
  // count; tables of a few MiB do not show it.
  bool is_frozen(const std::string& database, const std::string& table);
  std::vector<std::string> databases();

  Snapshot snapshot_of(const std::string& database);
  // Of the database of `snapshot`, as its catalogs are now.
  Result<Captured> capture(Snapshot& snapshot, CaptureSink& sink, const CaptureOptions& options = {},
                           const Cancellation& cancellation = {});

  // Data, sequences and schema, as the database is now.
  std::vector<Fingerprint> fingerprints(const std::string& database);
  // An archive of the database now, and the fingerprints that a backup would record.
  struct Dump {
    fs::path archive;
    std::vector<Fingerprint> fingerprints;
    std::string timescale_version;
    TableExtents extents{};
  };
  Dump dump(const std::string& database, bool compress = true);
  // From `archive`, unless the options have one.
  Result<Restored> restore(const std::string& database, const fs::path& archive, DatabaseRestore options = {},
                           const Cancellation& cancellation = {});

 private:
  std::optional<TemporaryDirectory> scratch_;
  platform::PostgresServer* server_ = nullptr;
  config::PostgresEndpoint endpoint_;
};

// "table public.users: 3 elements abcd…": readable differences in a failed test.
std::vector<std::string> lines(const std::vector<Fingerprint>& fingerprints);

}  // namespace summit::postgres
