// Messages cut into chunks, and joined again. Format: docs/formats/bolt.md, "Messages and chunks".
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace summit::bolt {

// Appends `message`, which is not empty, as chunks.
void append_chunked(ByteView message, std::string& out);

// A receive buffer that gives whole messages. A message of one chunk is given where it arrived; the chunks of
// a longer one are moved together once, in place. Memory: the longest message and one read. Not thread-safe.
class ChunkReader {
 public:
  explicit ChunkReader(size_t longest_message = 512 * MiB) : longest_(longest_message) {}

  // Room for at least `least` bytes behind those that have arrived; take() says how many were written there.
  std::span<char> room(size_t least);
  void take(size_t size) { filled_ += size; }

  // The next message, good until the next room(); nothing when more bytes are needed. kCorrupt for one that
  // is too long.
  Result<std::optional<ByteView>> next();

  // Whether a message has begun that has not ended.
  bool between_messages() const { return joined_ == 0 && read_ == filled_; }

 private:
  std::vector<char> buffer_;
  size_t longest_;
  size_t begin_ = 0;   // of the present message
  size_t joined_ = 0;  // bytes of it that stand together at begin_
  size_t read_ = 0;    // where the next chunk's length is
  size_t filled_ = 0;
};

}  // namespace summit::bolt
