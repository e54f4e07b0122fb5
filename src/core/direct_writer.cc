#include "core/direct_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace summit {
namespace {

// Of memory, offsets and lengths: what any disk asks for.
constexpr size_t kAlignment = 4 * KiB;
constexpr size_t kHole = 64 * KiB;

size_t rounded_up(size_t length) { return (length + kAlignment - 1) / kAlignment * kAlignment; }

// Each byte equals the one before it, and the first is zero.
bool only_zeros(const std::byte* bytes, size_t size) {
  return bytes[0] == std::byte{0} && std::memcmp(bytes, bytes + 1, size - 1) == 0;
}

}  // namespace

DirectWriter::DirectWriter(Zeros zeros)
    : zeros_(zeros), block_(static_cast<std::byte*>(std::aligned_alloc(kAlignment, kBlock))) {}

void DirectWriter::begin(UniqueFd file, fs::path path) {
  file_ = std::move(file);
  path_ = std::move(path);
  offset_ = 0;
  used_ = 0;
  direct_ = false;
}

Result<void> DirectWriter::write(ByteView bytes) {
  if (!block_) return Error(Code::kFailed, "no memory to write {}", path_.string());
  while (!bytes.empty()) {
    if (used_ == kBlock) {
      if (offset_ == 0) RETURN_IF_ERROR(set_direct(true));
      RETURN_IF_ERROR(flush(kBlock));
    }
    const size_t part = std::min(bytes.size(), kBlock - used_);
    std::memcpy(block_.get() + used_, bytes.data(), part);
    used_ += part;
    bytes = bytes.subspan(part);
  }
  return {};
}

Result<UniqueFd> DirectWriter::finish() {
  const uint64_t length = size();
  if (used_ > 0) {
    const size_t whole = direct_ ? rounded_up(used_) : used_;
    std::memset(block_.get() + used_, 0, whole - used_);
    RETURN_IF_ERROR(flush(whole));
  }
  // Cuts what was filled up, and makes a hole at the end part of the file.
  if (::ftruncate(file_.get(), static_cast<off_t>(length)) != 0)
    return errno_error(errno, "cannot finish " + path_.string());
  if (direct_) RETURN_IF_ERROR(set_direct(false));
  return std::move(file_);
}

Result<void> DirectWriter::set_direct(bool direct) {
  const int flags = ::fcntl(file_.get(), F_GETFL);
  if (flags < 0) return errno_error(errno, "cannot write " + path_.string());
  if (::fcntl(file_.get(), F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0) {
    direct_ = direct;
    return {};
  }
  if (!direct || errno != EINVAL) return errno_error(errno, "cannot write " + path_.string());
  return {};  // this file system has no way past the cache
}

Result<void> DirectWriter::flush(size_t length) {
  size_t begin = 0;  // of what is to be written
  for (size_t at = 0; zeros_ == Zeros::kLeaveOut && at + kHole <= length; at += kHole) {
    if (!only_zeros(block_.get() + at, kHole)) continue;
    RETURN_IF_ERROR(write_at(begin, at));
    begin = at + kHole;
  }
  RETURN_IF_ERROR(write_at(begin, length));
  offset_ += length;
  used_ = 0;
  return {};
}

Result<void> DirectWriter::write_at(size_t begin, size_t end) {
  while (begin < end) {
    const ssize_t count =
        ::pwrite(file_.get(), block_.get() + begin, end - begin, static_cast<off_t>(offset_ + begin));
    if (count < 0 && errno == EINTR) continue;
    // Some say only now that they cannot, and after a part of a block the rest is no longer aligned.
    const bool misfit =
        direct_ && (count < 0 ? errno == EINVAL : static_cast<size_t>(count) % kAlignment != 0);
    if (count < 0 && !misfit) return errno_error(errno, "cannot write " + path_.string());
    if (misfit) RETURN_IF_ERROR(set_direct(false));
    if (count > 0) begin += static_cast<size_t>(count);
  }
  return {};
}

}  // namespace summit
