// Writes an RDB file again without some of its keys: all other bytes as they were, and a new checksum.
//
// The result loads wherever the original did. Feed it every record of a Reader, in order.
#pragma once

#include <cstdint>
#include <functional>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/rdb/reader.h"

namespace summit::rdb {

class FilterWriter {
 public:
  // `drop` is asked for each entry. Bytes go to `output` in blocks. Not thread-safe.
  FilterWriter(std::function<bool(const Record&)> drop, std::function<Result<void>(ByteView)> output);

  // The file is complete after the record kEnd.
  Result<void> write(const Record& record);

  uint64_t dropped() const { return dropped_; }

 private:
  Result<void> append(ByteView bytes);
  Result<void> flush();

  std::function<bool(const Record&)> drop_;
  std::function<Result<void>(ByteView)> output_;
  std::string block_;
  uint64_t checksum_ = 0;
  uint64_t dropped_ = 0;
};

// Whether `text` matches a pattern as Redis' KEYS understands it: * ? [a-z] [^a] and \ before a literal.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace summit::rdb
