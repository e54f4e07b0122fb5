#include "repository/packed/manifest_block.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>

#include "repository/packed/wire.h"

namespace summit::repository::packed {
namespace {

constexpr std::string_view kMagic = "SMB1";
constexpr size_t kPackEntry = 8 + 16;
constexpr size_t kBlockFrameEntry = 4 + 4 + 8 + 4 + 4 + 1;
constexpr size_t kLeastEntry = 1 + 4;

// One entry in 1024 ends a block, by its own id.
bool ends_block(const ManifestEntry& entry) {
  if (entry.kind == ManifestEntry::Kind::kZeros) return false;
  return entry.id.bytes[0] == std::byte{0} && (entry.id.bytes[1] & std::byte{3}) == std::byte{0};
}

Error bad_block(std::string_view what) { return Error(Code::kCorrupt, "a manifest block {}", what); }

// The packs and frames that a block's references share, in the order of their first use.
class PlaceTable {
 public:
  uint32_t index_of(const FramePlace& place) {
    const uint32_t pack = packs_.index_of(place.pack, [&] {
      put_integer(pack_bytes_, place.pack.epoch);
      put_bytes(pack_bytes_, place.pack.uuid);
    });
    const uint64_t key = uint64_t{pack} << 32 | place.ordinal;
    return frames_.index_of(key, [&] {
      put_integer(frame_bytes_, pack);
      put_integer(frame_bytes_, place.ordinal);
      put_integer(frame_bytes_, place.offset);
      put_integer(frame_bytes_, place.plain_length);
      put_integer(frame_bytes_, place.encoded_length);
      put_integer(frame_bytes_, static_cast<uint8_t>(place.encoding));
    });
  }

  uint32_t packs() const { return packs_.size(); }
  uint32_t frames() const { return frames_.size(); }
  const std::string& pack_bytes() const { return pack_bytes_; }
  const std::string& frame_bytes() const { return frame_bytes_; }

 private:
  template <typename Key, typename Hash>
  class Numbering {
   public:
    template <typename WhenNew>
    uint32_t index_of(const Key& key, WhenNew&& when_new) {
      const auto [position, is_new] = numbers_.try_emplace(key, static_cast<uint32_t>(numbers_.size()));
      if (is_new) when_new();
      return position->second;
    }
    uint32_t size() const { return static_cast<uint32_t>(numbers_.size()); }

   private:
    std::unordered_map<Key, uint32_t, Hash> numbers_;
  };

