// Builds RDB files byte by byte, for forms that the installed server no longer writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "formats/rdb/reader.h"
#include "formats/rdb/types.h"

namespace summit::rdb {

std::string length(uint64_t value);
std::string text(std::string_view bytes);     // with its length, uncompressed
std::string fixed(uint64_t value, int size);  // little-endian
std::string big_endian(uint64_t value, int size);

// Elements that are decimal numbers are stored as numbers, as the server does.
std::string listpack(const std::vector<std::string>& elements);
std::string ziplist(const std::vector<std::string>& elements);
std::string zipmap(const std::vector<std::pair<std::string, std::string>>& fields);
std::string intset(const std::vector<int64_t>& members, uint32_t width);

// A file of version `version` with these records between header and end, and a right checksum.
std::string rdb_file(std::string_view records, int version = 10);
std::string entry(ValueType type, std::string_view key, std::string_view value);

// A record with copies of what a Record shows.
struct SeenRecord {
  Record::Kind kind;
  uint32_t db;
  std::string raw, name, text, key, value;
  uint8_t type;
  std::optional<int64_t> expires_at_ms;
  std::optional<uint64_t> idle_seconds;
  std::optional<uint8_t> frequency;
  friend bool operator==(const SeenRecord&, const SeenRecord&) = default;
};
// Feeds `file` in blocks of `block` bytes.
Result<std::vector<SeenRecord>> read_all(std::string_view file, size_t block = 1 << 20);

// The digest of a file's only key, in hexadecimal; the error's message when it has none.
std::string digest_of(std::string_view file, std::optional<int64_t> not_expired_at_ms = {});
std::string digest_of_value(ValueType type, std::string_view value);

// The checked-in file that Redis 7.0 wrote: every type in its small and its large encoding.
std::string sample_file();

}  // namespace summit::rdb
