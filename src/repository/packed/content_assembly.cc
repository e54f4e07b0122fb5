#include "repository/packed/content_assembly.h"

#include <utility>

#include "core/wait.h"

namespace summit::repository::packed {
namespace {

// Entries that wait for a place. More of them would let memory grow with the content.
constexpr size_t kMostPending = 4096;

}  // namespace

Result<PendingReference> ManifestLane::add(const std::string& block) {
  const std::lock_guard lock(mutex_);
  ASSIGN_OR_RETURN(const ChunkId id, namer_.name(as_bytes(block)));
  if (!frame_.fits(block.size())) pipeline_.submit(frame_.take());
  PendingReference mine{{.id = id, .offset = frame_.size(), .length = static_cast<uint32_t>(block.size())},
                        frame_.ticket()};
  if (const auto found = pipeline_.deduplicator().find_or_claim(mine)) return *found;
  frame_.append(id, as_bytes(block), ChunkKind::kManifest);
  return mine;
}

void ManifestLane::flush() {
  const std::lock_guard lock(mutex_);
  if (!frame_.empty()) pipeline_.submit(frame_.take());
}

ContentAssembly::ContentAssembly(WritePipeline& pipeline, ManifestLane& lane)
    : pipeline_(pipeline), lane_(lane), manifest_([this](const std::string& block) -> Result<void> {
        ASSIGN_OR_RETURN(const PendingReference stored, lane_.add(block));
        blocks_.push_back(stored);
        return {};
      }) {}

Result<void> ContentAssembly::deliver(IdentifiedBatch batch) {
  std::shared_ptr<FrameOwner> holds_up;
  {
    const std::lock_guard lock(mutex_);
    const uint64_t sequence = batch.batch.sequence;
    waiting_.emplace(sequence, std::move(batch));
    while (!waiting_.empty() && waiting_.begin()->first == next_) {
      IdentifiedBatch next = std::move(waiting_.extract(waiting_.begin()).mapped());
      for (const IdentifiedItem& item : next.items) assemble(item);
      pipeline_.give_back_batch_buffer(std::move(next.batch.bytes));
      ++next_;
    }
    RETURN_IF_ERROR(drain());
    assembled_.notify_all();
    holds_up = laggard();
  }
  // Not under our own lock: the owner may be waiting for a frame of ours in the same way.
  if (holds_up) holds_up->seal_frame();
  return {};
}

void ContentAssembly::assemble(const IdentifiedItem& item) {
  using Outcome = IdentifiedItem::Outcome;
  PipelineCounters& counters = pipeline_.counters();
  counters.read_bytes += item.length;
  counters.chunks += 1;
  size_ += item.length;
  PendingEntry pending{.entry = {.kind = ManifestEntry::Kind::kZeros, .length = item.length, .id = item.id}};
  switch (item.outcome) {
    case Outcome::kZeros:
      break;
    case Outcome::kTakenOver:
      counters.taken_over_bytes += item.length;
      pending = {item.previous, {item.previous.chunk}, {item.previous.patch}};
      pending.entry.length = item.length;
      break;
    case Outcome::kWhole:
      pending.entry.kind = ManifestEntry::Kind::kChunk;
      pending.chunk = store(item.id, item.bytes, ChunkKind::kData);
      break;
    case Outcome::kPatch:
      pending.entry.kind = ManifestEntry::Kind::kPatched;
      pending.chunk = {item.previous.chunk};
      pending.patch = store(item.patch_id, as_bytes(item.patch), ChunkKind::kPagePatch);
      break;
  }
  entries_.push_back(std::move(pending));
}

PendingReference ContentAssembly::store(const ChunkId& id, ByteView bytes, ChunkKind kind) {
  if (!frame_.fits(bytes.size())) seal_locked();
  PendingReference mine{{.id = id, .offset = frame_.size(), .length = static_cast<uint32_t>(bytes.size())},
                        frame_.ticket(weak_from_this())};
  if (const auto found = pipeline_.deduplicator().find_or_claim(mine)) return *found;
  if (!frame_.has_buffer()) frame_.give_buffer(pipeline_.take_frame_buffer());
  frame_.append(id, bytes, kind);
  pipeline_.counters().new_bytes += bytes.size();
  pipeline_.counters().new_chunks += 1;
  return mine;
}

void ContentAssembly::seal_locked() {
  if (!frame_.empty()) pipeline_.submit(frame_.take());
}

void ContentAssembly::seal_frame() {
  const std::lock_guard lock(mutex_);
  seal_locked();
}

std::shared_ptr<FrameOwner> ContentAssembly::laggard() const {
  if (entries_.size() < kMostPending) return nullptr;
  const PendingEntry& oldest = entries_.front();
  const auto& ticket = oldest.chunk.ticket ? oldest.chunk.ticket : oldest.patch.ticket;
  return ticket ? ticket->owner() : nullptr;
}

Result<void> ContentAssembly::drain() {
  while (!entries_.empty()) {
    PendingEntry& pending = entries_.front();
    if (!pending.chunk.resolve() || !pending.patch.resolve()) return {};
    pending.entry.chunk = pending.chunk.reference;
    pending.entry.patch = pending.patch.reference;
    if (pending.entry.kind != ManifestEntry::Kind::kZeros) packs_.insert(pending.entry.chunk.frame.pack);
    if (pending.entry.kind == ManifestEntry::Kind::kPatched) packs_.insert(pending.entry.patch.frame.pack);
    RETURN_IF_ERROR(manifest_.add(pending.entry));
    entries_.pop_front();
  }
  return {};
}

Result<void> ContentAssembly::end(uint64_t batches) {
  std::unique_lock lock(mutex_);
  while (next_ != batches) {
    RETURN_IF_ERROR(pipeline_.check());
    assembled_.wait_for(lock, kCancellationInterval);
  }
  seal_locked();
  return {};
}

Result<void> ContentAssembly::write_manifest() {
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(drain());
  if (!entries_.empty())
    return Error(Code::kFailed, "{} chunks of a content never got a place", entries_.size());
  return manifest_.finish();
}

Result<Content> ContentAssembly::content() {
  const std::lock_guard lock(mutex_);
  Content content{.size = size_};
  for (PendingReference& block : blocks_) {
    if (!block.resolve()) return Error(Code::kFailed, "a manifest block never got a place");
    packs_.insert(block.reference.frame.pack);
    content.blocks.push_back(block.reference);
  }
  content.packs.assign(packs_.begin(), packs_.end());
  return content;
}

}  // namespace summit::repository::packed
