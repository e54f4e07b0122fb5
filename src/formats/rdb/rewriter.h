// Writes the records of an RDB file as an RDB file again: their bytes as they were, and a new checksum.
//
// Give it the records of a Reader in order and leave out the entries that are not wanted; the result loads
// wherever the original did. The size hints (RESIZEDB) then count a few keys too many, which only makes a
// server reserve more.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/rdb/reader.h"

namespace summit::rdb {

class Rewriter {
 public:
  // Bytes go to `output` in blocks. Not thread-safe.
  explicit Rewriter(std::function<Result<void>(ByteView)> output);

  // The file is complete after the record kEnd.
  Result<void> write(const Record& record);

 private:
  Result<void> append(ByteView bytes);
  Result<void> flush();

  std::function<Result<void>(ByteView)> output_;
  std::string block_;
  uint64_t checksum_ = 0;
};

}  // namespace summit::rdb