  Numbering<PackName, PackNameHash> packs_;
  Numbering<uint64_t, std::hash<uint64_t>> frames_;
  std::string pack_bytes_;
  std::string frame_bytes_;
};

void put_reference(std::string& to, const Reference& reference, PlaceTable& places) {
  put_bytes(to, reference.id.view());
  put_integer(to, places.index_of(reference.frame));
  put_integer(to, reference.offset);
  put_integer(to, reference.length);
}

Result<Reference> read_reference(WireReader& reader, const std::vector<FramePlace>& frames) {
  Reference reference;
  reference.id.bytes = reader.array<decltype(reference.id.bytes)>();
  const auto frame = reader.integer<uint32_t>();
  reference.offset = reader.integer<uint32_t>();
  reference.length = reader.integer<uint32_t>();
  if (reader.failed()) return bad_block("is cut off");
  if (frame >= frames.size()) return bad_block("refers to a frame that it does not list");
  reference.frame = frames[frame];
  if (uint64_t{reference.offset} + reference.length > reference.frame.plain_length)
    return bad_block("refers to bytes beyond the end of their frame");
  return reference;
}

Result<ManifestEntry> read_entry(WireReader& reader, const std::vector<FramePlace>& frames) {
  ManifestEntry entry;
  const auto kind = reader.integer<uint8_t>();
  entry.length = reader.integer<uint32_t>();
  if (reader.failed()) return bad_block("is cut off");
  if (entry.length == 0 || entry.length > kMaxZeros) return bad_block("has an entry of an impossible length");
  switch (kind) {
    case static_cast<uint8_t>(ManifestEntry::Kind::kZeros):
      return entry;
    case static_cast<uint8_t>(ManifestEntry::Kind::kChunk): {
      entry.kind = ManifestEntry::Kind::kChunk;
      ASSIGN_OR_RETURN(entry.chunk, read_reference(reader, frames));
      entry.id = entry.chunk.id;
      break;
    }
    case static_cast<uint8_t>(ManifestEntry::Kind::kPatched): {
      entry.kind = ManifestEntry::Kind::kPatched;
      entry.id.bytes = reader.array<decltype(entry.id.bytes)>();
      ASSIGN_OR_RETURN(entry.chunk, read_reference(reader, frames));
      ASSIGN_OR_RETURN(entry.patch, read_reference(reader, frames));
      break;
    }
    default:
      return bad_block("has an entry of an unknown kind");
  }
  if (entry.chunk.length != entry.length) return bad_block("has an entry whose chunk has another length");
  return entry;
}

Result<std::vector<FramePlace>> read_places(WireReader& reader, uint32_t packs, uint32_t frames) {
  if (packs > reader.left() / kPackEntry) return bad_block("is cut off");
  std::vector<PackName> names(packs);
  for (PackName& name : names) {
    name.epoch = reader.integer<uint64_t>();
    name.uuid = reader.array<decltype(name.uuid)>();
    if (name.epoch > PackName::kMaxEpoch) return bad_block("names an impossible pack");
  }
  if (frames > reader.left() / kBlockFrameEntry) return bad_block("is cut off");
  std::vector<FramePlace> places(frames);
  for (FramePlace& place : places) {
    const auto pack = reader.integer<uint32_t>();
    place.ordinal = reader.integer<uint32_t>();
    place.offset = reader.integer<uint64_t>();
    place.plain_length = reader.integer<uint32_t>();
    place.encoded_length = reader.integer<uint32_t>();
    const auto encoding = reader.integer<uint8_t>();
    if (pack >= packs) return bad_block("refers to a pack that it does not list");
    if (encoding > static_cast<uint8_t>(Encoding::kZstd) || !possible(place))
      return bad_block("refers to an impossible frame");
    place.pack = names[pack];
    place.encoding = static_cast<Encoding>(encoding);
  }
  return places;
}

}  // namespace

Result<void> ManifestBuilder::add(const ManifestEntry& entry) {
  const bool both_zeros = !entries_.empty() && entry.kind == ManifestEntry::Kind::kZeros &&
                          entries_.back().kind == ManifestEntry::Kind::kZeros;
  if (both_zeros && entry.length <= kMaxZeros - entries_.back().length) {
    entries_.back().length += entry.length;
    return {};
  }
  entries_.push_back(entry);
  const bool full =
      entries_.size() == kMaxBlockEntries || (entries_.size() >= kMinBlockEntries && ends_block(entry));
  return full ? flush() : Result<void>();
}

Result<void> ManifestBuilder::finish() { return entries_.empty() ? Result<void>() : flush(); }

Result<void> ManifestBuilder::flush() {
  RETURN_IF_ERROR(emit_(encode_block(entries_)));
  entries_.clear();
  return {};
}

std::string encode_block(const std::vector<ManifestEntry>& entries) {
  PlaceTable places;
  std::string body;
  for (const ManifestEntry& entry : entries) {
    put_integer(body, static_cast<uint8_t>(entry.kind));
    put_integer(body, entry.length);
    if (entry.kind == ManifestEntry::Kind::kZeros) continue;
    if (entry.kind == ManifestEntry::Kind::kPatched) put_bytes(body, entry.id.view());
    put_reference(body, entry.chunk, places);
    if (entry.kind == ManifestEntry::Kind::kPatched) put_reference(body, entry.patch, places);
  }
  std::string block(kMagic);
  put_integer(block, places.packs());
  put_integer(block, places.frames());
  put_integer(block, static_cast<uint32_t>(entries.size()));
  return block + places.pack_bytes() + places.frame_bytes() + body;
}

Result<std::vector<ManifestEntry>> parse_block(ByteView bytes) {
  WireReader reader(bytes);
  if (as_text(reader.take(kMagic.size())) != kMagic) return bad_block("does not begin as one");
  const auto packs = reader.integer<uint32_t>();
  const auto frames = reader.integer<uint32_t>();
  const auto count = reader.integer<uint32_t>();
  ASSIGN_OR_RETURN(const auto places, read_places(reader, packs, frames));
  if (count > kMaxBlockEntries || count > reader.left() / kLeastEntry)
    return bad_block("has too many entries");
  std::vector<ManifestEntry> entries;
  entries.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const ManifestEntry entry, read_entry(reader, places));
    entries.push_back(entry);
  }
  if (!reader.finished()) return bad_block("has bytes behind its last entry");
  return entries;
}

}  // namespace summit::repository::packed
