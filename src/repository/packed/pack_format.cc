#include "repository/packed/pack_format.h"

#include <algorithm>
#include <string_view>

#include "repository/packed/aead.h"
#include "repository/packed/wire.h"

namespace summit::repository::packed {
namespace {

constexpr std::string_view kHeaderMagic = "SUMPACK1";
constexpr std::string_view kTrailerMagic = "SUMPACKE";
constexpr size_t kFooterFrameEntry = 8 + 4 + 4 + 1 + 4;
constexpr size_t kChunkEntry = 32 + 4 + 4 + 1;

template <size_t Size>
std::array<std::byte, Size> fixed(const std::string& text) {
  std::array<std::byte, Size> bytes{};
  std::ranges::copy(as_bytes(text), bytes.begin());
  return bytes;
}

Error bad_footer(std::string_view what) { return Error(Code::kCorrupt, "the footer {}", what); }

Result<PackedChunk> parse_chunk(WireReader& reader) {
  PackedChunk chunk;
  chunk.id.bytes = reader.array<decltype(chunk.id.bytes)>();
  chunk.offset = reader.integer<uint32_t>();
  chunk.length = reader.integer<uint32_t>();
  const auto kind = reader.integer<uint8_t>();
  if (kind > static_cast<uint8_t>(ChunkKind::kPagePatch))
    return bad_footer("lists a chunk of an unknown kind");
  chunk.kind = static_cast<ChunkKind>(kind);
  return chunk;
}

Result<PackedFrame> parse_frame(WireReader& reader, uint64_t expected_offset) {
  PackedFrame frame;
  frame.place.offset = reader.integer<uint64_t>();
  frame.place.plain_length = reader.integer<uint32_t>();
  frame.place.encoded_length = reader.integer<uint32_t>();
  const auto encoding = reader.integer<uint8_t>();
  const auto chunks = reader.integer<uint32_t>();
  if (reader.failed() || chunks > reader.left() / kChunkEntry)
    return bad_footer("is too short for what it lists");
  if (frame.place.offset != expected_offset) return bad_footer("lists frames that do not follow each other");
  if (encoding > static_cast<uint8_t>(Encoding::kZstd))
    return bad_footer("lists a frame of an unknown encoding");
  if (frame.place.plain_length > kMaxFramePlain || frame.place.encoded_length > 2 * kMaxFramePlain)
    return bad_footer("lists a frame that is too large");
  frame.place.encoding = static_cast<Encoding>(encoding);

  frame.chunks.reserve(chunks);
  uint64_t end = 0;
  for (uint32_t i = 0; i < chunks; ++i) {
    ASSIGN_OR_RETURN(const PackedChunk chunk, parse_chunk(reader));
    if (chunk.offset != end) return bad_footer("lists chunks that do not follow each other");
    end += chunk.length;
    frame.chunks.push_back(chunk);
  }
  if (end != frame.place.plain_length) return bad_footer("lists chunks that do not cover their frame");
  return frame;
}

}  // namespace

PackHeaderBytes encode(const PackHeader& header) {
  std::string text(kHeaderMagic);
  put_bytes(text, header.repository.view());
  put_integer(text, header.name.epoch);
  put_bytes(text, header.name.uuid);
  put_integer(text, header.generation);
  put_integer(text, uint32_t{0});
  put_bytes(text, header.wrapped_key);
  return fixed<kPackHeaderSize>(text);
}

Result<PackHeader> parse_pack_header(ByteView bytes) {
  WireReader reader(bytes);
  const std::string_view magic = as_text(reader.take(kHeaderMagic.size()));
  PackHeader header;
  header.repository.bytes = reader.array<decltype(header.repository.bytes)>();
  header.name.epoch = reader.integer<uint64_t>();
  header.name.uuid = reader.array<decltype(header.name.uuid)>();
  header.generation = reader.integer<uint32_t>();
  const auto reserved = reader.integer<uint32_t>();
  header.wrapped_key = reader.array<WrappedKey>();
  if (!reader.finished())
    return Error(Code::kCorrupt, "the header has {} bytes, not {}", bytes.size(), kPackHeaderSize);
  if (magic != kHeaderMagic) return Error(Code::kCorrupt, "the header does not begin with {}", kHeaderMagic);
  if (reserved != 0) return Error(Code::kCorrupt, "the header's reserved bytes are not zero");
  return header;
}

PackTrailerBytes encode(const PackTrailer& trailer) {
  std::string text;
  put_integer(text, trailer.sealed_footer_length);
  put_integer(text, trailer.frames);
  text.append(kTrailerMagic);
  return fixed<kPackTrailerSize>(text);
}

Result<PackTrailer> parse_pack_trailer(ByteView bytes) {
  WireReader reader(bytes);
  PackTrailer trailer;
  trailer.sealed_footer_length = reader.integer<uint32_t>();
  trailer.frames = reader.integer<uint32_t>();
  const std::string_view magic = as_text(reader.take(kTrailerMagic.size()));
  if (!reader.finished() || magic != kTrailerMagic)
    return Error(Code::kCorrupt, "the trailer does not end with {}: the pack is cut off or overwritten",
                 kTrailerMagic);
  if (trailer.sealed_footer_length < kAeadTagSize || trailer.sealed_footer_length > kMaxFooter)
    return Error(Code::kCorrupt, "the trailer claims a footer of {} bytes", trailer.sealed_footer_length);
  return trailer;
}

Reference reference_to(const PackedFrame& frame, const PackedChunk& chunk) {
  return {.id = chunk.id, .frame = frame.place, .offset = chunk.offset, .length = chunk.length};
}

size_t footer_length(size_t frames, size_t chunks) {
  return frames * kFooterFrameEntry + chunks * kChunkEntry;
}

std::string encode_footer(const std::vector<PackedFrame>& frames) {
  size_t chunks = 0;
  for (const PackedFrame& frame : frames) chunks += frame.chunks.size();
  std::string text;
  text.reserve(footer_length(frames.size(), chunks));
  for (const PackedFrame& frame : frames) {
    put_integer(text, frame.place.offset);
    put_integer(text, frame.place.plain_length);
    put_integer(text, frame.place.encoded_length);
    put_integer(text, static_cast<uint8_t>(frame.place.encoding));
    put_integer(text, static_cast<uint32_t>(frame.chunks.size()));
    for (const PackedChunk& chunk : frame.chunks) {
      put_bytes(text, chunk.id.view());
      put_integer(text, chunk.offset);
      put_integer(text, chunk.length);
      put_integer(text, static_cast<uint8_t>(chunk.kind));
    }
  }
  return text;
}

Result<std::vector<PackedFrame>> parse_footer(ByteView bytes, const PackName& name, uint32_t frames,
                                              uint64_t frames_end) {
  if (frames > bytes.size() / kFooterFrameEntry) return bad_footer("is too short for what it lists");
  WireReader reader(bytes);
  std::vector<PackedFrame> result;
  result.reserve(frames);
  uint64_t offset = kPackHeaderSize;
  for (uint32_t ordinal = 0; ordinal < frames; ++ordinal) {
    ASSIGN_OR_RETURN(PackedFrame frame, parse_frame(reader, offset));
    frame.place.pack = name;
    frame.place.ordinal = ordinal;
    offset += frame.place.encoded_length + kAeadTagSize;
    result.push_back(std::move(frame));
  }
  if (!reader.finished()) return bad_footer("has other bytes than it should");
  if (offset != frames_end) return bad_footer("does not list the frames up to its own beginning");
  return result;
}

FrameAssociatedData frame_associated_data(const PackHeaderBytes& header, uint64_t ordinal,
                                          uint32_t plain_length, uint32_t encoded_length, Encoding encoding) {
  std::string text;
  text.reserve(kPackHeaderSize + 17);
  put_bytes(text, header);
  put_integer(text, ordinal);
  put_integer(text, plain_length);
  put_integer(text, encoded_length);
  put_integer(text, static_cast<uint8_t>(encoding));
  return fixed<kPackHeaderSize + 17>(text);
}

}  // namespace summit::repository::packed
