#include "repository/packed/frame_codec.h"

#include <zstd.h>

#include <algorithm>

namespace summit::repository::packed {
namespace {

constexpr size_t kProbedFrame = 256 * KiB;  // smaller ones are compressed in less time than probing is worth
constexpr size_t kSamples = 8;
constexpr size_t kSampleSize = 8 * KiB;
constexpr int kProbeLevel = 1;
// Level 1 is meant for small inputs. In frames of 4 MiB a window over all of it and a larger table make it
// denser than level 3 is in chunks, and a half faster: measured on store files and dumps by
// bench/repository.sh.
constexpr int kWindowLog = 22;
constexpr int kFastHashLog = 16;

struct CompressorDeleter {
  void operator()(ZSTD_CCtx* context) const { ::ZSTD_freeCCtx(context); }
};
struct DecompressorDeleter {
  void operator()(ZSTD_DCtx* context) const { ::ZSTD_freeDCtx(context); }
};

// Below this a frame is worth its decompression: a 32nd less than the plain bytes.
size_t worthwhile(size_t plain) { return plain - plain / 32; }

}  // namespace

struct FrameEncoder::State {
  std::unique_ptr<ZSTD_CCtx, CompressorDeleter> context{::ZSTD_createCCtx()};
  std::unique_ptr<ZSTD_CCtx, CompressorDeleter> probe{::ZSTD_createCCtx()};
  Buffer encoded;
  Buffer sample;

  // Whether samples from all over the frame shrink.
  bool looks_compressible(ByteView plain) {
    if (plain.size() < kProbedFrame) return true;
    sample.resize(::ZSTD_compressBound(kSampleSize));
    size_t total = 0;
    for (size_t i = 0; i < kSamples; ++i) {
      const ByteView part = plain.subspan(i * (plain.size() - kSampleSize) / (kSamples - 1), kSampleSize);
      const size_t size = ::ZSTD_compressCCtx(probe.get(), sample.data(), sample.size(), part.data(),
                                              part.size(), kProbeLevel);
      total += ::ZSTD_isError(size) != 0 ? kSampleSize : size;
    }
    return total < worthwhile(kSamples * kSampleSize);
  }
};

FrameEncoder::FrameEncoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
FrameEncoder::~FrameEncoder() = default;

Result<std::unique_ptr<FrameEncoder>> FrameEncoder::create(int level) {
  auto state = std::make_unique<State>();
  if (!state->context || !state->probe) return Error(Code::kFailed, "no memory for a compressor");
  if (level < 1 || level > 19)
    return Error(Code::kUsage, "compression level {} is not within 1 to 19", level);
  const auto set = [&](ZSTD_cParameter parameter, int value) {
    return ::ZSTD_isError(::ZSTD_CCtx_setParameter(state->context.get(), parameter, value)) == 0;
  };
  if (!set(ZSTD_c_compressionLevel, level) ||
      (level == 1 && (!set(ZSTD_c_windowLog, kWindowLog) || !set(ZSTD_c_hashLog, kFastHashLog))))
    return Error(Code::kFailed, "zstd refuses level {}", level);
  return std::unique_ptr<FrameEncoder>(new FrameEncoder(std::move(state)));
}

Result<EncodedFrame> FrameEncoder::encode(ByteView plain) {
  State& state = *state_;
  const EncodedFrame raw{plain, static_cast<uint32_t>(plain.size()), Encoding::kRaw};
  if (!state.looks_compressible(plain)) return raw;
  state.encoded.resize(::ZSTD_compressBound(plain.size()));
  const size_t size = ::ZSTD_compress2(state.context.get(), state.encoded.data(), state.encoded.size(),
                                       plain.data(), plain.size());
  if (::ZSTD_isError(size) != 0)
    return Error(Code::kFailed, "zstd cannot compress: {}", ::ZSTD_getErrorName(size));
  if (size >= worthwhile(plain.size())) return raw;
  state.encoded.resize(size);
  return EncodedFrame{state.encoded.view(), raw.plain_length, Encoding::kZstd};
}

struct FrameDecoder::State {
  std::unique_ptr<ZSTD_DCtx, DecompressorDeleter> context{::ZSTD_createDCtx()};
};

FrameDecoder::FrameDecoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
FrameDecoder::~FrameDecoder() = default;

Result<std::unique_ptr<FrameDecoder>> FrameDecoder::create() {
  auto state = std::make_unique<State>();
  if (!state->context) return Error(Code::kFailed, "no memory for a decompressor");
  return std::unique_ptr<FrameDecoder>(new FrameDecoder(std::move(state)));
}

Result<void> FrameDecoder::decode(ByteView encoded, Encoding encoding, uint32_t plain_length, Buffer& plain) {
  plain.clear();
  if (encoding == Encoding::kRaw) {
    if (encoded.size() != plain_length)
      return Error(Code::kCorrupt, "{} raw bytes where {} are listed", encoded.size(), plain_length);
    plain.append(encoded);
    return {};
  }
  plain.resize(plain_length);
  const size_t size = ::ZSTD_decompressDCtx(state_->context.get(), plain.data(), plain_length, encoded.data(),
                                            encoded.size());
  if (::ZSTD_isError(size) != 0)
    return Error(Code::kCorrupt, "zstd cannot decompress: {}", ::ZSTD_getErrorName(size));
  if (size != plain_length)
    return Error(Code::kCorrupt, "{} bytes come out where {} are listed", size, plain_length);
  return {};
}

}  // namespace summit::repository::packed
