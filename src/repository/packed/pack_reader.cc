#include "repository/packed/pack_reader.h"

#include <algorithm>

#include "repository/packed/aead.h"

namespace summit::repository::packed {
namespace {

// One request for the end of a pack brings nearly every footer whole.
constexpr uint64_t kTail = 128 * KiB;

std::string naming(const PackName& name) { return "pack " + name.to_string(); }

Result<void> get_range(storage::ObjectStore& store, const PackName& name, uint64_t offset, uint64_t length,
                       Buffer& to, const Cancellation& cancellation) {
  to.clear();
  to.reserve(length);
  RETURN_IF_ERROR(store.get(
      name.key(), {offset, length},
      [&](ByteView bytes) -> Result<void> {
        to.append(bytes);
        return {};
      },
      cancellation));
  if (to.size() != length)
    return Error(Code::kCorrupt, "{}: {} bytes from {} on, not {}", naming(name), to.size(), offset, length);
  return {};
}

Result<uint64_t> size_of(storage::ObjectStore& store, const PackName& name,
                         const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const auto info, store.head(name.key(), cancellation), "{}", naming(name));
  if (!info)
    return Error(Code::kNotFound, "{} is not in {}", naming(name), store.describe())
        .hint("run `summit-dr verify` to see which backups need it, and restore it from a replica");
  if (info->size < kPackHeaderSize + kAeadTagSize + kPackTrailerSize || info->size > kMaxPack)
    return Error(Code::kCorrupt, "{} has {} bytes", naming(name), info->size);
  return info->size;
}

struct OpenedPack {
  uint64_t size = 0;
  uint64_t footer_offset = 0;
  std::vector<PackedFrame> frames;
  std::unique_ptr<PackOpener> opener;
};

Result<OpenedPack> open_pack(storage::ObjectStore& store, const Keyring& keyring, const PackName& name,
                             const Cancellation& cancellation) {
  OpenedPack pack;
  ASSIGN_OR_RETURN(pack.size, size_of(store, name, cancellation));
  Buffer header;
  RETURN_IF_ERROR(get_range(store, name, 0, kPackHeaderSize, header, cancellation));
  ASSIGN_OR_RETURN(pack.opener, PackOpener::create(keyring, name, header.view()));

  const uint64_t tail_length = std::min(pack.size - kPackHeaderSize, kTail);
  Buffer tail;
  RETURN_IF_ERROR(get_range(store, name, pack.size - tail_length, tail_length, tail, cancellation));
  const auto trailer = parse_pack_trailer(tail.view().last(kPackTrailerSize));
  if (!trailer.ok()) return Error(trailer.error()).at(naming(name));
  const uint64_t footer_length = trailer->sealed_footer_length;
  if (footer_length > pack.size - kPackHeaderSize - kPackTrailerSize)
    return Error(Code::kCorrupt, "{}: the footer is larger than the pack", naming(name));
  pack.footer_offset = pack.size - kPackTrailerSize - footer_length;
  if (footer_length + kPackTrailerSize > tail_length)
    RETURN_IF_ERROR(
        get_range(store, name, pack.footer_offset, footer_length + kPackTrailerSize, tail, cancellation));
  const ByteView sealed = tail.view().last(footer_length + kPackTrailerSize).first(footer_length);
  ASSIGN_OR_RETURN(pack.frames, pack.opener->open_footer(sealed, trailer->frames, pack.footer_offset));
  return pack;
}

// Cuts a stream of a pack's bytes at the frames' ends, opens them and checks their chunks.
class WholePackReader {
 public:
  static Result<WholePackReader> create(const Keyring& keyring, const OpenedPack& pack,
                                        const PackName& name) {
    ASSIGN_OR_RETURN(const Secret key, keyring.subkey(pack.opener->generation(), Purpose::kChunkId));
    ASSIGN_OR_RETURN(ChunkNamer namer, ChunkNamer::create(key));
    ASSIGN_OR_RETURN(auto decoder, FrameDecoder::create());
    return WholePackReader(pack, name, std::move(namer), std::move(decoder));
  }

