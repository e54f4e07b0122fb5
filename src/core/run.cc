#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "core/diagnostics.h"
#include "core/process.h"

namespace summit {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

constexpr int kCancellationTickMs = 50;
constexpr size_t kBlockBytes = 256 * KiB;

// The last non-empty lines, on one line.
std::string last_lines(std::string_view text, size_t count) {
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < count) {
    const size_t begin = text.find_last_of('\n');
    const std::string_view line = begin == std::string_view::npos ? text : text.substr(begin + 1);
    text = begin == std::string_view::npos ? std::string_view() : text.substr(0, begin);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) lines.push_back(line);
  }
  std::string joined;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (!joined.empty()) joined += "; ";
    joined += *line;
  }
  return joined;
}

std::string describe_exit(int code) {
  if (code > 128 && code <= 128 + SIGRTMIN) {
    return fmt::format("was ended by signal {} ({})", code - 128, ::strsignal(code - 128));
  }
  return fmt::format("failed with exit code {}", code);
}

using Produce = std::function<Result<ByteView>()>;
using Consume = std::function<Result<void>(ByteView)>;

// Moves bytes between us and one child until the child has ended and all it said is taken. Both directions
// are served by one poll, so neither side can block the other.
class Pump {
 public:
  Pump(const Command& command, Process& process, const Produce* produce, const Consume* consume)
      : command_(command), process_(process), produce_(produce), consume_(consume), block_(kBlockBytes) {}

  Result<void> run(const Cancellation& cancellation, Clock::time_point deadline) {
    RETURN_IF_ERROR(make_ends_nonblocking());
    bool ended = false;
    while (!ended) {
      RETURN_IF_ERROR(cancellation.check(), "{} was ended", command_.argv.front());
      if (Clock::now() >= deadline) {
        return Error(Code::kTimeout, "{} was ended: it was still running at its time limit",
                     command_.argv.front());
      }
      ASSIGN_OR_RETURN(ended, wait_for_work(deadline));
      if (ended) break;
      if (output_open_) RETURN_IF_ERROR(take_output());
      if (input_open()) RETURN_IF_ERROR(give_input());
    }
    return take_rest_of_output(cancellation);
  }

  // Whether the child ended, or closed its input, before it had taken everything. It may end on the last
  // byte, before we have asked for more and learned that it was the last.
  Result<bool> input_refused() {
    if (produce_ == nullptr || input_finished_) return false;
    if (!pending_.empty()) return true;
    ASSIGN_OR_RETURN(const ByteView more, (*produce_)());
    return !more.empty();
  }

 private:
  bool input_open() const { return process_.input_fd() >= 0; }

