#include "devtools/platform/redis_server.h"

#include <hiredis/hiredis.h>

#include <memory>

namespace summit::platform {

namespace {

const std::map<std::string, std::string> kRedisSettings{
    {"appendonly", "no"},
    {"bind", "127.0.0.1"},
    {"daemonize", "no"},
    {"databases", "16"},
    {"enable-debug-command", "local"},
    {"repl-diskless-sync-delay", "0"},
    {"save", "3600 1"},
};

using Connection = std::unique_ptr<redisContext, decltype(&redisFree)>;

// Empty when the server refused the connection.
std::string reply_to(redisContext* connection, const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  auto* reply = static_cast<redisReply*>(
      redisCommandArgv(connection, static_cast<int>(words.size()), texts.data(), sizes.data()));
  if (reply == nullptr) return {};
  std::string text(reply->str != nullptr ? reply->str : "", reply->len);
  freeReplyObject(reply);
  return text;
}

}  // namespace

RedisServer::RedisServer(Options options) : Server("redis", std::move(options)) {}

Result<std::unique_ptr<RedisServer>> RedisServer::create(Options options) {
  std::unique_ptr<RedisServer> server(new RedisServer(std::move(options)));
  RETURN_IF_ERROR(server->locate());
  RETURN_IF_ERROR(server->establish());
  RETURN_IF_ERROR(server->start());
  return server;
}

Result<std::unique_ptr<RedisServer>> RedisServer::open(const fs::path& root) {
  Options options;
  options.root = root;
  options.lifetime = Lifetime::kDetached;
  std::unique_ptr<RedisServer> server(new RedisServer(std::move(options)));
  RETURN_IF_ERROR(server->locate());
  RETURN_IF_ERROR(server->load());
  return server;
}

Result<void> RedisServer::locate() {
  ASSIGN_OR_RETURN(program_, cached("redis-7/bin/redis-server"));
  return {};
}

Server::Launch RedisServer::launch() const {
  Launch launch;
  launch.argv = {program_, data_directory() / "redis.conf"};
  return launch;
}

Result<void> RedisServer::prepare() {
  RETURN_IF_ERROR(make_directories(data_directory() / "data", 0700));
  auto lines = settings();
  lines.insert(kRedisSettings.begin(), kRedisSettings.end());
  lines["port"] = std::to_string(port());
  lines["dir"] = fmt::format("\"{}\"", (data_directory() / "data").string());
  lines["requirepass"] = fmt::format("\"{}\"", password().reveal());
  std::string configuration;
  for (const auto& [name, value] : lines) configuration += fmt::format("{} {}\n", name, value);
  return write_file_durably(data_directory() / "redis.conf", configuration, 0600);
}

Result<bool> RedisServer::answers() {
  const timeval patience{2, 0};
  const Connection connection(redisConnectWithTimeout("127.0.0.1", port(), patience), &redisFree);
  if (!connection || connection->err != 0) return false;
  redisSetTimeout(connection.get(), patience);
  const std::string greeting = reply_to(connection.get(), {"AUTH", password().reveal()});
  if (greeting.rfind("WRONGPASS", 0) == 0) {
    return Error(Code::kDenied, "redis on port {} has another password", port())
        .hint("another server uses this port: stop it");
  }
  // Until its data are loaded it answers LOADING.
  return greeting == "OK" && reply_to(connection.get(), {"PING"}) == "PONG";
}

config::RedisEndpoint RedisServer::endpoint() const {
  config::RedisEndpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = port();
  endpoint.password = password();
  endpoint.access.start_command = start_command();
  endpoint.access.stop_command = stop_command();
  return endpoint;
}

}  // namespace summit::platform
