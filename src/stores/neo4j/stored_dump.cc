#include "stores/neo4j/stored_dump.h"

#include <zstd.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace summit::neo4j {
namespace {

constexpr std::string_view kMagic = "DZV1";
constexpr std::string_view kPreambleMagic = "zstd";
constexpr size_t kPreambleSize = 24;  // kPreambleMagic, version, number of files, bytes
constexpr size_t kTarBlock = 512;
constexpr uint64_t kEndless = std::numeric_limits<uint64_t>::max();

// Magic of a zstd frame; no checksum, no content size; a window of 128 KiB.
constexpr std::string_view kFrameHeader("\x28\xb5\x2f\xfd\x00\x38", 6);
constexpr size_t kLargestBlock = 128 * KiB;
constexpr size_t kDecompressed = 256 * KiB;

struct DecoderDeleter {
  void operator()(ZSTD_DCtx* decoder) const { ::ZSTD_freeDCtx(decoder); }
};

// The size field of a tar header: octal digits, or a number of eight bytes for large files. Nothing when the
// block is no header of a member.
std::optional<uint64_t> member_size(ByteView header) {
  constexpr size_t kSize = 124;
  constexpr size_t kSizeLength = 12;
  constexpr size_t kMagicAt = 257;
  const std::string_view text = as_text(header);
  if (text.substr(kMagicAt, 5) != "ustar") return {};
  uint64_t size = 0;
  if ((static_cast<unsigned char>(text[kSize]) & 0x80U) != 0) {
    for (const char c : text.substr(kSize + kSizeLength - 8, 8))
      size = size << 8U | static_cast<unsigned char>(c);
    return size;
  }
  for (const char c : text.substr(kSize, kSizeLength)) {
    if (c >= '0' && c <= '7') size = size << 3U | static_cast<uint64_t>(c - '0');
  }
  return size;
}

// Where the members of a tar archive begin. What is no tar archive is one member to its end.
class MemberWalk {
 public:
  // How many bytes follow until something begins that must begin a block; at least one.
  uint64_t until_boundary() const { return remaining_; }

  // Takes at most until_boundary() bytes. True when a member begins behind them.
  bool take(ByteView bytes) {
    if (place_ != Place::kData) header_.append(as_text(bytes));
    if (remaining_ != kEndless) remaining_ -= bytes.size();
    if (remaining_ > 0) return false;
    if (place_ == Place::kHeader) {
      after_header();
    } else if (place_ == Place::kPreamble && header_.substr(0, kPreambleMagic.size()) != kPreambleMagic) {
      give_up();
    } else {
      begin_header();
    }
    return place_ == Place::kHeader;
  }

 private:
  enum class Place { kPreamble, kHeader, kData };

  void begin_header() {
    place_ = Place::kHeader;
    remaining_ = kTarBlock;
    header_.clear();
  }
  void give_up() {
    place_ = Place::kData;
    remaining_ = kEndless;
  }
  void after_header() {
    const auto size = member_size(as_bytes(header_));
    if (!size || *size > kEndless / 2) return give_up();
    if (*size == 0) return begin_header();
    place_ = Place::kData;
    remaining_ = (*size + kTarBlock - 1) / kTarBlock * kTarBlock;
  }

  Place place_ = Place::kPreamble;
  uint64_t remaining_ = kPreambleSize;
  std::string header_;
};

// Writes blocks of a zstd frame that hold their content as it is.
class StoredFrame {
 public:
  explicit StoredFrame(const std::function<Result<void>(ByteView)>& output) : output_(output) {}

  Result<void> begin() { return output_(as_bytes(kFrameHeader)); }
  Result<void> add(ByteView bytes) {
    while (!bytes.empty()) {
      const size_t part = std::min(bytes.size(), kLargestBlock - block_.size());
      block_.append(as_text(bytes.first(part)));
      bytes = bytes.subspan(part);
      if (block_.size() == kLargestBlock) RETURN_IF_ERROR(end_block());
    }
    return {};
  }
  Result<void> end_block() {
    if (block_.empty()) return {};
    RETURN_IF_ERROR(put_header(block_.size() << 3U));
    RETURN_IF_ERROR(output_(as_bytes(block_)));
    block_.clear();
    return {};
  }
  Result<void> finish() {
    constexpr size_t kLastAndEmpty = 1;
    RETURN_IF_ERROR(end_block());
    return put_header(kLastAndEmpty);
  }

