#include "formats/pgarchive/decompressor.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>

namespace summit::pgarchive {

namespace {

// Collects output until there is enough of it to be worth a call.
class OutputBuffer {
 public:
  explicit OutputBuffer(Decompressor::Output output)
      : output_(std::move(output)), bytes_(std::make_unique_for_overwrite<std::byte[]>(kSize)) {}

  void clear() { used_ = 0; }
  std::byte* free_space() { return bytes_.get() + used_; }
  size_t free_size() const { return kSize - used_; }
  bool full() const { return used_ == kSize; }
  void advance(size_t size) { used_ += size; }

  Result<void> flush() {
    if (used_ == 0) return {};
    const ByteView view(bytes_.get(), used_);
    used_ = 0;
    return output_(view);
  }

  Result<void> pass(ByteView bytes) {
    RETURN_IF_ERROR(flush());
    return output_(bytes);
  }

 private:
  static constexpr size_t kSize = 256 * KiB;

  Decompressor::Output output_;
  std::unique_ptr<std::byte[]> bytes_;
  size_t used_ = 0;
};

// Rows as they are. pg_dump gives each row a chunk of its own, so small ones are gathered.
class Uncompressed final : public Decompressor {
 public:
  explicit Uncompressed(Output output) : buffer_(std::move(output)) {}

  Result<void> begin() override {
    buffer_.clear();
    return {};
  }

  Result<void> write(ByteView bytes) override {
    constexpr size_t kLarge = 64 * KiB;
    if (bytes.size() >= kLarge) return buffer_.pass(bytes);
    while (!bytes.empty()) {
      const size_t size = std::min(bytes.size(), buffer_.free_size());
      std::memcpy(buffer_.free_space(), bytes.data(), size);
      buffer_.advance(size);
      bytes = bytes.subspan(size);
      if (buffer_.full()) RETURN_IF_ERROR(buffer_.flush());
    }
    return {};
  }

  Result<void> end() override { return buffer_.flush(); }

 private:
  OutputBuffer buffer_;
};

// Any number of frames, wherever they begin and end.
class Zstd final : public Decompressor {
 public:
  explicit Zstd(Output output) : buffer_(std::move(output)), context_(ZSTD_createDCtx()) {}

  bool usable() const { return context_ != nullptr; }

  Result<void> begin() override {
    ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
    at_frame_end_ = true;
    buffer_.clear();
    return {};
  }

  Result<void> write(ByteView bytes) override {
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    // Without input there may still be output: as long as it fills the buffer, and a frame has not ended.
    for (bool more = !bytes.empty(); more;) {
      ZSTD_outBuffer output{buffer_.free_space(), buffer_.free_size(), 0};
      const size_t status = ZSTD_decompressStream(context_.get(), &output, &input);
      if (ZSTD_isError(status) != 0)
        return Error(Code::kCorrupt, "its zstd stream is damaged: {}", ZSTD_getErrorName(status));
      at_frame_end_ = status == 0;
      buffer_.advance(output.pos);
      const bool full = buffer_.full();
      if (full || at_frame_end_) RETURN_IF_ERROR(buffer_.flush());
      more = input.pos < input.size || (full && !at_frame_end_);
    }
    return {};
  }

  Result<void> end() override {
    if (!at_frame_end_) return Error(Code::kCorrupt, "its zstd stream ends within a frame");
    return buffer_.flush();
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };

  OutputBuffer buffer_;
  std::unique_ptr<ZSTD_DCtx, Free> context_;
  bool at_frame_end_ = true;
};

// One zlib stream. ISA-L decodes several times as fast as zlib, and checks the Adler-32 on the way.
class Zlib final : public Decompressor {
 public:
  explicit Zlib(Output output)
      : buffer_(std::move(output)), state_(std::make_unique_for_overwrite<inflate_state>()) {}

  Result<void> begin() override {
    isal_inflate_init(state_.get());
    state_->crc_flag = ISAL_ZLIB;
    buffer_.clear();
    return {};
  }

  Result<void> write(ByteView bytes) override {
    // The library counts in 32 bits.
    constexpr size_t kLargest = GiB;
    for (; bytes.size() > kLargest; bytes = bytes.subspan(kLargest))
      RETURN_IF_ERROR(inflate(bytes.first(kLargest)));
    return inflate(bytes);
  }

  Result<void> end() override {
    if (state_->block_state != ISAL_BLOCK_FINISH) return Error(Code::kCorrupt, "its zlib stream has no end");
    return buffer_.flush();
  }

 private:
  Result<void> inflate(ByteView bytes) {
    // The library only reads through this pointer, whatever its type says.
    state_->next_in = const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(bytes.data()));
    state_->avail_in = static_cast<uint32_t>(bytes.size());
    for (bool more = !bytes.empty(); more;) {
      if (state_->block_state == ISAL_BLOCK_FINISH)
        return Error(Code::kCorrupt, "bytes follow the end of its zlib stream");
      const auto space = static_cast<uint32_t>(buffer_.free_size());
      const uint32_t before = state_->avail_in;
      state_->next_out = reinterpret_cast<uint8_t*>(buffer_.free_space());
      state_->avail_out = space;
      const int status = isal_inflate(state_.get());
      if (status != ISAL_DECOMP_OK) return damaged(status);
      const uint32_t made = space - state_->avail_out;
      if (made == 0 && state_->avail_in == before && before > 0) return damaged(ISAL_INVALID_BLOCK);
      buffer_.advance(made);
      const bool full = buffer_.full();
      if (full) RETURN_IF_ERROR(buffer_.flush());
      more = state_->avail_in > 0 || (full && state_->block_state != ISAL_BLOCK_FINISH);
    }
    return {};
  }

  static Error damaged(int status) {
    if (status == ISAL_INCORRECT_CHECKSUM)
      return Error(Code::kCorrupt, "the checksum of its zlib stream differs");
    return Error(Code::kCorrupt, "its zlib stream is damaged (code {})", status);
  }

  OutputBuffer buffer_;
  std::unique_ptr<inflate_state> state_;
};

}  // namespace

Result<std::unique_ptr<Decompressor>> Decompressor::create(Compression compression, Output output) {
  switch (compression) {
    case Compression::kNone:
      return std::unique_ptr<Decompressor>(std::make_unique<Uncompressed>(std::move(output)));
    case Compression::kGzip:
      return std::unique_ptr<Decompressor>(std::make_unique<Zlib>(std::move(output)));
    case Compression::kZstd: {
      auto zstd = std::make_unique<Zstd>(std::move(output));
      if (!zstd->usable()) return Error(Code::kFailed, "zstd has no memory for a decompression context");
      return std::unique_ptr<Decompressor>(std::move(zstd));
    }
    case Compression::kLz4:
      break;
  }
  return Error(Code::kUnsupported, "the archive is compressed by lz4, which this program does not read")
      .hint("restore it with stock `pg_restore`, or dump again with `pg_dump -Fc --compress=zstd`");
}

}  // namespace summit::pgarchive
