#include "stores/redis/connection.h"

#include <array>

#include "core/wait.h"

namespace summit::redis {

Connection::Connection(config::RedisEndpoint endpoint, ConnectionOptions options,
                       std::unique_ptr<Transport> transport)
    : endpoint_(std::move(endpoint)), options_(options), transport_(std::move(transport)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::open(const config::RedisEndpoint& endpoint, ConnectionOptions options,
                                    const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto transport, connect_transport(endpoint, options.connect_timeout, cancellation));
  Connection connection(endpoint, options, std::move(transport));
  const std::string where =
      fmt::format("cannot sign in to redis `{}` at {}", endpoint.name, address_of(endpoint));
  RETURN_IF_ERROR(connection.sign_in(), "{}", where);
  RETURN_IF_ERROR(connection.wait_until_loaded(cancellation), "{}", where);
  return connection;
}

Result<void> Connection::sign_in() {
  if (endpoint_.password.empty()) return {};
  std::vector<std::string_view> words{"AUTH"};
  if (!endpoint_.user.empty()) words.push_back(endpoint_.user);
  words.push_back(endpoint_.password.reveal());
  ASSIGN_OR_RETURN(const Reply reply, ask(words));
  if (reply.is_error()) return error_of(reply.text, "the password is not accepted");
  return {};
}

Result<void> Connection::wait_until_loaded(const Cancellation& cancellation) {
  Reply last;
  const auto answers = [&]() -> Result<bool> {
    ASSIGN_OR_RETURN(last, ask({"PING"}));
    return !last.text.starts_with("LOADING");
  };
  auto loaded = wait_until(answers, "redis to load its data", options_.loading_patience,
                           std::chrono::milliseconds(200), cancellation);
  if (!loaded.ok() && loaded.error().code() != Code::kTimeout) return loaded;
  // A user who may not PING has signed in all the same.
  if (last.is_error() && !last.text.starts_with("NOPERM"))
    return error_of(last.text, "the server is not ready");
  return loaded;
}

Result<Reply> Connection::call(const std::vector<std::string_view>& words) {
  ASSIGN_OR_RETURN(Reply reply, ask(words));
  // Only the command's name: the other words are data.
  if (reply.is_error())
    return error_of(reply.text, fmt::format("{} failed", words.empty() ? "" : words.front()));
  return reply;
}

Result<Reply> Connection::ask(const std::vector<std::string_view>& words) {
  std::string command;
  append_command(command, words);
  const Secret holds_perhaps_a_password(std::move(command));
  RETURN_IF_ERROR(transport_->write(as_bytes(holds_perhaps_a_password.reveal()), options_.patience));
  return receive();
}

Result<Reply> Connection::receive() {
  while (true) {
    ASSIGN_OR_RETURN(auto reply, parser_.next());
    if (reply) return std::move(*reply);
    std::array<std::byte, 16 * KiB> buffer{};
    ASSIGN_OR_RETURN(const size_t size, transport_->read(buffer.data(), buffer.size(), options_.patience),
                     "redis `{}` at {}", endpoint_.name, address_of(endpoint_));
    RETURN_IF_ERROR(parser_.feed(ByteView(buffer).first(size)));
  }
}

Result<void> Connection::select(uint32_t db) {
  RETURN_IF_ERROR(call({"SELECT", std::to_string(db)}), "database {}", db);
  return {};
}

Result<std::vector<Reply>> Connection::transaction(
    const std::vector<std::vector<std::string_view>>& commands) {
  RETURN_IF_ERROR(call({"MULTI"}));
  for (const auto& command : commands) {
    auto queued = call(command);
    if (queued.ok()) continue;
    // The server aborts at EXEC; ours is the clearer message.
    RETURN_IF_ERROR(ask({"DISCARD"}));
    return std::move(queued).error();
  }
  ASSIGN_OR_RETURN(Reply replies, call({"EXEC"}));
  if (replies.kind != Reply::Kind::kArray || replies.elements.size() != commands.size())
    return Error(Code::kFailed, "redis did not run a transaction of {} commands", commands.size());
  for (size_t i = 0; i < commands.size(); ++i) {
    if (replies.elements[i].is_error())
      return error_of(replies.elements[i].text, fmt::format("{} failed", commands[i].front()));
  }
  return std::move(replies.elements);
}

}  // namespace summit::redis
