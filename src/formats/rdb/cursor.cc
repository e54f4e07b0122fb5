#include "formats/rdb/cursor.h"

#include "core/byte_order.h"

namespace summit::rdb {

namespace {

constexpr uint8_t kLength32 = 0x80;
constexpr uint8_t kLength64 = 0x81;

// The two highest bits of a length's first byte.
enum class Prefix : uint8_t { kSixBits = 0, kFourteenBits = 1, kWide = 2, kEncoded = 3 };
Prefix prefix_of(uint8_t first) { return static_cast<Prefix>(first >> 6); }

}  // namespace

Error Cursor::corrupt(std::string_view what) const {
  return Error(Code::kCorrupt, "the rdb data are damaged: {} at byte {}", what, offset());
}

Result<ByteView> Cursor::take(uint64_t size, std::string_view what) {
  if (size > remaining()) {
    ran_out_ = true;
    return corrupt(fmt::format("{} of {} bytes ends after {}", what, size, remaining()));
  }
  const ByteView taken = bytes_.subspan(position_, size);
  position_ += size;
  return taken;
}

Result<uint8_t> Cursor::byte(std::string_view what) {
  ASSIGN_OR_RETURN(const ByteView one, take(1, what));
  return std::to_integer<uint8_t>(one[0]);
}

Result<uint32_t> Cursor::little32(std::string_view what) {
  ASSIGN_OR_RETURN(const ByteView four, take(4, what));
  return load_little_endian<uint32_t>(four.data());
}

Result<uint64_t> Cursor::little64(std::string_view what) {
  ASSIGN_OR_RETURN(const ByteView eight, take(8, what));
  return load_little_endian<uint64_t>(eight.data());
}

Result<uint64_t> Cursor::length(std::string_view what) {
  ASSIGN_OR_RETURN(const uint8_t first, byte(what));
  switch (prefix_of(first)) {
    case Prefix::kSixBits:
      return uint64_t{first} & 0x3f;
    case Prefix::kFourteenBits: {
      ASSIGN_OR_RETURN(const uint8_t second, byte(what));
      return (uint64_t{first} & 0x3f) << 8 | second;
    }
    case Prefix::kWide:
      if (first == kLength32) {
        ASSIGN_OR_RETURN(const ByteView four, take(4, what));
        return uint64_t{load_big_endian<uint32_t>(four.data())};
      }
      if (first == kLength64) {
        ASSIGN_OR_RETURN(const ByteView eight, take(8, what));
        return load_big_endian<uint64_t>(eight.data());
      }
      break;
    case Prefix::kEncoded:
      break;
  }
  --position_;
  return corrupt(fmt::format("{}: byte {:#04x} begins no length", what, first));
}

Result<StringHeader> Cursor::string_header(std::string_view what) {
  if (at_end()) {
    ran_out_ = true;
    return corrupt(fmt::format("{} is missing", what));
  }
  const auto first = std::to_integer<uint8_t>(bytes_[position_]);
  if (prefix_of(first) != Prefix::kEncoded) {
    ASSIGN_OR_RETURN(const uint64_t size, length(what));
    return StringHeader{StringHeader::Kind::kPlain, size};
  }
  switch (first & 0x3f) {
    case 0:
      ++position_;
      return StringHeader{StringHeader::Kind::kInt8, 1};
    case 1:
      ++position_;
      return StringHeader{StringHeader::Kind::kInt16, 2};
    case 2:
      ++position_;
      return StringHeader{StringHeader::Kind::kInt32, 4};
    case 3: {
      ++position_;
      ASSIGN_OR_RETURN(const uint64_t compressed, length(what));
      ASSIGN_OR_RETURN(const uint64_t uncompressed, length(what));
      return StringHeader{StringHeader::Kind::kCompressed, compressed, uncompressed};
    }
    default:
      return corrupt(fmt::format("{}: byte {:#04x} begins no string", what, first));
  }
}

Result<std::string_view> Cursor::string(std::string& scratch, std::string_view what) {
  ASSIGN_OR_RETURN(const StringHeader header, string_header(what));
  ASSIGN_OR_RETURN(const ByteView stored, take(header.stored, what));
  switch (header.kind) {
    case StringHeader::Kind::kPlain:
      return as_text(stored);
    case StringHeader::Kind::kInt8:
      scratch = std::to_string(static_cast<int8_t>(std::to_integer<uint8_t>(stored[0])));
      break;
    case StringHeader::Kind::kInt16:
      scratch = std::to_string(static_cast<int16_t>(load_little_endian<uint16_t>(stored.data())));
      break;
    case StringHeader::Kind::kInt32:
      scratch = std::to_string(static_cast<int32_t>(load_little_endian<uint32_t>(stored.data())));
      break;
    case StringHeader::Kind::kCompressed:
      if (!decompress_lzf(stored, header.uncompressed, scratch))
        return corrupt(
            fmt::format("{}: compressed bytes do not expand to {} bytes before", what, header.uncompressed));
      break;
  }
  return std::string_view(scratch);
}

bool decompress_lzf(ByteView compressed, uint64_t size, std::string& out) {
  // Three bytes give at most 264; so a longer claim is false before a byte is allocated.
  constexpr uint64_t kGreatestRatio = 88;
  out.clear();
  if (size == 0 || size > (compressed.size() + 1) * kGreatestRatio) return false;
  out.reserve(size);

  size_t at = 0;
  while (at < compressed.size()) {
    const auto control = std::to_integer<size_t>(compressed[at++]);
    if (control < 32) {
      const size_t literals = control + 1;
      if (literals > compressed.size() - at || literals > size - out.size()) return false;
      out.append(as_text(compressed.subspan(at, literals)));
      at += literals;
      continue;
    }
    size_t length = control >> 5;
    if (length == 7) {
      if (at == compressed.size()) return false;
      length += std::to_integer<size_t>(compressed[at++]);
    }
    length += 2;
    if (at == compressed.size()) return false;
    const size_t distance = ((control & 31) << 8 | std::to_integer<size_t>(compressed[at++])) + 1;
    if (distance > out.size() || length > size - out.size()) return false;
    // Byte by byte: the copy may overlap what it writes.
    for (size_t from = out.size() - distance; length > 0; --length, ++from) out.push_back(out[from]);
  }
  return out.size() == size;
}

}  // namespace summit::rdb
