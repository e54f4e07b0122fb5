#include "repository/packed/repacker.h"

#include <algorithm>

namespace summit::repository::packed {
namespace {

constexpr int kLevel = 6;  // read often, written once

Result<uint32_t> generation_of(storage::ObjectStore& store, const PackName& pack,
                               const Cancellation& cancellation) {
  std::string header;
  RETURN_IF_ERROR(store.get(
      pack.key(), {.offset = 0, .length = kPackHeaderSize},
      [&](ByteView bytes) -> Result<void> {
        header.append(as_text(bytes));
        return {};
      },
      cancellation));
  ASSIGN_OR_RETURN(const PackHeader parsed, parse_pack_header(as_bytes(header)), "pack {}", pack.to_string());
  return parsed.generation;
}

}  // namespace

Result<std::unique_ptr<Repacker>> Repacker::create(storage::ObjectStore& store, const Keyring& keyring,
                                                   uint64_t marked_at, Emit emit) {
  ASSIGN_OR_RETURN(auto encoder, FrameEncoder::create(kLevel));
  return std::unique_ptr<Repacker>(
      new Repacker(store, keyring, marked_at, std::move(emit), std::move(encoder)));
}

Result<bool> Repacker::add(const StoredPack& source, const ChunkFilter& live,
                           const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const uint32_t generation, generation_of(store_, source.name, cancellation));
  if (generation != keyring_.newest_generation()) return false;
  Moved moved{.from = source.name, .to = {}};
  auto content = read_whole_pack(
      store_, keyring_, source.name,
      [&](const PackedFrame& frame, ByteView plain) {
        return copy_frame(frame, plain, live, moved, cancellation);
      },
      cancellation);
  if (content.ok()) {
    RETURN_IF_ERROR(write_frame(moved, cancellation));
  } else {
    // What was copied of it is proven, and harmless; but who needs the rest must go on finding the source.
    plain_.clear();
    chunks_.clear();
    return std::move(content).error();
  }
  if (content->stored != source)
    return Error(Code::kCorrupt, "pack {} is not the object that the log names", source.name.to_string());
  if (moved.to.empty()) return false;
  moved_.push_back(std::move(moved));
  return true;
}

Result<void> Repacker::copy_frame(const PackedFrame& frame, ByteView plain, const ChunkFilter& live,
                                  Moved& moved, const Cancellation& cancellation) {
  for (const PackedChunk& chunk : frame.chunks) {
    if (!live.contains(chunk.id)) continue;
    if (plain_.size() + chunk.length > kMaxFramePlain || chunks_.size() == kMaxFrameChunks)
      RETURN_IF_ERROR(write_frame(moved, cancellation));
    PackedChunk copy = chunk;
    copy.offset = static_cast<uint32_t>(plain_.size());
    plain_.append(as_text(plain.subspan(chunk.offset, chunk.length)));
    chunks_.push_back(copy);
  }
  return {};
}

// A frame never holds chunks of two sources, so that each source knows where its chunks went.
Result<void> Repacker::write_frame(Moved& moved, const Cancellation& cancellation) {
  if (chunks_.empty()) return {};
  ASSIGN_OR_RETURN(const EncodedFrame frame, encoder_->encode(as_bytes(plain_)));
  if (builder_ && !builder_->has_room(frame.bytes.size(), chunks_.size()))
    RETURN_IF_ERROR(store_pack(cancellation));
  if (!builder_) {
    ASSIGN_OR_RETURN(builder_, PackBuilder::create(keyring_, marked_at_));
  }
  RETURN_IF_ERROR(builder_->add(frame, chunks_));
  moved.to.insert(builder_->name());
  plain_.clear();
  chunks_.clear();
  return {};
}

Result<void> Repacker::store_pack(const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(const FinishedPack pack, builder_->finish());
  builder_.reset();
  RETURN_IF_ERROR(store_.put(pack.stored.name.key(), as_bytes(pack.content),
                             {.condition = storage::Condition::kAbsent}, cancellation));
  stored_[pack.stored.name] = pack.stored;
  ++packs_;
  bytes_ += pack.stored.size;
  return emit_finished();
}

Result<void> Repacker::emit_finished() {
  std::vector<RelocateEvent> relocations;
  const auto is_whole = [&](const Moved& moved) {
    return std::ranges::all_of(moved.to, [&](const PackName& pack) { return stored_.contains(pack); });
  };
  for (const Moved& moved : moved_) {
    if (!is_whole(moved)) continue;
    RelocateEvent event{.from = moved.from, .to = {}, .marked_at = marked_at_};
    for (const PackName& pack : moved.to) event.to.push_back(stored_.at(pack));
    relocations.push_back(std::move(event));
  }
  std::erase_if(moved_, is_whole);
  if (relocations.empty()) return {};
  return emit_(std::move(relocations));
}

Result<void> Repacker::finish(const Cancellation& cancellation) {
  if (builder_) return store_pack(cancellation);
  return emit_finished();
}

}  // namespace summit::repository::packed
