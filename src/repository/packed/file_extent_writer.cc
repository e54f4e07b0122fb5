#include "repository/packed/file_extent_writer.h"

#include <algorithm>

#include "repository/packed/page_patch.h"

namespace summit::repository::packed {
namespace {

// Items without bytes take memory too.
constexpr size_t kMostItems = 1024;

}  // namespace

FileExtentWriter::FileExtentWriter(WritePipeline& pipeline, std::shared_ptr<ContentAssembly> content,
                                   std::unique_ptr<ManifestCursor> previous, RegisterContent number)
    : pipeline_(pipeline),
      content_(std::move(content)),
      previous_(std::move(previous)),
      number_(std::move(number)) {}

Result<void> FileExtentWriter::begin_file(std::optional<uint64_t> previous_offset) {
  RETURN_IF_ERROR(end_extent());
  file_began_ = previous_offset;
  extent_began_ = 0;
  return {};
}

Result<void> FileExtentWriter::write(ByteView bytes) {
  while (!bytes.empty()) {
    if (batch_.bytes.capacity() == 0) batch_.bytes = pipeline_.take_batch_buffer();
    const ByteView part = bytes.first(std::min<size_t>(bytes.size(), kExtentSize - extent_size_));
    batch_.bytes.append(part);
    extent_size_ += part.size();
    bytes = bytes.subspan(part.size());
    if (extent_size_ == kExtentSize) RETURN_IF_ERROR(end_extent());
  }
  return {};
}

Result<void> FileExtentWriter::end_extent() {
  if (extent_size_ == 0) return {};
  BatchItem item{.offset = static_cast<uint32_t>(batch_.bytes.size() - extent_size_),
                 .length = static_cast<uint32_t>(extent_size_)};
  ASSIGN_OR_RETURN(const auto before, previous_at(extent_began_));
  if (before && before->offset == *file_began_ + extent_began_ && before->entry.length == item.length)
    item.previous = before->entry;
  extent_began_ += extent_size_;
  extent_size_ = 0;
  batch_.items.push_back(item);
  return send_when_full();
}

Result<void> FileExtentWriter::write_file(uint64_t length, const ReadFile& read) {
  while (extent_began_ < length) RETURN_IF_ERROR(read_extent(length, read));
  return {};
}

Result<void> FileExtentWriter::read_extent(uint64_t length, const ReadFile& read) {
  if (batch_.bytes.capacity() == 0) batch_.bytes = pipeline_.take_batch_buffer();
  // What was taken over may end anywhere; extents keep to their places all the same.
  const size_t size = std::min<uint64_t>(length - extent_began_, kExtentSize - extent_began_ % kExtentSize);
  const size_t begin = batch_.bytes.size();
  batch_.bytes.resize(begin + size);
  RETURN_IF_ERROR(read(extent_began_, {batch_.bytes.data() + begin, size}));
  extent_size_ = size;
  return end_extent();
}

Result<void> FileExtentWriter::take_over(uint64_t length, const ReadFile& read) {
  while (extent_began_ < length) {
    const uint64_t left = length - extent_began_;
    ASSIGN_OR_RETURN(const auto before, previous_at(extent_began_));
    const uint64_t place = file_began_.value_or(0) + extent_began_;
    const bool zeros = before && before->entry.kind == ManifestEntry::Kind::kZeros;
    if (before && (zeros || (before->offset == place && before->entry.length <= left))) {
      // A run of zeros may have begun in an earlier file, and go on in the next one.
      const uint64_t equal = std::min(left, before->offset + before->entry.length - place);
      batch_.items.push_back(
          {.length = static_cast<uint32_t>(equal), .proven_equal = true, .previous = before->entry});
      batch_.items.back().previous->length = static_cast<uint32_t>(equal);
      extent_began_ += equal;
      RETURN_IF_ERROR(send_when_full());
      continue;
    }
    RETURN_IF_ERROR(read_extent(length, read));
  }
  return {};
}

Result<std::optional<ManifestCursor::Located>> FileExtentWriter::previous_at(uint64_t offset) {
  std::optional<ManifestCursor::Located> nothing;
  if (!previous_ || !file_began_) return nothing;
  ASSIGN_OR_RETURN(auto before, previous_->covering(*file_began_ + offset));
  if (!before || before->entry.kind == ManifestEntry::Kind::kZeros) return before;
  const auto chunk = usable(before->entry.chunk);
  if (!chunk) return nothing;
  before->entry.chunk = *chunk;
  if (before->entry.kind == ManifestEntry::Kind::kPatched) {
    const auto patch = usable(before->entry.patch);
    if (!patch) return nothing;
    before->entry.patch = *patch;
  }
  return before;
}

std::optional<Reference> FileExtentWriter::usable(const Reference& reference) const {
  ChunkIndex& index = pipeline_.deduplicator().index();
  return index.usable(reference.frame.pack) ? std::optional(reference) : index.find(reference.id);
}

Result<void> FileExtentWriter::send_when_full() {
  const bool full = batch_.bytes.size() >= kBatchSize || batch_.items.size() >= kMostItems;
  return full ? send() : Result<void>();
}

Result<void> FileExtentWriter::send() {
  batch_.sequence = sequence_++;
  batch_.extents = true;
  return pipeline_.submit(content_, std::exchange(batch_, {}));
}

Result<size_t> FileExtentWriter::finish() {
  RETURN_IF_ERROR(end_extent());
  if (!batch_.items.empty()) RETURN_IF_ERROR(send());
  RETURN_IF_ERROR(content_->end(sequence_));
  return number_(content_);
}

}  // namespace summit::repository::packed
