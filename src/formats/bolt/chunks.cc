#include "formats/bolt/chunks.h"

#include <algorithm>
#include <cstring>

namespace summit::bolt {

namespace {
constexpr size_t kHeader = 2;
constexpr size_t kLongestChunk = 0xffff;
}  // namespace

void append_chunked(ByteView message, std::string& out) {
  while (!message.empty()) {
    const size_t size = std::min(message.size(), kLongestChunk);
    out += static_cast<char>(size >> 8);
    out += static_cast<char>(size & 0xff);
    out += as_text(message.first(size));
    message = message.subspan(size);
  }
  out.append(kHeader, '\0');
}

std::span<char> ChunkReader::room(size_t least) {
  if (joined_ == 0) begin_ = read_;
  if (begin_ > 0) {
    // Closes the gap between what is joined and what is still in chunks, too.
    std::memmove(buffer_.data(), buffer_.data() + begin_, joined_);
    std::memmove(buffer_.data() + joined_, buffer_.data() + read_, filled_ - read_);
    filled_ = joined_ + (filled_ - read_);
    read_ = joined_;
    begin_ = 0;
  }
  if (buffer_.size() - filled_ < least) buffer_.resize(std::max(filled_ + least, 2 * filled_));
  return {buffer_.data() + filled_, buffer_.size() - filled_};
}

Result<std::optional<ByteView>> ChunkReader::next() {
  while (filled_ - read_ >= kHeader) {
    const auto* header = reinterpret_cast<const unsigned char*>(buffer_.data() + read_);
    const size_t size = static_cast<size_t>(header[0]) << 8 | header[1];
    if (size == 0) {
      read_ += kHeader;
      if (joined_ == 0) continue;  // a sign of life
      const ByteView message = as_bytes({buffer_.data() + begin_, joined_});
      joined_ = 0;
      return std::optional(message);
    }
    if (joined_ + size > longest_)
      return Error(Code::kCorrupt, "neo4j sends a message of more than {}", human_bytes(longest_));
    if (filled_ - read_ < kHeader + size) break;
    if (joined_ == 0) {
      begin_ = read_ + kHeader;
    } else {
      std::memmove(buffer_.data() + begin_ + joined_, buffer_.data() + read_ + kHeader, size);
    }
    joined_ += size;
    read_ += kHeader + size;
  }
  return std::optional<ByteView>();
}

}  // namespace summit::bolt
