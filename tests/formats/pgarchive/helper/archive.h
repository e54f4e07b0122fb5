// What the tests of this folder share: archives small enough to damage each byte of, and a consumer that
// keeps what it gets.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "formats/pgarchive/compressor.h"
#include "formats/pgarchive/parser.h"
#include "formats/pgarchive/writer.h"

namespace summit::pgarchive {

// Two tables with data (entries 11 "users" and 12 "empty"), large objects (13), and entries of other kinds.
Contents sample_contents(Compression compression);

// What the archive of sample_contents() holds.
struct SampleData {
  std::string users = "1\tada\n2\tgrace\n3\t\\N\n";
  std::map<uint32_t, std::string> large_objects = {{4294967295, "the last oid"}, {16400, ""}};
};
// Compressed in parts of `part` bytes.
std::string sample_archive(Compression compression, const SampleData& data = {}, size_t part = 9);

// The pieces of one table, or of a large object, each part of `part` bytes made by a compressor of its own.
// Without their first and last those of one are those of the other.
std::vector<std::string> compressed_table(const CompressionChoice& choice, std::string_view rows,
                                          size_t part);
std::vector<std::string> compressed_large_object(const CompressionChoice& choice, std::string_view bytes,
                                                 size_t part);

// By hand, in archives with integers of 4 bytes.
std::string integer(int64_t value);
std::string block(uint8_t type, int64_t id);
std::string chunk(std::string_view bytes);

class Recorder final : public Consumer {
 public:
  Result<void> on_contents(const Contents& contents) override;
  Result<void> on_table_begin(const Entry& entry) override;
  bool wants_rows() const override { return !wants || wants(table_); }
  Result<void> on_frame() override;
  bool wants_last_frames() const override { return again; }
  Result<void> on_last_frames() override;
  bool wants_frame() const override { return !wants_frame_of || wants_frame_of(frames); }
  Result<void> on_rows(ByteView bytes) override;
  Result<void> on_table_end() override;
  Result<void> on_large_object_begin(const Entry& entry, uint32_t oid) override;
  Result<void> on_large_object(ByteView bytes) override;
  Result<void> on_large_object_end() override;

  std::map<std::string, std::string> rows;  // by the table's name
  std::map<uint32_t, std::string> large_objects;
  std::vector<std::string> calls;  // "contents", "begin users", "end", "begin 16400", …
  std::vector<size_t> views;       // sizes of on_rows()
  bool keep = true;                // rows are kept
  std::function<bool(const std::string& table)> wants{};  // not set: all rows
  size_t frames = 0;                                      // of the table in hand
  std::function<bool(size_t frames)> wants_frame_of{};    // not set: all frames
  bool again = false;                                     // the last frames

 private:
  std::string table_;
  uint32_t oid_ = 0;
};

// Feeds blocks of `block` bytes, then finishes.
Result<void> parse(std::string_view archive, Consumer& consumer, size_t block = std::string_view::npos);

}  // namespace summit::pgarchive
