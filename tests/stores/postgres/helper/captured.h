// Captures for the tests of this folder: into a file, or to nowhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "stores/postgres/capture.h"
#include "stores/postgres/snapshot.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {

class FileSink final : public CaptureSink {
 public:
  explicit FileSink(fs::path path) : path_(std::move(path)), file_(expect_ok(open_for_writing(path_))) {}
  Result<void> write(ByteView bytes) override { return write_all(file_.get(), bytes, path_); }
  Result<void> begin_stream(const std::string& name) override {
    streams.push_back(name);
    return {};
  }
  std::vector<std::string> streams;

 private:
  fs::path path_;
  UniqueFd file_;
};

struct CaptureOptions {
  pgarchive::CompressionChoice compression{};
  size_t jobs = 2;
  RowSelection* selection = nullptr;
  uint64_t buffer_bytes = 64 * MiB;
};

// What was captured, with the fingerprints of the separate reader in the same snapshot.
struct CapturedArchive {
  fs::path path;
  Captured captured;
  std::vector<Fingerprint> read_separately;
  std::vector<std::string> streams;
};

}  // namespace summit::postgres
