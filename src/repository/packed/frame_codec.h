// Compresses frames, and leaves those as they are that would not shrink.
#pragma once

#include <cstdint>
#include <memory>

#include "core/bytes.h"
#include "core/result.h"
#include "repository/packed/buffer.h"
#include "repository/packed/reference.h"

namespace summit::repository::packed {

struct EncodedFrame {
  ByteView bytes;  // valid until the encoder's next call, or as long as the plain bytes when raw
  uint32_t plain_length = 0;
  Encoding encoding = Encoding::kRaw;
};

// One thread at a time; a worker keeps one.
class FrameEncoder {
 public:
  // zstd levels 1 to 19.
  static Result<std::unique_ptr<FrameEncoder>> create(int level);
  ~FrameEncoder();

  // At most kMaxFramePlain bytes.
  Result<EncodedFrame> encode(ByteView plain);

 private:
  struct State;
  explicit FrameEncoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// One thread at a time; a worker keeps one.
class FrameDecoder {
 public:
  static Result<std::unique_ptr<FrameDecoder>> create();
  ~FrameDecoder();

  // `plain` then holds exactly `plain_length` bytes; kCorrupt when the encoded bytes say otherwise.
  Result<void> decode(ByteView encoded, Encoding encoding, uint32_t plain_length, Buffer& plain);

 private:
  struct State;
  explicit FrameDecoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace summit::repository::packed
