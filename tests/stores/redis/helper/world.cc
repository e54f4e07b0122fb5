#include "tests/stores/redis/helper/world.h"

#include <fmt/ranges.h>

#include <stdexcept>

namespace summit::redis {

namespace {

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().to_string());
  return std::move(result).value();
}

void fill_small(Connection& connection) {
  run(connection, {"SET", "string", "hello"});
  run(connection, {"SET", "number", "-12345"});
  run(connection, {"SET", "empty", ""});
  run(connection, {"SET", std::string_view("bin\0ary\xff\r\n", 10), std::string_view("\x00\x01\r\n\xfe", 5)});
  run(connection, {"RPUSH", "list", "a", "", "12", "-70000", "5000000000", "b"});
  run(connection, {"SADD", "integers", "1", "-2", "70000", "5000000000"});
  run(connection, {"SADD", "words", "one", "two", "3"});
  run(connection, {"HSET", "hash", "f", "v", "g", "12", "", "empty name"});
  run(connection,
      {"ZADD", "sorted", "1", "a", "2.5", "b", "-inf", "c", "+inf", "d", "0.1", "e", "1e300", "f"});
  run(connection, {"PFADD", "log", "a", "b", "c"});
  run(connection, {"SETBIT", "bits", "1000", "1"});
  run(connection, {"GEOADD", "places", "13.361389", "38.115556", "Palermo"});
}

void fill_large(Connection& connection) {
  const std::string long_text(200000, 'x');
  run(connection, {"SET", "long", long_text});
  run(connection, {"RPUSH", "long list", "first", long_text, "last"});
  for (int i = 0; i < 700; ++i) {
    const std::string number = std::to_string(i);
    run(connection, {"RPUSH", "queue", "job " + number});
    run(connection, {"SADD", "set", "member " + number});
    run(connection, {"SADD", "many integers", std::to_string(i * 1000003)});
    run(connection, {"HSET", "big hash", "field " + number, "value " + number});
    run(connection, {"ZADD", "board", std::to_string(i * 0.37), "player " + number});
  }
}

void fill_streams(Connection& connection) {
  for (int i = 1; i <= 300; ++i) {
    const std::string id = fmt::format("{}-{}", 1700000000000 + i / 3, i);
    if (i % 7 == 0) {
      run(connection, {"XADD", "stream", id, "other", std::to_string(i), "more", "x"});
    } else {
      run(connection, {"XADD", "stream", id, "n", std::to_string(i), "text", "event"});
    }
  }
  run(connection, {"XDEL", "stream", "1700000000001-3", "1700000000033-100"});
  run(connection, {"XGROUP", "CREATE", "stream", "workers", "0"});
  run(connection, {"XREADGROUP", "GROUP", "workers", "alice", "COUNT", "10", "STREAMS", "stream", ">"});
  run(connection, {"XREADGROUP", "GROUP", "workers", "bob", "COUNT", "5", "STREAMS", "stream", ">"});
  run(connection, {"XACK", "stream", "workers", "1700000000000-1"});
  run(connection, {"XGROUP", "CREATECONSUMER", "stream", "workers", "idle"});
  run(connection, {"XGROUP", "CREATE", "stream", "readers", "$"});
  run(connection, {"XADD", "emptied", "1-1", "a", "b"});
  run(connection, {"XDEL", "emptied", "1-1"});
}

}  // namespace

std::unique_ptr<platform::RedisServer> start_server(Settings settings) {
  platform::RedisServer::Options options;
  settings.try_emplace("save", "\"\"");
  options.settings = std::move(settings);
  return must(platform::RedisServer::create(std::move(options)));
}

Connection connect(const platform::RedisServer& server) { return must(Connection::open(server.endpoint())); }

std::string run(Connection& connection, const std::vector<std::string_view>& words) {
  const auto reply = connection.call(words);
  if (!reply.ok()) return reply.error().message();
  return fmt::format("{}", fmt::join(texts_of(*reply), " "));
}

std::string run(const platform::RedisServer& server, const std::vector<std::string_view>& words) {
  Connection connection = connect(server);
  return run(connection, words);
}

void fill_with_everything(Connection& connection) {
  fill_small(connection);
  fill_large(connection);
  fill_streams(connection);
  run(connection, {"SET", "session", "token", "PXAT", "4102444800123"});
  run(connection, {"HSET", "expiring hash", "a", "b"});
  run(connection, {"EXPIRE", "expiring hash", "100000"});
  run(connection, {"FUNCTION", "LOAD",
                   "#!lua name=greetings\nredis.register_function('hello', function() return 'hi' end)"});
  for (const uint32_t db : {1U, 9U}) {
    if (!connection.select(db).ok()) throw std::runtime_error("no such database");
    run(connection, {"SET", "in database", std::to_string(db)});
    run(connection, {"SADD", "tags", "x", "y"});
  }
  if (!connection.select(0).ok()) throw std::runtime_error("no database 0");
}

Result<Copy> copy_of(const config::RedisEndpoint& endpoint, std::optional<Instant> not_expired_at) {
  Copy copy;
  Replica replica(endpoint, {}, {});
  RETURN_IF_ERROR(replica.begin());
  ASSIGN_OR_RETURN(copy.cut, replica.cut());
  Fingerprinter fingerprinter(not_expired_at);
  rdb::Reader reader([&](const rdb::Record& record) { return fingerprinter.add(record); });
  const auto consume = [&](ByteView bytes) -> Result<void> {
    copy.rdb += as_text(bytes);
    return reader.feed(bytes);
  };
  RETURN_IF_ERROR(replica.stream(consume));
  RETURN_IF_ERROR(reader.finish());
  copy.fingerprints = fingerprinter.finish("redis");
  return copy;
}

RdbSource source_of(const std::string& rdb, size_t block) {
  return [&rdb, block](const std::function<Result<void>(ByteView)>& consume) -> Result<void> {
    for (size_t at = 0; at < rdb.size(); at += block)
      RETURN_IF_ERROR(consume(as_bytes(std::string_view(rdb).substr(at, block))));
    return {};
  };
}

std::string shown(const std::vector<Fingerprint>& fingerprints) {
  std::string text;
  for (const auto& fingerprint : fingerprints)
    text += fmt::format("{} {}: {} {}\n", fingerprint.kind, fingerprint.name, fingerprint.count,
                        fingerprint.hash);
  return text;
}

Result<RestoreCounts> restore_into(const platform::RedisServer& server, const std::string& rdb,
                                   const std::optional<config::EnvironmentMarker>& marker) {
  ASSIGN_OR_RETURN(Connection connection, Connection::open(server.endpoint()));
  ASSIGN_OR_RETURN(const RdbSummary summary, inspect(source_of(rdb)));
  RETURN_IF_ERROR(check_target(connection, summary));
  return restore(connection, source_of(rdb), marker, {});
}

}  // namespace summit::redis
