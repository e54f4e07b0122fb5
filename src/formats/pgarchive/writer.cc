#include "formats/pgarchive/writer.h"

#include <algorithm>

#include "formats/pgarchive/primitives.h"

namespace summit::pgarchive {

namespace {

constexpr size_t kChunkSize = 256 * KiB;

}  // namespace

ArchiveWriter::ArchiveWriter(Sink sink) : sink_(std::move(sink)) {}

Result<void> ArchiveWriter::write_contents(const Contents& contents) {
  if (contents.minor < 15 && contents.compression != Compression::kNone &&
      contents.compression != Compression::kGzip) {
    return Error(Code::kUnsupported, "an archive of version {}.{} cannot be compressed by {}", contents.major,
                 contents.minor, name_of(contents.compression))
        .hint("choose gzip or no compression");
  }
  integer_size_ = contents.integer_size;
  compression_ = contents.compression;
  return put(as_bytes(pgarchive::write_contents(contents)));
}

Result<void> ArchiveWriter::begin_table(const Entry& entry) { return put_block(kTableBlock, entry); }

Result<void> ArchiveWriter::piece(ByteView bytes) {
  if (compression_ == Compression::kNone) return put_rows(bytes);
  while (!bytes.empty()) {
    const size_t size = std::min(bytes.size(), kChunkSize);
    RETURN_IF_ERROR(put_chunk(bytes.first(size)));
    bytes = bytes.subspan(size);
  }
  return {};
}

Result<void> ArchiveWriter::end_table() { return end_data(); }

Result<void> ArchiveWriter::begin_large_objects(const Entry& entry) {
  return put_block(kLargeObjectsBlock, entry);
}

Result<void> ArchiveWriter::begin_large_object(uint32_t oid) {
  // As pg_dump does: an oid is written as a signed integer of its own size.
  return put_integer(static_cast<int32_t>(oid));
}

Result<void> ArchiveWriter::end_large_object() { return end_data(); }
Result<void> ArchiveWriter::end_large_objects() { return put_integer(0); }

Result<void> ArchiveWriter::put(ByteView bytes) {
  bytes_ += bytes.size();
  return sink_(bytes);
}

Result<void> ArchiveWriter::put_integer(int64_t value) {
  std::string stored;
  write_integer(stored, value, integer_size_);
  return put(as_bytes(stored));
}

Result<void> ArchiveWriter::put_block(uint8_t type, const Entry& entry) {
  std::string stored(1, static_cast<char>(type));
  write_integer(stored, entry.id, integer_size_);
  return put(as_bytes(stored));
}

Result<void> ArchiveWriter::put_chunk(ByteView bytes) {
  RETURN_IF_ERROR(put_integer(static_cast<int64_t>(bytes.size())));
  return put(bytes);
}

// Large pieces are cut where they lie; only the rest of one, which needs the next to be decided, is copied.
Result<void> ArchiveWriter::put_rows(ByteView bytes) {
  while (!pending_.empty() && !bytes.empty()) {
    const size_t before = pending_.size();
    const size_t taken = std::min(bytes.size(), RowFraming::kLargest - before);
    pending_.append(as_text(bytes.first(taken)));
    const size_t cut = framing_.next(pending_);
    if (cut == 0) return {};
    RETURN_IF_ERROR(put_chunk(as_bytes(std::string_view(pending_).substr(0, cut))));
    if (cut >= before) {
      bytes = bytes.subspan(cut - before);
      pending_.clear();
    } else {
      pending_ = pending_.substr(cut, before - cut);
    }
  }
  if (bytes.empty()) return {};
  while (const size_t cut = framing_.next(as_text(bytes))) {
    RETURN_IF_ERROR(put_chunk(bytes.first(cut)));
    bytes = bytes.subspan(cut);
  }
  pending_ = as_text(bytes);
  return {};
}

Result<void> ArchiveWriter::end_data() {
  if (!pending_.empty()) RETURN_IF_ERROR(put_chunk(as_bytes(pending_)));
  pending_.clear();
  framing_.reset();
  return put_integer(0);
}

}  // namespace summit::pgarchive
