#include "core/diagnostics.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace summit {

namespace {
constexpr size_t kBlockBytes = 16 * KiB;
}

Result<std::unique_ptr<DiagnosticsReader>> DiagnosticsReader::start(UniqueFd pipe) {
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop.valid() || ::fcntl(pipe.get(), F_SETFL, O_NONBLOCK) != 0) {
    return errno_error(errno, "cannot read a child's standard error");
  }
  std::unique_ptr<DiagnosticsReader> reader(new DiagnosticsReader(std::move(pipe), std::move(stop)));
  DiagnosticsReader* self = reader.get();
  reader->thread_.spawn([self] { return self->read_until_stopped(); });
  // Without its thread a child could block on standard error for ever.
  RETURN_IF_ERROR(reader->thread_.cancellation().requested() ? reader->thread_.join() : Result<void>());
  return reader;
}

DiagnosticsReader::~DiagnosticsReader() { finish(); }

size_t bytes_waiting_in(int pipe) {
  int count = 0;
  return ::ioctl(pipe, FIONREAD, &count) == 0 && count > 0 ? static_cast<size_t>(count) : 0;
}

std::string DiagnosticsReader::finish() {
  const uint64_t one = 1;
  // An eventfd takes any sum below 2^64, so this cannot fail.
  static_cast<void>(::write(stop_.get(), &one, sizeof one));
  static_cast<void>(thread_.join());
  if (tail_.size() > kDiagnosticsLimit) tail_.erase(0, tail_.size() - kDiagnosticsLimit);
  return tail_;
}

Result<void> DiagnosticsReader::read_until_stopped() {
  std::array<pollfd, 2> watched = {pollfd{pipe_.get(), POLLIN, 0}, pollfd{stop_.get(), POLLIN, 0}};
  while (true) {
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR)
      return errno_error(errno, "cannot poll");
    if ((watched[1].revents & POLLIN) != 0) break;
    if (!take_block(kBlockBytes)) return {};
  }
  // A fixed amount: a grandchild may go on writing for ever.
  for (size_t left = bytes_waiting_in(pipe_.get()); left > 0;) {
    const size_t block = std::min(left, kBlockBytes);
    if (!take_block(block)) break;
    left -= block;
  }
  return {};
}

bool DiagnosticsReader::take_block(size_t limit) {
  std::array<char, kBlockBytes> block{};
  const ssize_t size = ::read(pipe_.get(), block.data(), std::min(limit, block.size()));
  if (size > 0) keep({block.data(), static_cast<size_t>(size)});
  return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

void DiagnosticsReader::keep(std::string_view text) {
  tail_ += text;
  // Cut at twice the limit only, so that each byte is moved once at most.
  if (tail_.size() >= 2 * kDiagnosticsLimit) tail_.erase(0, tail_.size() - kDiagnosticsLimit);
}

OutputFileTail::OutputFileTail(fs::path path) : path_(std::move(path)) {
  std::error_code absent;
  const auto size = fs::file_size(path_, absent);
  start_ = absent ? 0 : size;
}

std::string OutputFileTail::read() const {
  std::error_code absent;
  const uint64_t end = fs::file_size(path_, absent);
  if (absent || end <= start_) return {};
  const uint64_t begin = std::max(start_, end - std::min<uint64_t>(end, kDiagnosticsLimit));
  auto file = open_for_reading(path_);
  std::string text(static_cast<size_t>(end - begin), '\0');
  if (!file.ok() || !read_exactly_at(file->get(), text.data(), text.size(), begin, path_).ok()) return {};
  return text;
}

}  // namespace summit