  Result<void> feed(ByteView bytes, const FrameVisitor& visit) {
    digest_.update(bytes);
    received_ += bytes.size();
    while (!bytes.empty()) {
      if (skip_ != 0) {
        const size_t skipped = std::min<uint64_t>(skip_, bytes.size());
        skip_ -= skipped;
        bytes = bytes.subspan(skipped);
        continue;
      }
      if (next_ == pack_->frames.size()) return {};  // footer and trailer: opened before
      const PackedFrame& frame = pack_->frames[next_];
      const size_t wanted = frame.place.encoded_length + kAeadTagSize - sealed_.size();
      const size_t taken = std::min(wanted, bytes.size());
      sealed_.append(bytes.first(taken));
      bytes = bytes.subspan(taken);
      if (taken == wanted) RETURN_IF_ERROR(use(frame, visit));
    }
    return {};
  }

  uint64_t received() const { return received_; }
  bool complete() const { return next_ == pack_->frames.size(); }
  Sha256Digest digest() { return digest_.finish(); }

 private:
  WholePackReader(const OpenedPack& pack, const PackName& name, ChunkNamer&& namer,
                  std::unique_ptr<FrameDecoder> decoder)
      : pack_(&pack), name_(name), namer_(std::move(namer)), decoder_(std::move(decoder)) {}

  Result<void> use(const PackedFrame& frame, const FrameVisitor& visit) {
    RETURN_IF_ERROR(pack_->opener->open_frame(frame.place, sealed_.view(), *decoder_, scratch_, plain_));
    for (const PackedChunk& chunk : frame.chunks) {
      ASSIGN_OR_RETURN(const ChunkId id, namer_.name(plain_.view().subspan(chunk.offset, chunk.length)));
      if (id != chunk.id)
        return Error(Code::kCorrupt, "{}: frame {}: the chunk at {} is not what its id says", naming(name_),
                     frame.place.ordinal, chunk.offset);
    }
    sealed_.clear();
    ++next_;
    return visit ? visit(frame, plain_.view()) : Result<void>();
  }

  const OpenedPack* pack_;
  PackName name_;
  ChunkNamer namer_;
  std::unique_ptr<FrameDecoder> decoder_;
  Sha256 digest_;
  Buffer sealed_;
  Buffer scratch_;
  Buffer plain_;
  uint64_t skip_ = kPackHeaderSize;
  uint64_t received_ = 0;
  size_t next_ = 0;  // frame that sealed_ belongs to
};

}  // namespace

struct PackOpener::State {
  PackName name{};
  uint32_t generation = 0;
  PackHeaderBytes header{};
  Secret key;

  // Opens what was sealed as `ordinal` into `plain`; false when it is not authentic.
  Result<bool> open(uint64_t ordinal, uint32_t plain_length, Encoding encoding, ByteView sealed,
                    Buffer& plain) const {
    // An Aead serves one thread, and costs little beside the bytes it opens.
    ASSIGN_OR_RETURN(Aead aead, Aead::create(key));
    const size_t length = sealed.size() - kAeadTagSize;
    plain.resize(length);
    const auto associated =
        frame_associated_data(header, ordinal, plain_length, static_cast<uint32_t>(length), encoding);
    const auto opened = aead.open(nonce_of(ordinal), associated, sealed, {plain.data(), length});
    if (!opened.ok() && opened.error().code() != Code::kCorrupt) return opened.error();
    return opened.ok();
  }
};

PackOpener::PackOpener(std::unique_ptr<State> state) : state_(std::move(state)) {}
PackOpener::~PackOpener() = default;

