// Takes the bytes of one content, in order, and stores them as chunks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/bytes.h"
#include "core/result.h"

namespace summit::repository::packed {

// One thread at a time. Destroyed without finish(), the content is forgotten.
class ContentWriter {
 public:
  virtual ~ContentWriter() = default;
  // Waits when the threads behind are busy. The first error of any of them is everybody's.
  virtual Result<void> write(ByteView bytes) = 0;
  // What follows is cut as if a content began with it.
  virtual Result<void> begin_part() { return {}; }
  // All bytes are on their way. The number under which ChunkWriter::finish() gives the content.
  virtual Result<size_t> finish() = 0;
};

}  // namespace summit::repository::packed