  Result<void> make_ends_nonblocking() {
    for (const int fd : {process_.output_fd(), process_.input_fd()}) {
      if (fd >= 0 && ::fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return errno_error(errno, "cannot prepare a pipe");
    }
    output_open_ = process_.output_fd() >= 0;
    return {};
  }

  // True when the child has ended.
  Result<bool> wait_for_work(Clock::time_point deadline) {
    std::array<pollfd, 3> watched = {pollfd{process_.end_fd(), POLLIN, 0},
                                     pollfd{output_open_ ? process_.output_fd() : -1, POLLIN, 0},
                                     pollfd{process_.input_fd(), POLLOUT, 0}};
    int limit = kCancellationTickMs;
    if (deadline != Clock::time_point::max()) {
      const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
      limit = static_cast<int>(std::clamp<int64_t>(left, 0, limit));
    }
    if (::poll(watched.data(), watched.size(), limit) < 0 && errno != EINTR)
      return errno_error(errno, "cannot poll");
    return (watched[0].revents & POLLIN) != 0;
  }

  // One block: between two of them a request to cancel is heard, however fast the child writes.
  Result<void> take_output() {
    const ssize_t size = ::read(process_.output_fd(), block_.data(), block_.size());
    if (size > 0) return (*consume_)(ByteView(block_).first(static_cast<size_t>(size)));
    if (size == 0) output_open_ = false;
    if (size < 0 && errno != EAGAIN && errno != EINTR) {
      return errno_error(errno, "cannot read from " + command_.argv.front());
    }
    return {};
  }

  // What was in the pipe when the child ended. What a grandchild may still say is not waited for.
  Result<void> take_rest_of_output(const Cancellation& cancellation) {
    size_t left = output_open_ ? bytes_waiting_in(process_.output_fd()) : 0;
    while (left > 0) {
      RETURN_IF_ERROR(cancellation.check(), "while reading from {}", command_.argv.front());
      ASSIGN_OR_RETURN(const size_t size, read_some(process_.output_fd(), block_.data(),
                                                    std::min(left, block_.size()), command_.argv.front()));
      if (size == 0) return {};
      RETURN_IF_ERROR((*consume_)(ByteView(block_).first(size)));
      left -= size;
    }
    return {};
  }

  Result<void> give_input() {
    if (pending_.empty()) {
      ASSIGN_OR_RETURN(pending_, (*produce_)());
      if (pending_.empty()) {
        input_finished_ = true;
        process_.close_input();
        return {};
      }
    }
    const ssize_t size = ::write(process_.input_fd(), pending_.data(), pending_.size());
    if (size >= 0) {
      pending_ = pending_.subspan(static_cast<size_t>(size));
    } else if (errno == EPIPE) {
      process_.close_input();
    } else if (errno != EAGAIN && errno != EINTR) {
      return errno_error(errno, "cannot write to " + command_.argv.front());
    }
    return {};
  }

  const Command& command_;
  Process& process_;
  const Produce* produce_;
  const Consume* consume_;
  std::vector<std::byte> block_;
  ByteView pending_;
  bool output_open_ = false;
  bool input_finished_ = false;
};

Result<void> run_pumped(const Command& command, const Produce* produce, const Consume* consume,
                        const Cancellation& cancellation, std::optional<milliseconds> timeout) {
  using Stream = Process::Stream;
  ASSIGN_OR_RETURN(Process process,
                   Process::start(command, {.input = produce != nullptr ? Stream::kPipe : Stream::kNull,
                                            .output = consume != nullptr ? Stream::kPipe : Stream::kNull}));
  Pump pump(command, process, produce, consume);
  const auto deadline = timeout ? Clock::now() + *timeout : Clock::time_point::max();
  RETURN_IF_ERROR(pump.run(cancellation, deadline));
  // It has ended: neither a late cancellation nor the time limit can change how.
  ASSIGN_OR_RETURN(const ExitStatus status, process.wait());
  RETURN_IF_ERROR(require_success(command, status));
  ASSIGN_OR_RETURN(const bool refused, pump.input_refused());
  if (refused) {
    return Error(Code::kIo, "{} ended without reading all of its input", command.argv.front());
  }
  return {};
}

}  // namespace

Result<void> require_success(const Command& command, const ExitStatus& status) {
  if (status.ok()) return {};
  const std::string said = last_lines(status.diagnostics, 5);
  return Error(Code::kFailed, "`{}` {}{}{}", command.to_string(), describe_exit(status.code),
               said.empty() ? "" : ": ", said);
}

Result<std::string> run(const Command& command, const Cancellation& cancellation,
                        std::optional<milliseconds> timeout, uint64_t limit) {
  std::string output;
  const Consume consume = [&](ByteView block) -> Result<void> {
    if (output.size() + block.size() > limit) {
      return Error(Code::kFailed, "{} printed more than {}", command.argv.front(), human_bytes(limit));
    }
    output += as_text(block);
    return {};
  };
  RETURN_IF_ERROR(run_pumped(command, nullptr, &consume, cancellation, timeout));
  return output;
}

Result<void> run_streaming(const Command& command, const Consume& consume, const Cancellation& cancellation) {
  return run_pumped(command, nullptr, &consume, cancellation, {});
}

Result<void> run_feeding(const Command& command, const Produce& produce, const Cancellation& cancellation) {
  return run_pumped(command, &produce, nullptr, cancellation, {});
}

}  // namespace summit
