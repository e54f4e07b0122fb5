#include "devtools/platform/redis_client.h"

#include <hiredis/hiredis.h>

namespace summit::platform {

namespace {

RedisReply copied(const redisReply& reply) {
  RedisReply copy;
  if (reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS)
    copy.text = std::string(reply.str, reply.len);
  if (reply.type == REDIS_REPLY_INTEGER) copy.integer = reply.integer;
  for (size_t i = 0; reply.type == REDIS_REPLY_ARRAY && i < reply.elements; ++i)
    copy.elements.push_back(copied(*reply.element[i]));
  return copy;
}

}  // namespace

void RedisClient::Close::operator()(redisContext* context) const { redisFree(context); }

Result<RedisClient> RedisClient::connect(const config::RedisEndpoint& endpoint) {
  RedisClient client(redisConnectWithTimeout(endpoint.host.c_str(), endpoint.port, timeval{5, 0}));
  if (!client.context_ || client.context_->err != 0)
    return Error(Code::kUnreachable, "cannot connect to redis at {}:{}", endpoint.host, endpoint.port);
  RETURN_IF_ERROR(client.command({"AUTH", endpoint.password.reveal()}));
  return client;
}

Result<void> RedisClient::append(const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  if (redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), texts.data(), sizes.data()) !=
      REDIS_OK) {
    return Error(Code::kUnreachable, "redis: {}", context_->errstr);
  }
  ++waiting_;
  return {};
}

Result<RedisReply> RedisClient::next() {
  void* answer = nullptr;
  --waiting_;
  if (redisGetReply(context_.get(), &answer) != REDIS_OK)
    return Error(Code::kUnreachable, "redis: {}", context_->errstr);
  const std::unique_ptr<void, decltype(&freeReplyObject)> owned(answer, &freeReplyObject);
  const auto* reply = static_cast<const redisReply*>(answer);
  if (reply->type == REDIS_REPLY_ERROR) {
    // A server that starts lets clients in while it loads its data.
    const bool loading = std::string_view(reply->str, reply->len).starts_with("LOADING ");
    return Error(loading ? Code::kUnreachable : Code::kFailed, "redis: {}", reply->str);
  }
  return copied(*reply);
}

Result<void> RedisClient::send(const std::vector<std::string>& words) {
  constexpr size_t kAhead = 500;
  RETURN_IF_ERROR(append(words));
  return waiting_ < kAhead ? Result<void>() : flush();
}

Result<void> RedisClient::flush() {
  while (waiting_ > 0) RETURN_IF_ERROR(next());
  return {};
}

Result<RedisReply> RedisClient::command(const std::vector<std::string>& words) {
  RETURN_IF_ERROR(flush());
  RETURN_IF_ERROR(append(words));
  return next();
}

}  // namespace summit::platform
