#include "stores/redis/connection.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/process.h"
#include "stores/redis/marker.h"
#include "stores/redis/own_keys.h"
#include "stores/redis/pipeline.h"
#include "stores/redis/probe.h"
#include "tests/stores/redis/helper/world.h"

namespace summit::redis {
namespace {

TEST(Connection, CarriesAnyBytes) {
  const auto server = start_server();
  Connection connection = connect(*server);
  const std::string value("\x00\r\n$5\r\n*3\xff", 11);
  run(connection, {"SET", value, value});
  EXPECT_EQ(get_string(connection, value).value_or({}), value);
  EXPECT_EQ(get_string(connection, "absent").value_or("?"), std::nullopt);
}

TEST(Connection, SignsInAsANamedUser) {
  const auto server = start_server();
  run(*server, {"ACL", "SETUSER", "ann", "on", ">secret", "+ping", "+acl|whoami"});
  auto endpoint = server->endpoint();
  endpoint.user = "ann";
  endpoint.password = Secret("secret");
  auto connection = Connection::open(endpoint);
  ASSERT_TRUE(connection.ok()) << connection.error().to_string();
  EXPECT_EQ(run(*connection, {"ACL", "WHOAMI"}), "ann");
  EXPECT_EQ(connection->call({"GET", "x"}).error().code(), Code::kDenied);
}

TEST(Connection, UsesAUnixSocket) {
  const auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "summit-redis-");
  ASSERT_TRUE(directory.ok());
  const std::string path = directory->path() / "redis.sock";
  const auto server = start_server({{"unixsocket", path}});
  auto endpoint = server->endpoint();
  endpoint.host = path;
  EXPECT_TRUE(copy_of(endpoint).ok());
}

// A certificate for 127.0.0.1 that signs itself.
void make_certificate(const fs::path& directory) {
  const auto made =
      summit::run({.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                            "/CN=summit test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                            directory / "key.pem", "-out", directory / "certificate.pem"}});
  ASSERT_TRUE(made.ok()) << made.error().to_string();
}

TEST(Connection, SpeaksTlsAndTrustsOnlyTheNamedAuthority) {
  const auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "summit-redis-");
  ASSERT_TRUE(directory.ok());
  ASSERT_NO_FATAL_FAILURE(make_certificate(directory->path()));
  const auto tls_port = platform::free_port();
  ASSERT_TRUE(tls_port.ok());
  const auto server = start_server({{"tls-port", std::to_string(*tls_port)},
                                    {"tls-cert-file", directory->path() / "certificate.pem"},
                                    {"tls-key-file", directory->path() / "key.pem"},
                                    {"tls-ca-cert-file", directory->path() / "certificate.pem"},
                                    {"tls-auth-clients", "no"}});
  Connection filler = connect(*server);
  fill_with_everything(filler);
  auto endpoint = server->endpoint();
  endpoint.port = *tls_port;
  endpoint.tls = true;
  endpoint.ca_file = directory->path() / "certificate.pem";

  const auto encrypted = copy_of(endpoint);
  ASSERT_TRUE(encrypted.ok()) << encrypted.error().to_string();
  const auto plain = copy_of(server->endpoint());
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(shown(encrypted->fingerprints), shown(plain->fingerprints));

  auto connection = Connection::open(endpoint);
  ASSERT_TRUE(connection.ok());
  const auto restored = restore(*connection, source_of(plain->rdb), {}, {});
  EXPECT_TRUE(restored.ok()) << restored.error().to_string();

  endpoint.ca_file.clear();
  const auto untrusted = Connection::open(endpoint);
  ASSERT_FALSE(untrusted.ok());
  EXPECT_EQ(untrusted.error().code(), Code::kDenied) << untrusted.error().message();
  endpoint.ca_file = directory->path() / "certificate.pem";
  endpoint.host = "localhost";
  const auto other_name = Connection::open(endpoint);
  ASSERT_FALSE(other_name.ok());
  EXPECT_EQ(other_name.error().code(), Code::kDenied) << "the certificate is for another name";
}

TEST(Connection, SaysThatAPlainServerSpeaksNoTls) {
  const auto server = start_server();
  auto endpoint = server->endpoint();
  endpoint.tls = true;
  const auto connection = Connection::open(endpoint, {.connect_timeout = std::chrono::milliseconds(2000)});
  ASSERT_FALSE(connection.ok());
  EXPECT_EQ(connection.error().code(), Code::kTimeout) << connection.error().message();
}

TEST(Connection, SaysThatTheServerStillLoadsItsData) {
  const auto server = start_server();
  run(*server, {"DEBUG", "POPULATE", "2000", "key", "10"});
  run(*server, {"SAVE"});
  // Slow on purpose: a microsecond is the unit, and keys come one by one.
  run(*server, {"CONFIG", "SET", "key-load-delay", "1000", "loading-process-events-interval-bytes", "1024"});
  Connection reloading = connect(*server);
  const auto endpoint = server->endpoint();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto reloaded = reloading.call({"DEBUG", "RELOAD", "NOSAVE"});
    ::_exit(reloaded.ok() ? 0 : 1);
  }
  const auto busy = [&] {
    for (int attempt = 0; attempt < 100; ++attempt) {
      auto connection = Connection::open(endpoint, {.loading_patience = std::chrono::milliseconds(1)});
      if (!connection.ok()) return connection.error().code();
    }
    return Code::kFailed;
  };
  EXPECT_EQ(busy(), Code::kBusy);
  EXPECT_TRUE(Connection::open(endpoint).ok()) << "with patience it is waited for";
  int status = 0;
  ::waitpid(child, &status, 0);
}

TEST(ErrorOf, ClassesTheServersErrors) {
  const auto code = [](std::string_view reply) { return error_of(reply, "it failed").code(); };
  EXPECT_EQ(code("WRONGPASS invalid username-password pair or user is disabled."), Code::kDenied);
  EXPECT_EQ(code("NOAUTH Authentication required."), Code::kDenied);
  EXPECT_EQ(code("NOPERM this user has no permissions to run the 'psync' command"), Code::kDenied);
  EXPECT_EQ(code("DENIED Redis is running in protected mode because …"), Code::kDenied);
  EXPECT_EQ(code("LOADING Redis is loading the dataset in memory"), Code::kBusy);
  EXPECT_EQ(code("OOM command not allowed when used memory > 'maxmemory'."), Code::kNoSpace);
  EXPECT_EQ(code("MISCONF Redis is configured to save RDB snapshots, but …"), Code::kNoSpace);
  EXPECT_EQ(code("READONLY You can't write against a read only replica."), Code::kRefused);
  EXPECT_EQ(code("ERR unknown command 'PSYNC', with args beginning with: '?' '-1' "), Code::kUnsupported);
  EXPECT_EQ(code("ERR something else"), Code::kFailed);
  EXPECT_EQ(
      error_of("ERR unknown command 'X', with args beginning with: 'secret'", "x").message().find("secret"),
      std::string::npos);
}

TEST(Probe, AnswersWhatSmokeChecksAsk) {
  const auto server = start_server();
  Connection connection = connect(*server);
  fill_with_everything(connection);
  EXPECT_TRUE(ping(connection).ok());
  EXPECT_EQ(server_version(connection).value_or("").substr(0, 2), "7.");
  EXPECT_EQ(get_field(connection, "hash", "f").value_or({}), "v");
  EXPECT_EQ(length_of(connection, "queue").value_or(0), 700U);
  EXPECT_EQ(length_of(connection, "board").value_or(0), 700U);
  EXPECT_EQ(length_of(connection, "string").value_or(0), 5U);
  EXPECT_EQ(length_of(connection, "absent").value_or(9), 0U);
  EXPECT_EQ(count_matching(connection, "*hash").value_or(0), 3U);
  EXPECT_EQ(count_matching(connection, "no such *").value_or(9), 0U);
  const auto before = count_keys(connection);
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->size(), 3U);
  EXPECT_EQ(before->at(9), 2U);
  ASSERT_TRUE(
      write_marker(connection, {"dev", "dev", "2026-11-21T00:00:00Z", "0123456789abcdef0123456789abcdef"})
          .ok());
  EXPECT_EQ(count_keys(connection).value_or({}), *before) << "our own key is no data";
  EXPECT_GT(predict_rdb_size(connection).value_or(0), 100000U);
}