 private:
  Result<void> put_header(size_t value) {
    const char bytes[] = {static_cast<char>(value), static_cast<char>(value >> 8U),
                          static_cast<char>(value >> 16U)};
    return output_(as_bytes(std::string_view(bytes, sizeof bytes)));
  }

  const std::function<Result<void>(ByteView)>& output_;
  std::string block_;
};

}  // namespace

struct StoredDump::State {
  explicit State(std::function<Result<void>(ByteView)> to) : output(std::move(to)), frame(output) {}

  enum class Form { kUnknown, kZstd, kOther };

  std::function<Result<void>(ByteView)> output;
  Form form = Form::kUnknown;
  std::string magic;  // as far as it has come
  std::unique_ptr<ZSTD_DCtx, DecoderDeleter> decoder;
  std::vector<std::byte> decompressed;
  bool frame_ended = false;
  MemberWalk members;
  StoredFrame frame;

  Result<ByteView> recognise(ByteView dump) {
    const size_t part = std::min(dump.size(), kMagic.size() - magic.size());
    magic.append(as_text(dump.first(part)));
    if (magic.size() < kMagic.size()) return ByteView();
    form = magic == kMagic ? Form::kZstd : Form::kOther;
    RETURN_IF_ERROR(output(as_bytes(magic)));
    if (form == Form::kZstd) {
      decoder.reset(::ZSTD_createDCtx());
      if (!decoder) return Error(Code::kFailed, "there is no memory to decompress the dump");
      decompressed.resize(kDecompressed);
      RETURN_IF_ERROR(frame.begin());
    }
    return dump.subspan(part);
  }

  Result<void> decompress(ByteView dump) {
    ZSTD_inBuffer in{.src = dump.data(), .size = dump.size(), .pos = 0};
    // A full buffer may leave more behind, even when all input was taken.
    bool full = false;
    while (in.pos < in.size || full) {
      ZSTD_outBuffer out{.dst = decompressed.data(), .size = decompressed.size(), .pos = 0};
      const size_t outcome = ::ZSTD_decompressStream(decoder.get(), &out, &in);
      if (::ZSTD_isError(outcome) != 0)
        return Error(Code::kCorrupt, "the dump is damaged: {}", ::ZSTD_getErrorName(outcome));
      frame_ended = outcome == 0;
      full = out.pos == out.size;
      RETURN_IF_ERROR(store(ByteView(decompressed).first(out.pos)));
    }
    return {};
  }

  Result<void> store(ByteView plain) {
    while (!plain.empty()) {
      const auto part = plain.first(std::min<uint64_t>(plain.size(), members.until_boundary()));
      RETURN_IF_ERROR(frame.add(part));
      if (members.take(part)) RETURN_IF_ERROR(frame.end_block());
      plain = plain.subspan(part.size());
    }
    return {};
  }
};

StoredDump::StoredDump(std::function<Result<void>(ByteView)> output)
    : state_(std::make_unique<State>(std::move(output))) {}
StoredDump::~StoredDump() = default;

Result<void> StoredDump::write(ByteView dump) {
  if (state_->form == State::Form::kUnknown) {
    ASSIGN_OR_RETURN(dump, state_->recognise(dump));
  }
  if (dump.empty()) return {};
  return state_->form == State::Form::kZstd ? state_->decompress(dump) : state_->output(dump);
}

Result<void> StoredDump::finish() {
  if (state_->form == State::Form::kUnknown) return state_->output(as_bytes(state_->magic));
  if (state_->form == State::Form::kOther) return {};
  if (!state_->frame_ended) return Error(Code::kCorrupt, "the dump ends before its content does");
  return state_->frame.finish();
}

}  // namespace summit::neo4j
