// The table of contents of a PostgreSQL custom-format archive, read from its head.
//
// pg_dump writes it before any data, so it can be had while an archive streams by. Versions 1.12
// (PostgreSQL 9.0) to 1.16.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace summit::postgres {

struct ArchiveEntry {
  int64_t id = 0;
  std::string tag;          // the object's name
  std::string description;  // "TABLE", "TABLE DATA", "SEQUENCE SET", "EXTENSION", …
  std::string definition;   // SQL
  std::string schema;
  std::string owner;
  bool has_data = false;
};

struct ArchiveContents {
  std::string database;
  std::string server_version;  // "16.15", of the server that was dumped
  std::string tool_version;    // of pg_dump
  std::vector<ArchiveEntry> entries;

  bool has_extension(std::string_view name) const;
  size_t count(std::string_view description) const;
};

// Nothing when `head` ends before the table of contents does; kCorrupt when it is no such archive.
Result<std::optional<ArchiveContents>> parse_archive_contents(std::string_view head);

// kCorrupt for a file that is no archive or ends within its table of contents.
Result<ArchiveContents> read_archive_contents(const std::filesystem::path& file);

// Watches an archive stream by and keeps its head until the table of contents is complete.
class ArchiveHead {
 public:
  // Memory is bounded by the table of contents, and by 1 GiB.
  Result<void> feed(ByteView bytes);
  bool complete() const { return contents_.has_value(); }
  // kCorrupt when the stream ended before.
  Result<ArchiveContents> contents() &&;

 private:
  std::string head_;
  size_t next_attempt_ = 64 * KiB;
  std::optional<ArchiveContents> contents_;
};

}  // namespace summit::postgres
