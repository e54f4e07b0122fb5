#include "repository/packed/pack_builder.h"

#include <mutex>
#include <vector>

#include "core/digest.h"
#include "repository/packed/aead.h"
#include "repository/packed/random.h"

namespace summit::repository::packed {
namespace {

// Room behind the frames that nearly always holds footer and trailer.
constexpr uint64_t kFooterRoom = 256 * KiB;

}  // namespace

struct PackBuilder::State {
  State(const PackHeader& head, uint64_t room, Aead&& cipher)
      : name(head.name), header(encode(head)), capacity(room), aead(std::move(cipher)) {
    content.reserve(capacity + kFooterRoom);
    content.append(as_text(ByteView(header)));
  }

  const PackName name;
  const PackHeaderBytes header;
  const uint64_t capacity;
  mutable std::mutex mutex;  // guards everything below
  Aead aead;
  std::string content;
  std::vector<PackedFrame> frames;
  size_t chunks = 0;  // of all frames

  // Appends the sealed bytes to the content.
  Result<void> seal(ByteView bytes, uint64_t ordinal, uint32_t plain_length, Encoding encoding) {
    const size_t offset = content.size();
    const auto encoded_length = static_cast<uint32_t>(bytes.size());
    content.resize(offset + bytes.size() + kAeadTagSize);
    const std::span<std::byte> sealed(reinterpret_cast<std::byte*>(content.data()) + offset,
                                      bytes.size() + kAeadTagSize);
    const auto associated = frame_associated_data(header, ordinal, plain_length, encoded_length, encoding);
    return aead.seal(nonce_of(ordinal), associated, bytes, sealed);
  }
};

PackBuilder::PackBuilder(std::unique_ptr<State> state) : state_(std::move(state)) {}
PackBuilder::~PackBuilder() = default;

Result<std::unique_ptr<PackBuilder>> PackBuilder::create(const Keyring& keyring, uint64_t epoch,
                                                         uint64_t capacity) {
  const Secret key = random_key();
  PackHeader header{.repository = keyring.repository(),
                    .name = {.epoch = epoch, .uuid = random_bytes<16>()},
                    .generation = keyring.newest_generation()};
  ASSIGN_OR_RETURN(const Secret wrapping, keyring.subkey(header.generation, Purpose::kPack));
  ASSIGN_OR_RETURN(header.wrapped_key, wrap_key(wrapping, key));
  ASSIGN_OR_RETURN(Aead aead, Aead::create(key));
  return std::unique_ptr<PackBuilder>(
      new PackBuilder(std::make_unique<State>(header, capacity, std::move(aead))));
}

const PackName& PackBuilder::name() const { return state_->name; }

// Invariants: the footer is one that readers accept; but for a single frame that alone fills the pack, the
// content is never moved to grow.
bool PackBuilder::has_room(size_t encoded_length, size_t chunks) const {
  const State& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (state.frames.empty()) return true;
  const size_t frames_end = state.content.size() + encoded_length + kAeadTagSize;
  const size_t footer = footer_length(state.frames.size() + 1, state.chunks + chunks) + kAeadTagSize;
  return frames_end <= state.capacity && footer <= kMaxFooter &&
         frames_end + footer + kPackTrailerSize <= state.capacity + kFooterRoom;
}

bool PackBuilder::empty() const {
  const std::lock_guard lock(state_->mutex);
  return state_->frames.empty();
}

Result<FramePlace> PackBuilder::add(const EncodedFrame& frame, std::span<const PackedChunk> chunks) {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  const FramePlace place{.pack = state.name,
                         .ordinal = static_cast<uint32_t>(state.frames.size()),
                         .offset = state.content.size(),
                         .plain_length = frame.plain_length,
                         .encoded_length = static_cast<uint32_t>(frame.bytes.size()),
                         .encoding = frame.encoding};
  RETURN_IF_ERROR(state.seal(frame.bytes, place.ordinal, place.plain_length, place.encoding));
  state.frames.push_back({place, {chunks.begin(), chunks.end()}});
  state.chunks += chunks.size();
  return place;
}

Result<FinishedPack> PackBuilder::finish() {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  const std::string footer = encode_footer(state.frames);
  const auto footer_length = static_cast<uint32_t>(footer.size());
  RETURN_IF_ERROR(state.seal(as_bytes(footer), kFooterOrdinal, footer_length, Encoding::kRaw));
  const PackTrailer trailer{.sealed_footer_length = footer_length + static_cast<uint32_t>(kAeadTagSize),
                            .frames = static_cast<uint32_t>(state.frames.size())};
  state.content.append(as_text(ByteView(encode(trailer))));
  FinishedPack pack{
      .stored = {.name = state.name, .size = state.content.size(), .sha256 = sha256(as_bytes(state.content))},
      .content = std::move(state.content)};
  return pack;
}

}  // namespace summit::repository::packed
