#include "repository/packed/frame_loader.h"

#include <algorithm>
#include <utility>

#include "repository/packed/aead.h"

namespace summit::repository::packed {
namespace {

// Frames that nobody asked for between two that are wanted: reading them costs less than another request.
constexpr uint64_t kGap = 128 * KiB;
constexpr size_t kOpeners = 1024;

uint64_t end_of(const FramePlace& place) { return place.offset + place.encoded_length + kAeadTagSize; }

}  // namespace

Result<std::unique_ptr<OpeningTools>> OpeningTools::create(const Keyring& keyring) {
  ASSIGN_OR_RETURN(auto decoder, FrameDecoder::create());
  return std::unique_ptr<OpeningTools>(new OpeningTools(keyring, std::move(decoder)));
}

Result<ChunkNamer*> OpeningTools::namer(uint32_t generation) {
  const auto found = namers_.find(generation);
  if (found != namers_.end()) return &found->second;
  ASSIGN_OR_RETURN(const Secret key, keyring_.subkey(generation, Purpose::kChunkId));
  ASSIGN_OR_RETURN(ChunkNamer namer, ChunkNamer::create(key));
  return &namers_.emplace(generation, std::move(namer)).first->second;
}

class FrameGroup {
 public:
  FrameGroup(FrameLoader& loader, std::shared_ptr<BufferPool> buffers, const FramePlace& first)
      : loader_(loader),
        buffers_(std::move(buffers)),
        pack_(first.pack),
        begin_(first.offset),
        end_(end_of(first)) {}
  FrameGroup(const FrameGroup&) = delete;
  FrameGroup& operator=(const FrameGroup&) = delete;
  ~FrameGroup() { buffers_->give_back(std::move(bytes_)); }

  // Whether the frame is now part of the group: it lies just behind, and nobody has begun to fetch.
  bool try_add(const FramePlace& place) {
    const std::lock_guard lock(bounds_mutex_);
    if (closed_ || place.pack != pack_ || place.offset < end_ || place.offset > end_ + kGap ||
        end_of(place) - begin_ > kGroupSize)
      return false;
    end_ = end_of(place);
    return true;
  }

  // Once; what failed is tried again by the next who asks.
  Result<void> fetch(const Cancellation& cancellation) {
    const std::lock_guard lock(fetch_mutex_);
    if (fetched_) return {};
    close();
    RETURN_IF_ERROR(fetch_locked(cancellation));
    fetched_ = true;
    return {};
  }

  // After fetch().
  ByteView sealed(const FramePlace& place) const {
    return bytes_.view().subspan(place.offset - begin_, place.encoded_length + kAeadTagSize);
  }
  const PackOpener& opener() const { return *opener_; }

 private:
  void close() {
    const std::lock_guard lock(bounds_mutex_);
    if (closed_) return;
    closed_ = true;
    // The header lies just before the first frame: then it comes with it.
    if (begin_ == kPackHeaderSize) begin_ = 0;
  }

  Result<void> fetch_locked(const Cancellation& cancellation) {
    if (bytes_.capacity() == 0) bytes_ = buffers_->take();
    bytes_.clear();
    bytes_.reserve(end_ - begin_);
    RETURN_IF_ERROR(loader_.store().get(
                        pack_.key(), {begin_, end_ - begin_},
                        [&](ByteView part) -> Result<void> {
                          bytes_.append(part);
                          return {};
                        },
                        cancellation),
                    "pack {}", pack_.to_string());
    if (bytes_.size() != end_ - begin_)
      return Error(Code::kCorrupt, "pack {}: ends after {} bytes", pack_.to_string(), begin_ + bytes_.size());
    const ByteView header = begin_ == 0 ? bytes_.view().first(kPackHeaderSize) : ByteView();
    ASSIGN_OR_RETURN(opener_, loader_.opener(pack_, header, cancellation));
    return {};
  }

  FrameLoader& loader_;
  const std::shared_ptr<BufferPool> buffers_;
  const PackName pack_;
  std::mutex bounds_mutex_;  // guards the next three, until closed_: then the bounds stay
  uint64_t begin_;
  uint64_t end_;
  bool closed_ = false;
  std::mutex fetch_mutex_;  // held while the request runs; guards the rest
  bool fetched_ = false;
  Buffer bytes_;
  std::shared_ptr<const PackOpener> opener_;
};

Result<void> LoadedFrame::load(OpeningTools& tools, const Cancellation& cancellation) {
  const std::lock_guard lock(mutex_);
  if (!group_) return {};
  RETURN_IF_ERROR(group_->fetch(cancellation));
  generation_ = group_->opener().generation();
  if (plain_.capacity() == 0) plain_ = buffers_->take();
  RETURN_IF_ERROR(
      group_->opener().open_frame(place_, group_->sealed(place_), tools.decoder(), tools.scratch(), plain_));
  group_.reset();
  return {};
}

std::shared_ptr<LoadedFrame> FrameLoader::frame(const FramePlace& place, FrameRun& run) {
  const std::lock_guard lock(mutex_);
  const Key key(place.pack, place.ordinal);
  const auto found = frames_.find(key);
  // Two manifests may claim different lengths for one frame: each gets its own, and at most one of them
  // opens.
  if (found != frames_.end() && (*found->second)->place() == place) {
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return by_use_.front();
  }
  if (found != frames_.end()) {
    kept_ -= (*found->second)->place().plain_length;
    by_use_.erase(found->second);
    frames_.erase(found);
  }
  if (!run || !run->try_add(place)) run = std::make_shared<FrameGroup>(*this, group_buffers_, place);
  by_use_.push_front(std::make_shared<LoadedFrame>(place, run, frame_buffers_));
  frames_[key] = by_use_.begin();
  kept_ += place.plain_length;
  auto frame = by_use_.front();
  forget_old();
  return frame;
}

void FrameLoader::forget_old() {
  while (kept_ > memory_ && by_use_.size() > 1) {
    const FramePlace& oldest = by_use_.back()->place();
    kept_ -= oldest.plain_length;
    frames_.erase({oldest.pack, oldest.ordinal});
    by_use_.pop_back();
  }
}

Result<std::shared_ptr<const PackOpener>> FrameLoader::opener(const PackName& pack, ByteView header,
                                                              const Cancellation& cancellation) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = openers_.find(pack); found != openers_.end()) return found->second;
  }
  Buffer fetched;
  if (header.empty()) {
    RETURN_IF_ERROR(store_.get(
                        pack.key(), {0, kPackHeaderSize},
                        [&](ByteView part) -> Result<void> {
                          fetched.append(part);
                          return {};
                        },
                        cancellation),
                    "pack {}", pack.to_string());
    header = fetched.view();
  }
  ASSIGN_OR_RETURN(auto made, PackOpener::create(keyring_, pack, header));
  const std::shared_ptr<const PackOpener> opener = std::move(made);
  const std::lock_guard lock(mutex_);
  if (openers_.size() >= kOpeners) openers_.clear();
  openers_[pack] = opener;
  return opener;
}

}  // namespace summit::repository::packed
