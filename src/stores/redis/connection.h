// A connection to a Redis server, signed in.
//
//   ASSIGN_OR_RETURN(auto redis, Connection::open(endpoint, {}, cancellation));
//   ASSIGN_OR_RETURN(const Reply size, redis.call({"DBSIZE"}));
//
// One thread at a time. After kTimeout, kUnreachable or kCancelled the connection is of no more use.
// The password goes into AUTH and nowhere else.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "stores/redis/reply.h"
#include "stores/redis/transport.h"

namespace summit::redis {

struct ConnectionOptions {
  std::chrono::milliseconds connect_timeout{5000};
  // A server that says nothing for so long while an answer is due is given up.
  std::chrono::milliseconds patience{60000};
  // A server that starts answers LOADING; it is asked again for so long, then kBusy.
  std::chrono::milliseconds loading_patience{60000};
};

class Connection {
 public:
  // Connects, signs in, and waits until the server has its data. kUnreachable, kDenied (wrong password,
  // protected mode) or kBusy, each with a hint.
  static Result<Connection> open(const config::RedisEndpoint& endpoint, ConnectionOptions options = {},
                                 const Cancellation& cancellation = {});

  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // One command and its answer. An error reply is an error, classed by error_of().
  Result<Reply> call(const std::vector<std::string_view>& words);

  // The same, but an error reply is given as a Reply for the caller to judge.
  Result<Reply> ask(const std::vector<std::string_view>& words);

  // Makes `db` the current database.
  Result<void> select(uint32_t db);

  // Runs the commands as one transaction; the answers in order. An error in any is an error.
  Result<std::vector<Reply>> transaction(const std::vector<std::vector<std::string_view>>& commands);

  void set_patience(std::chrono::milliseconds patience) { options_.patience = patience; }
  std::chrono::milliseconds patience() const { return options_.patience; }
  const config::RedisEndpoint& endpoint() const { return endpoint_; }

  // For those who speak on the wire themselves (Pipeline, Replica). No reply may be outstanding.
  Transport& transport() { return *transport_; }
  ReplyParser& parser() { return parser_; }

 private:
  Connection(config::RedisEndpoint endpoint, ConnectionOptions options, std::unique_ptr<Transport> transport);
  Result<void> sign_in();
  Result<void> wait_until_loaded(const Cancellation& cancellation);
  Result<Reply> receive();

  config::RedisEndpoint endpoint_;
  ConnectionOptions options_;
  std::unique_ptr<Transport> transport_;
  ReplyParser parser_;
};

}  // namespace summit::redis
