// Capture and restore of one database, one operation a process, as bench/postgresql.sh times them beside
// pg_dump and pg_restore.
//
//   postgresql_bench capture DATABASE COMPRESSION JOBS ARCHIVE
//       COMPRESSION: default, none, gzip, zstd:3; writes ARCHIVE.tables, too, which says where its tables lie
//   postgresql_bench load ARCHIVE DATABASE JOBS
//       the database is there and empty; reads ARCHIVE.tables where there is one
//   postgresql_bench compress COMPRESSION FILE...
//       as captures do, in one thread
//   postgresql_bench zstd LEVEL FILE...
//       by zstd's library alone in parts of the same size, in one thread
//   postgresql_bench hash FILE...
//       the fingerprint of rows, in one thread
//
// The server is that of PGHOST, PGPORT, PGUSER, PGPASSWORD; its programs are in POSTGRES_BIN_DIR.
#include <fmt/format.h>
#include <zstd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/files.h"
#include "stores/postgres/archive_reading.h"
#include "stores/postgres/capture.h"
#include "stores/postgres/load.h"
#include "stores/postgres/row_hasher.h"
#include "stores/postgres/snapshot.h"

namespace summit::bench {
namespace {

using namespace postgres;
using Words = std::vector<std::string>;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

config::PostgresEndpoint endpoint() {
  config::PostgresEndpoint endpoint;
  endpoint.host = variable("PGHOST");
  endpoint.port = static_cast<uint16_t>(std::atoi(variable("PGPORT").c_str()));
  endpoint.user = variable("PGUSER");
  endpoint.password = Secret(variable("PGPASSWORD"));
  endpoint.bin_directory = variable("POSTGRES_BIN_DIR");
  return endpoint;
}

Result<pgarchive::CompressionChoice> compression_of(const std::string& word) {
  using pgarchive::Compression;
  if (word == "default") return choose_compression(endpoint(), 160000);
  const size_t colon = word.find(':');
  pgarchive::CompressionChoice choice;
  if (colon != std::string::npos) choice.level = std::stoi(word.substr(colon + 1));
  for (const auto algorithm : {Compression::kNone, Compression::kGzip, Compression::kZstd}) {
    choice.algorithm = algorithm;
    if (word.substr(0, colon) == pgarchive::name_of(algorithm)) return choice;
  }
  return Error(Code::kUsage, "no compression is called {}", word);
}

class FileSink final : public CaptureSink {
 public:
  explicit FileSink(fs::path path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  Result<void> write(ByteView bytes) override { return write_all(fd_.get(), bytes, path_); }
  Result<void> begin_stream(const std::string&) override { return {}; }

 private:
  fs::path path_;
  UniqueFd fd_;
};

// What a backup keeps in its metadata.
fs::path extents_of(const fs::path& archive) { return archive.string() + ".tables"; }

Result<void> run_capture(const Words& words) {
  const auto server = endpoint();
  const std::string& database = words.at(0);
  ASSIGN_OR_RETURN(const auto compression, compression_of(words.at(1)));
  ASSIGN_OR_RETURN(auto snapshot, Snapshot::open(server, database));
  RETURN_IF_ERROR(snapshot.take());
  ASSIGN_OR_RETURN(const auto inventory, read_inventory(snapshot.connection()));
  ASSIGN_OR_RETURN(auto file, open_for_writing(words.at(3)));
  FileSink sink(words.at(3), std::move(file));
  const CaptureRequest request{.database = database,
                               .snapshot = snapshot.id(),
                               .inventory = inventory,
                               .scope = {"postgresql", ""},
                               .compression = compression,
                               .jobs = static_cast<size_t>(std::stoul(words.at(2)))};
  ASSIGN_OR_RETURN(const auto captured, capture_database(server, request, sink, nullptr, {}));
  return write_file_durably(extents_of(words.at(3)), to_text(captured.extents));
}

Result<void> run_load(const Words& words) {
  ASSIGN_OR_RETURN(const auto workspace, TemporaryDirectory::create(fs::temp_directory_path(), "bench-"));
  TableExtents tables;
  if (fs::exists(extents_of(words.at(0)))) {
    ASSIGN_OR_RETURN(const auto text, read_file(extents_of(words.at(0))));
    tables = extents_from(text);
  }
  const auto source = archive_file(words.at(0), tables);
  ASSIGN_OR_RETURN(const auto contents, read_contents(source));
  const LoadRequest request{.source = source,
                            .contents = contents,
                            .database = words.at(1),
                            .timescale_version = {},
                            .jobs = static_cast<size_t>(std::stoul(words.at(2))),
                            .workspace = workspace.path()};
  SilentReporter reporter;
  RETURN_IF_ERROR(load_archive(endpoint(), request, reporter, "postgresql", {}));
  return {};
}

template <typename Take>
Result<void> read_blocks(const fs::path& path, Take take) {
  ASSIGN_OR_RETURN(const auto file, open_for_reading(path));
  std::vector<std::byte> block(2 * MiB);  // as captures do
  for (;;) {
    ASSIGN_OR_RETURN(const size_t size, read_some(file.get(), block.data(), block.size(), path));
    if (size == 0) return {};
    RETURN_IF_ERROR(take(ByteView(block).first(size)));
  }
}

Result<void> run_compress(const Words& words) {
  ASSIGN_OR_RETURN(const auto choice, compression_of(words.at(0)));
  ASSIGN_OR_RETURN(const auto compressor, pgarchive::PartCompressor::create(choice));
  std::string part;
  const auto take = [&](ByteView block) -> Result<void> {
    part.clear();
    ASSIGN_OR_RETURN([[maybe_unused]] const auto checksum, compressor->compress(block, &part));
    return {};
  };
  for (size_t i = 1; i < words.size(); ++i) {
    compressor->next_table();
    RETURN_IF_ERROR(read_blocks(words[i], take));
  }
  return {};
}

Result<void> run_zstd(const Words& words) {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, std::stoi(words.at(0)));
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::vector<std::byte> frame;
  const auto take = [&](ByteView block) -> Result<void> {
    frame.resize(ZSTD_compressBound(block.size()));
    const size_t size = ZSTD_compress2(context.get(), frame.data(), frame.size(), block.data(), block.size());
    return ZSTD_isError(size) != 0 ? Result<void>(Error(Code::kFailed, "{}", ZSTD_getErrorName(size)))
                                   : Result<void>();
  };
  for (size_t i = 1; i < words.size(); ++i) RETURN_IF_ERROR(read_blocks(words[i], take));
  return {};
}

Result<void> run_hash(const Words& words) {
  const std::vector<Column> columns{{"id", "integer"}};
  RowHasher hasher(columns);
  const auto take = [&](ByteView block) -> Result<void> {
    hasher.add(block);
    return {};
  };
  for (const auto& file : words) RETURN_IF_ERROR(read_blocks(file, take));
  fmt::print("{} rows, {}\n", hasher.hash().count(), hasher.hash().hex());
  return {};
}

Result<void> run(const std::string& command, const Words& words) {
  if (command == "capture" && words.size() == 4) return run_capture(words);
  if (command == "load" && words.size() == 3) return run_load(words);
  if (command == "compress" && words.size() > 1) return run_compress(words);
  if (command == "zstd" && words.size() > 1) return run_zstd(words);
  if (command == "hash" && !words.empty()) return run_hash(words);
  return Error(Code::kUsage, "see the head of bench/postgresql/postgresql_bench.cc");
}

}  // namespace
}  // namespace summit::bench

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const auto done = summit::bench::run(argv[1], {argv + 2, argv + argc});
  if (!done.ok()) fmt::print(stderr, "{}\n", done.error().to_string());
  return done.ok() ? 0 : 1;
}