Result<std::unique_ptr<PackOpener>> PackOpener::create(const Keyring& keyring, const PackName& name,
                                                       ByteView header) {
  const auto parsed = parse_pack_header(header);
  if (!parsed.ok()) return Error(parsed.error()).at(naming(name));
  if (parsed->name != name)
    return Error(Code::kCorrupt, "{}: the header says that this is {}", naming(name), naming(parsed->name));
  if (parsed->repository != keyring.repository())
    return Error(Code::kCorrupt, "{} belongs to another repository, {}", naming(name),
                 parsed->repository.to_hex());
  auto state = std::make_unique<State>();
  state->name = name;
  state->generation = parsed->generation;
  std::ranges::copy(header, state->header.begin());
  ASSIGN_OR_RETURN(const Secret wrapping, keyring.subkey(parsed->generation, Purpose::kPack), "{}",
                   naming(name));
  auto key = unwrap_key(wrapping, parsed->wrapped_key);
  if (!key.ok()) return Error(Code::kCorrupt, "{}: the key in its header is not authentic", naming(name));
  state->key = std::move(key).value();
  return std::unique_ptr<PackOpener>(new PackOpener(std::move(state)));
}

uint32_t PackOpener::generation() const { return state_->generation; }

Result<void> PackOpener::open_frame(const FramePlace& place, ByteView sealed, FrameDecoder& decoder,
                                    Buffer& scratch, Buffer& plain) const {
  if (place.plain_length > kMaxFramePlain || sealed.size() != place.encoded_length + kAeadTagSize)
    return Error(Code::kCorrupt, "{}: frame {} has other lengths than expected", naming(state_->name),
                 place.ordinal);
  Buffer& opened = place.encoding == Encoding::kRaw ? plain : scratch;
  ASSIGN_OR_RETURN(const bool authentic,
                   state_->open(place.ordinal, place.plain_length, place.encoding, sealed, opened));
  if (!authentic)
    return Error(Code::kCorrupt, "{}: frame {} is not authentic", naming(state_->name), place.ordinal);
  if (place.encoding == Encoding::kRaw && place.plain_length == place.encoded_length) return {};
  const auto decoded = decoder.decode(opened.view(), place.encoding, place.plain_length, plain);
  if (!decoded.ok())
    return Error(decoded.error()).at(fmt::format("{}: frame {}", naming(state_->name), place.ordinal));
  return {};
}

Result<std::vector<PackedFrame>> PackOpener::open_footer(ByteView sealed, uint32_t frames,
                                                         uint64_t footer_offset) const {
  if (sealed.size() < kAeadTagSize)
    return Error(Code::kCorrupt, "{}: the footer is cut off", naming(state_->name));
  const auto length = static_cast<uint32_t>(sealed.size() - kAeadTagSize);
  Buffer plain;
  ASSIGN_OR_RETURN(const bool authentic, state_->open(kFooterOrdinal, length, Encoding::kRaw, sealed, plain));
  if (!authentic) return Error(Code::kCorrupt, "{}: the footer is not authentic", naming(state_->name));
  auto parsed = parse_footer(plain.view(), state_->name, frames, footer_offset);
  if (!parsed.ok()) return std::move(parsed).error().at(naming(state_->name));
  return parsed;
}

Result<PackFooter> read_pack_footer(storage::ObjectStore& store, const Keyring& keyring, const PackName& name,
                                    const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(OpenedPack pack, open_pack(store, keyring, name, cancellation));
  return PackFooter{pack.size, std::move(pack.frames)};
}

Result<PackContent> read_whole_pack(storage::ObjectStore& store, const Keyring& keyring, const PackName& name,
                                    const FrameVisitor& visit, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(OpenedPack pack, open_pack(store, keyring, name, cancellation));
  ASSIGN_OR_RETURN(auto reader, WholePackReader::create(keyring, pack, name));
  RETURN_IF_ERROR(
      store.get(name.key(), {}, [&](ByteView bytes) { return reader.feed(bytes, visit); }, cancellation));
  if (reader.received() != pack.size || !reader.complete())
    return Error(Code::kCorrupt, "{}: {} bytes came, not {}", naming(name), reader.received(), pack.size);
  const StoredPack stored{.name = name, .size = pack.size, .sha256 = reader.digest()};
  return PackContent{stored, std::move(pack.frames)};
}

}  // namespace summit::repository::packed
