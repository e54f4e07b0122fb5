#include "bench/repository/stages.h"

#include <ctime>
#include <functional>
#include <iostream>
#include <vector>

#include "core/files.h"
#include "repository/packed/aead.h"
#include "repository/packed/chunk_id.h"
#include "repository/packed/chunker.h"
#include "repository/packed/frame_codec.h"
#include "repository/packed/page_cache.h"

namespace summit::bench {
namespace {

using namespace repository::packed;

constexpr size_t kSample = 256 * MiB;

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Times one pass by the processor's time, so that others' work on the machine does not count; `bytes` is what
// it worked on.
Result<void> measure(std::string_view stage, uint64_t bytes, const std::function<Result<void>()>& pass) {
  const double start = cpu_seconds();
  RETURN_IF_ERROR(pass());
  std::cout << fmt::format("{:<28} {:>8.0f} MB/s\n", stage,
                           static_cast<double>(bytes) / 1e6 / (cpu_seconds() - start));
  return {};
}

Result<void> for_each_part(ByteView sample, size_t size, const std::function<Result<void>(ByteView)>& use) {
  for (size_t offset = 0; offset < sample.size(); offset += size)
    RETURN_IF_ERROR(use(sample.subspan(offset, std::min(size, sample.size() - offset))));
  return {};
}

Result<void> measure_codec(ByteView sample, int level) {
  ASSIGN_OR_RETURN(const auto encoder, FrameEncoder::create(level));
  ASSIGN_OR_RETURN(const auto decoder, FrameDecoder::create());
  std::vector<std::pair<std::string, EncodedFrame>> frames;
  uint64_t encoded = 0;
  const auto compress = [&](ByteView part) -> Result<void> {
    ASSIGN_OR_RETURN(const EncodedFrame frame, encoder->encode(part));
    frames.emplace_back(as_text(frame.bytes), frame);
    encoded += frame.bytes.size();
    return {};
  };
  const auto compress_all = [&] { return for_each_part(sample, kMaxFramePlain, compress); };
  RETURN_IF_ERROR(measure(fmt::format("compress, level {}", level), sample.size(), compress_all));
  Buffer plain;
  const auto decompress_all = [&]() -> Result<void> {
    Result<void> result;
    for (const auto& [bytes, frame] : frames) {
      result = decoder->decode(as_bytes(bytes), frame.encoding, frame.plain_length, plain);
      if (!result.ok()) break;
    }
    return result;
  };
  RETURN_IF_ERROR(measure(fmt::format("decompress, level {}", level), sample.size(), decompress_all));
  std::cout << fmt::format("  level {}: ratio {:.3f}\n", level,
                           static_cast<double>(sample.size()) / static_cast<double>(encoded));
  return {};
}

}  // namespace

Result<void> measure_stages(const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(const UniqueFd fd, open_for_reading(file));
  Buffer buffer(kSample);
  buffer.resize(kSample);
  size_t size = 0;
  while (size < kSample) {
    ASSIGN_OR_RETURN(const size_t got, read_some(fd.get(), buffer.data() + size, kSample - size, file));
    if (got == 0) break;
    size += got;
  }
  const ByteView sample = buffer.view().first(size);

  const Secret key = random_key();
  ASSIGN_OR_RETURN(const Chunker chunker, Chunker::create(key));
  const auto cut = [&]() -> Result<void> {
    for (ByteView rest = sample; !rest.empty();)
      rest = rest.subspan(*chunker.next_boundary(rest, EndOfStream::kYes));
    return {};
  };
  RETURN_IF_ERROR(measure("cut by content", size, cut));
  ASSIGN_OR_RETURN(ChunkNamer namer, ChunkNamer::create(key));
  const auto name = [&](ByteView part) -> Result<void> {
    ASSIGN_OR_RETURN(const ChunkId id, namer.name(part));
    return id == ChunkId{} ? Result<void>(Error(Code::kFailed, "an id of zeros")) : Result<void>();
  };
  RETURN_IF_ERROR(
      measure("name, 64 KiB chunks", size, [&] { return for_each_part(sample, 64 * KiB, name); }));
  RETURN_IF_ERROR(
      measure("name, 256 KiB extents", size, [&] { return for_each_part(sample, 256 * KiB, name); }));
  RETURN_IF_ERROR(measure("hash pages of 8 KiB", size, [&] { return for_each_part(sample, 8 * KiB, name); }));
  for (const int level : {1, 2, 3, 4, 6}) RETURN_IF_ERROR(measure_codec(sample, level));
  ASSIGN_OR_RETURN(Aead aead, Aead::create(key));
  Buffer sealed(kMaxFramePlain + kAeadTagSize);
  uint64_t ordinal = 0;
  return measure("seal", size, [&] {
    return for_each_part(sample, kMaxFramePlain, [&](ByteView part) {
      sealed.resize(part.size() + kAeadTagSize);
      return aead.seal(nonce_of(ordinal++), {}, part, {sealed.data(), sealed.size()});
    });
  });
}

}  // namespace summit::bench
