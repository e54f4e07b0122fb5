#include "stores/redis/pipeline.h"

namespace summit::redis {

namespace {

constexpr size_t kSendBlock = 64 * KiB;

}  // namespace

Pipeline::Pipeline(Connection& connection, OnReply on_reply, Limits limits)
    : connection_(connection), on_reply_(std::move(on_reply)), limits_(limits), buffer_(64 * KiB, '\0') {}

Result<void> Pipeline::send(const std::vector<std::string_view>& words, uint64_t tag) {
  const size_t before = unsent_.size();
  append_command(unsent_, words);
  const uint64_t size = unsent_.size() - before;
  in_flight_.push_back({tag, size});
  bytes_in_flight_ += size;
  if (unsent_.size() >= kSendBlock) RETURN_IF_ERROR(flush());
  return make_room(0);
}

Result<void> Pipeline::send_large(const std::vector<std::string_view>& before,
                                  const std::vector<ByteView>& parts,
                                  const std::vector<std::string_view>& after, uint64_t tag) {
  uint64_t size = 0;
  for (const ByteView part : parts) size += part.size();
  RETURN_IF_ERROR(make_room(size));
  in_flight_.push_back({tag, size});
  bytes_in_flight_ += size;

  std::string head;
  append_command(head, before);
  // The count in front covers all words of the command.
  head.replace(0, head.find('\r'), fmt::format("*{}", before.size() + 1 + after.size()));
  unsent_ += head;
  fmt::format_to(std::back_inserter(unsent_), "${}\r\n", size);
  RETURN_IF_ERROR(flush());
  for (const ByteView part : parts) RETURN_IF_ERROR(push(part));

  std::string tail;
  append_command(tail, after);
  unsent_ += "\r\n";
  unsent_ += tail.substr(tail.find('\n') + 1);
  return flush();
}

Result<void> Pipeline::drain() {
  RETURN_IF_ERROR(flush());
  while (!in_flight_.empty()) {
    ASSIGN_OR_RETURN(const bool came, take_replies());
    if (came) continue;
    ASSIGN_OR_RETURN(const bool ready, connection_.transport().wait(true, false, connection_.patience()));
    if (!ready) return Error(Code::kTimeout, "redis has not answered {} commands", in_flight_.size());
  }
  return {};
}

// Waits until `bytes` more may be on their way.
Result<void> Pipeline::make_room(uint64_t bytes) {
  const auto full = [&] {
    return in_flight_.size() >= limits_.max_commands ||
           (!in_flight_.empty() && bytes_in_flight_ + bytes > limits_.max_bytes);
  };
  if (!full()) return {};
  RETURN_IF_ERROR(flush());
  while (full()) {
    ASSIGN_OR_RETURN(const bool came, take_replies());
    if (came) continue;
    ASSIGN_OR_RETURN(const bool ready, connection_.transport().wait(true, false, connection_.patience()));
    if (!ready) return Error(Code::kTimeout, "redis has not answered {} commands", in_flight_.size());
  }
  return {};
}

Result<void> Pipeline::flush() {
  RETURN_IF_ERROR(push(as_bytes(unsent_)));
  unsent_.clear();
  return {};
}

// Reads whenever writing does not get on: a server whose answers nobody takes stops reading commands.
Result<void> Pipeline::push(ByteView bytes) {
  Transport& transport = connection_.transport();
  while (!bytes.empty()) {
    ASSIGN_OR_RETURN(const Transport::Progress progress, transport.try_write(bytes));
    bytes = bytes.subspan(progress.bytes);
    if (progress.bytes > 0 && !progress.closed) continue;
    ASSIGN_OR_RETURN(const bool came, take_replies());
    if (came) continue;
    if (progress.closed) return Error(Code::kUnreachable, "the redis server closed the connection");
    ASSIGN_OR_RETURN(const bool ready, transport.wait(true, true, connection_.patience()));
    if (!ready) return Error(Code::kTimeout, "the redis server takes no bytes");
  }
  return {};
}

Result<bool> Pipeline::take_replies() {
  ASSIGN_OR_RETURN(const Transport::Progress progress,
                   connection_.transport().try_read(buffer_.data(), buffer_.size()));
  if (progress.closed) return Error(Code::kUnreachable, "the redis server closed the connection");
  if (progress.bytes == 0) return false;
  RETURN_IF_ERROR(connection_.parser().feed(as_bytes(buffer_).first(progress.bytes)));
  while (true) {
    ASSIGN_OR_RETURN(auto reply, connection_.parser().next());
    if (!reply) return true;
    if (in_flight_.empty()) return Error(Code::kFailed, "redis answered a command that was not sent");
    const InFlight answered = in_flight_.front();
    in_flight_.pop_front();
    bytes_in_flight_ -= answered.bytes;
    RETURN_IF_ERROR(on_reply_(*reply, answered.tag));
  }
}

}  // namespace summit::redis
