#include "stores/redis/replica.h"

#include <algorithm>

#include "core/text.h"
#include "stores/redis/connection.h"

namespace summit::redis {

namespace {

constexpr size_t kBufferSize = 256 * KiB;
constexpr size_t kEndMarkSize = 40;
constexpr size_t kLongestLine = 1024;

Error broken(std::string_view what) {
  return Error(Code::kUnreachable, "{}", what)
      .hint(
          "see the server's log; a slow backup may need a higher repl-timeout or client-output-buffer-limit "
          "for replicas");
}

// "+FULLRESYNC <id> <offset>"
std::optional<ReplicaCut> parse_full_resync(std::string_view line) {
  constexpr std::string_view kWord = "+FULLRESYNC ";
  if (!line.starts_with(kWord)) return {};
  line.remove_prefix(kWord.size());
  const size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return {};
  const auto offset = parse_number<uint64_t>(line.substr(blank + 1));
  if (!offset) return {};
  return ReplicaCut{now(), std::string(line.substr(0, blank)), *offset};
}

Error refusal(std::string_view line) {
  if (line.starts_with("-ERR unknown command")) {
    return Error(Code::kUnsupported, "the server does not let us synchronise: PSYNC is taken away")
        .hint(
            "managed services do this: take the vendor's own snapshot (aws elasticache create-snapshot …), "
            "see docs");
  }
  if (line.starts_with("-")) line.remove_prefix(1);
  // Redis puts ERR before some classes.
  if (line.starts_with("ERR -")) line.remove_prefix(5);
  return error_of(line, "the server does not let us synchronise");
}

}  // namespace

struct Replica::State {
  config::RedisEndpoint endpoint;
  ReplicaOptions options;
  Cancellation cancellation;
  std::optional<Connection> connection{};
  std::string buffer{};  // bytes read and not used yet begin at `used`
  size_t used = 0;

  std::string_view unread() const { return std::string_view(buffer).substr(used); }

  // Reads more bytes behind the unread ones.
  Result<void> read_more(std::string_view doing) {
    RETURN_IF_ERROR(cancellation.check());
    buffer.erase(0, used);
    used = 0;
    const size_t had = buffer.size();
    buffer.resize(had + kBufferSize);
    auto size = connection->transport().read(buffer.data() + had, kBufferSize, options.patience);
    buffer.resize(had + (size.ok() ? *size : 0));
    if (size.ok()) return {};
    if (size.error().code() != Code::kUnreachable && size.error().code() != Code::kTimeout)
      return std::move(size).error();
    return broken(fmt::format("{} while {}", size.error().message(), doing));
  }

  // The next line that says something: empty ones are the server's signs of life.
  Result<std::string> read_line(std::string_view doing) {
    while (true) {
      const size_t end = unread().find('\n');
      if (end == std::string_view::npos) {
        if (unread().size() > kLongestLine)
          return Error(Code::kFailed, "the server's answer to PSYNC is no line of text");
        RETURN_IF_ERROR(read_more(doing));
        continue;
      }
      std::string_view line = unread().substr(0, end);
      used += end + 1;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty()) return std::string(line);
    }
  }

  Result<void> stream_sized(uint64_t size, const std::function<Result<void>(ByteView)>& consume) {
    while (size > 0) {
      if (unread().empty())
        RETURN_IF_ERROR(read_more(fmt::format("{} bytes of the rdb were still to come", size)));
      const std::string_view part = unread().substr(0, size);
      RETURN_IF_ERROR(consume(as_bytes(part)));
      used += part.size();
      size -= part.size();
    }
    return {};
  }

  // Without a size the end is a random mark that the server announced.
  Result<void> stream_until(const std::string& mark, const std::function<Result<void>(ByteView)>& consume) {
    while (true) {
      const std::string_view part = unread();
      const size_t end = part.find(mark);
      if (end != std::string_view::npos) {
        RETURN_IF_ERROR(consume(as_bytes(part.substr(0, end))));
        used += end + mark.size();
        return {};
      }
      // The last bytes may be the beginning of the mark.
      const size_t certain = part.size() - std::min(part.size(), mark.size() - 1);
      if (certain > 0) RETURN_IF_ERROR(consume(as_bytes(part.substr(0, certain))));
      used += certain;
      RETURN_IF_ERROR(read_more("the rdb was still coming"));
    }
  }
};

Replica::Replica(config::RedisEndpoint endpoint, ReplicaOptions options, Cancellation cancellation)
    : state_(new State{std::move(endpoint), options, std::move(cancellation)}) {}
Replica::Replica(Replica&&) noexcept = default;
Replica& Replica::operator=(Replica&&) noexcept = default;
Replica::~Replica() = default;

Result<void> Replica::begin() {
  ConnectionOptions options;
  options.patience = state_->options.patience;
  ASSIGN_OR_RETURN(state_->connection, Connection::open(state_->endpoint, options, state_->cancellation));
  // No listening-port: there is none, and who watches the server should not take us for a replica to fail
  // over to.
  RETURN_IF_ERROR(state_->connection->call({"REPLCONF", "capa", "eof", "capa", "psync2"}),
                  "while offering to be a replica");
  // Since 7.0 the server can be told that we want the RDB only; then it keeps no stream of commands for us.
  // Older ones do not know it.
  ASSIGN_OR_RETURN(const Reply rdb_only, state_->connection->ask({"REPLCONF", "rdb-only", "1"}));
  if (rdb_only.is_error() && !rdb_only.text.starts_with("ERR"))
    return error_of(rdb_only.text, "while offering to be a replica");
  return {};
}

Result<ReplicaCut> Replica::cut() {
  if (!state_->connection) return Error(Code::kFailed, "a synchronisation was not begun");
  std::string command;
  append_command(command, {"PSYNC", "?", "-1"});
  RETURN_IF_ERROR(state_->connection->transport().write(as_bytes(command), state_->options.patience));
  ASSIGN_OR_RETURN(const std::string line, state_->read_line("it prepared its rdb"), "redis `{}` at {}",
                   state_->endpoint.name, address_of(state_->endpoint));
  if (auto cut = parse_full_resync(line)) return std::move(*cut);
  return refusal(line);
}

Result<void> Replica::stream(const std::function<Result<void>(ByteView)>& consume,
                             const std::function<void(uint64_t)>& on_size) {
  if (!state_->connection) return Error(Code::kFailed, "a synchronisation was not begun");
  const std::string where =
      fmt::format("redis `{}` at {}", state_->endpoint.name, address_of(state_->endpoint));
  ASSIGN_OR_RETURN(const std::string line, state_->read_line("it wrote its rdb"), "{}", where);
  constexpr std::string_view kUntilMark = "$EOF:";
  if (line.starts_with(kUntilMark) && line.size() == kUntilMark.size() + kEndMarkSize) {
    RETURN_IF_ERROR(state_->stream_until(line.substr(kUntilMark.size()), consume), "{}", where);
  } else if (const auto size = line.starts_with('$')
                                   ? parse_number<uint64_t>(std::string_view(line).substr(1))
                                   : std::nullopt) {
    if (on_size) on_size(*size);
    RETURN_IF_ERROR(state_->stream_sized(*size, consume), "{}", where);
  } else {
    return std::move(refusal(line)).at(where);
  }
  state_->connection.reset();
  return {};
}

}  // namespace summit::redis
