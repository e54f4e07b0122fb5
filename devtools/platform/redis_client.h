// A connection to Redis for tests and tools, one command after the other or many ahead of their answers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/result.h"

struct redisContext;

namespace summit::platform {

struct RedisReply {
  std::optional<std::string> text{};   // of a string or status; nothing for nil and others
  int64_t integer = 0;                 // of an integer
  std::vector<RedisReply> elements{};  // of an array
};

// One thread at a time.
class RedisClient {
 public:
  // Authenticated. kUnreachable when no connection comes.
  static Result<RedisClient> connect(const config::RedisEndpoint& endpoint);

  // kUnreachable when the connection is gone or the server still loads its data, kFailed with the server's
  // words when it refuses.
  Result<RedisReply> command(const std::vector<std::string>& words);

  // Sends without waiting; the answers are checked by flush(), which is called by itself now and then.
  Result<void> send(const std::vector<std::string>& words);
  Result<void> flush();

 private:
  struct Close {
    void operator()(redisContext* context) const;
  };
  explicit RedisClient(redisContext* context) : context_(context) {}
  Result<void> append(const std::vector<std::string>& words);
  Result<RedisReply> next();

  std::unique_ptr<redisContext, Close> context_;
  size_t waiting_ = 0;
};

}  // namespace summit::platform
