#include "formats/rdb/rewriter.h"

#include "core/byte_order.h"
#include "formats/rdb/crc64.h"
#include "formats/rdb/types.h"

namespace summit::rdb {

namespace {

constexpr size_t kBlockSize = 256 * KiB;

}  // namespace

Rewriter::Rewriter(std::function<Result<void>(ByteView)> output) : output_(std::move(output)) {
  block_.reserve(kBlockSize);
}

Result<void> Rewriter::write(const Record& record) {
  if (record.kind != Record::Kind::kEnd) return append(record.raw);
  RETURN_IF_ERROR(append(record.raw.first(1)));
  if (record.version >= kFirstVersionWithChecksum) append_little_endian(block_, checksum_);
  return flush();
}

Result<void> Rewriter::append(ByteView bytes) {
  checksum_ = crc64(checksum_, bytes);
  if (block_.size() + bytes.size() > kBlockSize) RETURN_IF_ERROR(flush());
  if (bytes.size() >= kBlockSize) return output_(bytes);
  block_.append(as_text(bytes));
  return {};
}

Result<void> Rewriter::flush() {
  if (block_.empty()) return {};
  RETURN_IF_ERROR(output_(as_bytes(block_)));
  block_.clear();
  return {};
}

}  // namespace summit::rdb