TEST(Marker, IsReadAsItWasWrittenAndIsMissedWhenAbsent) {
  const auto server = start_server();
  Connection connection = connect(*server);
  EXPECT_EQ(read_marker(connection).value_or(config::EnvironmentMarker{}), std::nullopt);
  const config::EnvironmentMarker marker{"prod eu", "production", "2026-11-21T03:00:00Z",
                                         "ffffffffffffffffffffffffffffffff"};
  ASSERT_TRUE(write_marker(connection, marker).ok());
  EXPECT_EQ(read_marker(connection).value_or({}), marker);
  run(connection, {"HDEL", kEnvironmentKey, "identity"});
  EXPECT_EQ(read_marker(connection).error().code(), Code::kCorrupt);
  run(connection, {"SET", kEnvironmentKey, "something else"});
  EXPECT_FALSE(read_marker(connection).ok());
}

TEST(Pipeline, GivesAnswersInOrderAndEndsWithTheFirstError) {
  const auto server = start_server();
  Connection connection = connect(*server);
  std::vector<uint64_t> tags;
  Pipeline pipeline(connection, [&](const Reply& reply, uint64_t tag) -> Result<void> {
    if (reply.is_error()) return error_of(reply.text, "here");
    tags.push_back(tag);
    return {};
  });
  const std::string part(3000000, 'p');
  for (uint64_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(pipeline.send({"INCR", "counter"}, 2 * i).ok());
    ASSERT_TRUE(
        pipeline.send_large({"SET", "large"}, {as_bytes(part), as_bytes(part)}, {"EX", "100"}, 2 * i + 1)
            .ok());
  }
  ASSERT_TRUE(pipeline.drain().ok());
  EXPECT_EQ(tags, (std::vector<uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(length_of(connection, "large").value_or(0), 6000000U);
  ASSERT_TRUE(pipeline.send({"LPUSH", "counter", "x"}, 10).ok());
  EXPECT_EQ(pipeline.drain().error().code(), Code::kFailed);
}

}  // namespace
}  // namespace summit::redis
