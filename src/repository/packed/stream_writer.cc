#include "repository/packed/stream_writer.h"

#include <algorithm>

namespace summit::repository::packed {

StreamWriter::StreamWriter(WritePipeline& pipeline, std::shared_ptr<ContentAssembly> content,
                           const Chunker& chunker, RegisterContent number)
    : pipeline_(pipeline), content_(std::move(content)), chunker_(chunker), number_(std::move(number)) {}

Result<void> StreamWriter::write(ByteView bytes) {
  while (!bytes.empty()) {
    if (buffer_.capacity() == 0) buffer_ = pipeline_.take_batch_buffer();
    const ByteView part = bytes.first(std::min(bytes.size(), buffer_.room()));
    buffer_.append(part);
    bytes = bytes.subspan(part.size());
    if (buffer_.room() == 0) RETURN_IF_ERROR(send(EndOfStream::kNo));
  }
  return {};
}

Result<void> StreamWriter::send(EndOfStream end) {
  Batch batch{.sequence = sequence_++};
  size_t offset = 0;
  while (const auto length = chunker_.next_boundary(buffer_.view().subspan(offset), end)) {
    batch.items.push_back(
        {.offset = static_cast<uint32_t>(offset), .length = static_cast<uint32_t>(*length)});
    offset += *length;
  }
  Buffer rest;
  if (end == EndOfStream::kNo) {
    rest = pipeline_.take_batch_buffer();
    rest.append(buffer_.view().subspan(offset));
  }
  batch.bytes = std::exchange(buffer_, std::move(rest));
  return pipeline_.submit(content_, std::move(batch));
}

Result<void> StreamWriter::begin_part() { return buffer_.empty() ? Result<void>() : send(EndOfStream::kYes); }

Result<size_t> StreamWriter::finish() {
  if (!buffer_.empty()) RETURN_IF_ERROR(send(EndOfStream::kYes));
  RETURN_IF_ERROR(content_->end(sequence_));
  return number_(content_);
}

}  // namespace summit::repository::packed
