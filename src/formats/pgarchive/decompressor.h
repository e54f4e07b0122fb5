// Decompresses the data of tables and large objects, one after the other, into large views.
#pragma once

#include <functional>
#include <memory>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/pgarchive/contents.h"

namespace summit::pgarchive {

// begin(), the compressed bytes in pieces of any size, end(); then the next. Contexts and buffers are reused.
// One thread at a time. Memory: 256 KiB and the window of the algorithm (32 KiB; for zstd what the writer
// chose, at most 128 MiB).
class Decompressor {
 public:
  // Gets views of 256 KiB, except for the last, of each frame with zstd; uncompressed bytes of 64 KiB and
  // more come as they are.
  using Output = std::function<Result<void>(ByteView)>;

  // kUnsupported for lz4.
  static Result<std::unique_ptr<Decompressor>> create(Compression compression, Output output);
  virtual ~Decompressor() = default;

  virtual Result<void> begin() = 0;
  // kCorrupt when the bytes are not what the algorithm makes, or the output's error.
  virtual Result<void> write(ByteView bytes) = 0;
  // kCorrupt when the compressed stream has not ended.
  virtual Result<void> end() = 0;
};

}  // namespace summit::pgarchive
