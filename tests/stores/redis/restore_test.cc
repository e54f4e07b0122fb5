#include "stores/redis/restore.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "core/byte_order.h"
#include "core/wait.h"
#include "formats/rdb/crc64.h"
#include "formats/rdb/rewriter.h"
#include "stores/redis/marker.h"
#include "stores/redis/own_keys.h"
#include "stores/redis/probe.h"
#include "tests/stores/redis/helper/world.h"

namespace summit::redis {
namespace {

using std::chrono::milliseconds;

const config::EnvironmentMarker kMarker{"dev", "dev", "2026-11-21T03:00:00Z",
                                        "0123456789abcdef0123456789abcdef"};

std::string must_copy(const platform::RedisServer& server) {
  const auto copy = copy_of(server.endpoint());
  EXPECT_TRUE(copy.ok()) << copy.error().to_string();
  return copy.ok() ? copy->rdb : std::string();
}

std::string fingerprints_of(const platform::RedisServer& server) {
  const auto copy = copy_of(server.endpoint());
  EXPECT_TRUE(copy.ok()) << copy.error().to_string();
  return copy.ok() ? shown(copy->fingerprints) : std::string();
}

bool incomplete(const platform::RedisServer& server) {
  Connection connection = connect(server);
  return restore_incomplete(connection).value_or(false);
}

TEST(Restore, BringsEverythingBackIntoARunningServer) {
  const auto source = start_server();
  Connection connection = connect(*source);
  fill_with_everything(connection);
  const std::string rdb = must_copy(*source);
  const std::string expected = fingerprints_of(*source);

  const auto target = start_server({{"hash-max-listpack-entries", "1"}});
  const pid_t pid = *target->pid();
  run(*target, {"SET", "old data", "goes"});
  run(*target,
      {"FUNCTION", "LOAD", "#!lua name=old\nredis.register_function('old', function() return 1 end)"});
  const auto counts = restore_into(*target, rdb, kMarker);
  ASSERT_TRUE(counts.ok()) << counts.error().to_string();
  EXPECT_EQ(counts->expired, 0U);
  EXPECT_EQ(counts->functions, 1U);
  EXPECT_EQ(fingerprints_of(*target), expected);
  EXPECT_EQ(*target->pid(), pid) << "it was never stopped";
  EXPECT_EQ(run(*target, {"EXISTS", "old data"}), "0");
  EXPECT_EQ(run(*target, {"FCALL", "hello", "0"}), "hi");
  EXPECT_EQ(run(*target, {"PEXPIRETIME", "session"}), "4102444800123");
  EXPECT_FALSE(incomplete(*target));

  Connection reader = connect(*target);
  const auto marker = read_marker(reader);
  ASSERT_TRUE(marker.ok());
  EXPECT_EQ(*marker, kMarker);
}

TEST(Restore, SurvivesARestartOfTheServerAfterwards) {
  const auto source = start_server();
  Connection connection = connect(*source);
  fill_with_everything(connection);
  const auto target = start_server({{"appendonly", "yes"}});
  ASSERT_TRUE(restore_into(*target, must_copy(*source)).ok());
  ASSERT_TRUE(target->restart().ok());
  EXPECT_EQ(fingerprints_of(*target), fingerprints_of(*source));
}

TEST(Restore, KeepsAccessTimesWherePoliciesNeedThem) {
  const auto source = start_server({{"maxmemory-policy", "allkeys-lru"}, {"maxmemory", "200mb"}});
  Connection connection = connect(*source);
  run(connection, {"SET", "key", "value"});
  run(connection,
      {"RESTORE", "idle", "0", std::string_view("\x00\x05value\n\x00\x81\xf6\xc1\x38\xc1\xaa\x9b\x6e", 17),
       "IDLETIME", "5000"});
  const auto target = start_server({{"maxmemory-policy", "allkeys-lru"}, {"maxmemory", "200mb"}});
  ASSERT_TRUE(restore_into(*target, must_copy(*source)).ok());
  EXPECT_GE(std::stoi(run(*target, {"OBJECT", "IDLETIME", "idle"})), 5000);
}

TEST(Restore, LeavesOutWhatHasExpiredSinceTheBackup) {
  const auto source = start_server();
  Connection connection = connect(*source);
  run(connection, {"SET", "stays", "1"});
  run(connection, {"SET", "goes", "1", "PX", "400"});
  const std::string rdb = must_copy(*source);
  ASSERT_TRUE(pause_for(milliseconds(600), {}).ok());
  const auto target = start_server();
  const auto counts = restore_into(*target, rdb);
  ASSERT_TRUE(counts.ok()) << counts.error().to_string();
  EXPECT_EQ(counts->expired, 1U);
  EXPECT_EQ(counts->keys, 1U);
  EXPECT_EQ(run(*target, {"DBSIZE"}), "1");
}

TEST(Restore, PipelinesManyKeysAndLargeValuesWithoutADeadlock) {
  const auto source = start_server({{"rdbcompression", "no"}});
  Connection connection = connect(*source);
  run(connection, {"DEBUG", "POPULATE", "30000", "key", "40"});
  run(connection, {"DEBUG", "POPULATE", "8", "large", "5000000"});
  const std::string rdb = must_copy(*source);
  ASSERT_GT(rdb.size(), 30 * MiB);
  const auto target = start_server();
  const auto counts = restore_into(*target, rdb);
  ASSERT_TRUE(counts.ok()) << counts.error().to_string();
  EXPECT_EQ(counts->keys, 30008U);
  EXPECT_EQ(fingerprints_of(*target), fingerprints_of(*source));
}

// The target keeps what it had, and says nothing of a restore.
void expect_untouched(const platform::RedisServer& target) {
  EXPECT_EQ(run(target, {"GET", "precious"}), "data");
  EXPECT_FALSE(incomplete(target));
}

std::unique_ptr<platform::RedisServer> precious_server(Settings settings = {}) {
  auto server = start_server(std::move(settings));
  run(*server, {"SET", "precious", "data"});
  return server;
}

std::string sealed(std::string rdb) {
  rdb.resize(rdb.size() - 8);
  append_little_endian(rdb, rdb::crc64(0, as_bytes(rdb)));
  return rdb;
}

TEST(Restore, TouchesNothingWhenTheArtifactIsDamaged) {
  const auto source = start_server();
  Connection connection = connect(*source);
  fill_with_everything(connection);
  const std::string rdb = must_copy(*source);
  const auto target = precious_server();
  std::string flipped = rdb;
  flipped[rdb.size() / 2] = static_cast<char>(flipped[rdb.size() / 2] ^ 4);
  for (const std::string& damaged :
       {flipped, rdb.substr(0, rdb.size() / 2), std::string("REDIS"), std::string()}) {
    const auto restored = restore_into(*target, damaged);
    ASSERT_FALSE(restored.ok());
    EXPECT_EQ(restored.error().code(), Code::kCorrupt) << restored.error().message();
    expect_untouched(*target);
  }
}

TEST(Restore, RefusesAServerThatIsTooOldBeforeItIsEmptied) {
  const auto source = start_server();
  run(*source, {"SET", "a", "b"});
  std::string rdb = must_copy(*source);
  rdb.replace(0, 9, "REDIS0012");
  const auto target = precious_server();
  const auto restored = restore_into(*target, sealed(rdb));
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kUnsupported) << restored.error().message();
  EXPECT_FALSE(restored.error().hint().empty());
  expect_untouched(*target);
}

TEST(Restore, RefusesAServerWithTooFewDatabases) {
  const auto source = start_server();
  Connection connection = connect(*source);
  ASSERT_TRUE(connection.select(9).ok());
  run(connection, {"SET", "a", "b"});
  const auto target = precious_server({{"databases", "4"}});
  const auto restored = restore_into(*target, must_copy(*source));
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kUnsupported);
  EXPECT_NE(restored.error().hint().find("databases 10"), std::string::npos) << restored.error().hint();
  expect_untouched(*target);
}

TEST(Restore, RefusesAServerWithTooLittleMemory) {
  const auto source = start_server();
  run(*source, {"DEBUG", "POPULATE", "50000", "key", "200"});
  const auto target = precious_server({{"maxmemory", "8mb"}});
  const auto restored = restore_into(*target, must_copy(*source));
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kNoSpace) << restored.error().message();
  expect_untouched(*target);
}

TEST(Restore, RefusesValuesThatAreTooLargeForTheServersProtocol) {
  const auto source = start_server({{"rdbcompression", "no"}});
  run(*source, {"DEBUG", "POPULATE", "1", "large", "3000000"});
  const auto target = precious_server({{"proto-max-bulk-len", "2mb"}});
  const auto restored = restore_into(*target, must_copy(*source));
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kUnsupported) << restored.error().message();
  EXPECT_NE(restored.error().hint().find("proto-max-bulk-len"), std::string::npos);
  expect_untouched(*target);
}

TEST(Restore, RefusesAReplica) {
  const auto source = start_server();
  run(*source, {"SET", "a", "b"});
  const auto target = precious_server();
  run(*target, {"REPLICAOF", "127.0.0.1", "1"});
  const auto restored = restore_into(*target, must_copy(*source));
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::kRefused) << restored.error().message();
  expect_untouched(*target);
}

TEST(Restore, SaysWhichRightIsMissing) {
  const auto source = start_server();
  run(*source, {"SET", "a", "b"});
  const std::string rdb = must_copy(*source);
  const auto target = precious_server();
  // All rights but one; what README.md lists must be enough.
  run(*target, {"ACL",   "SETUSER", "restorer", "on",        ">secret",  "~*",        "+info",
                "+ping", "+select", "+multi",   "+exec",     "+discard", "+flushall", "+set",
                "+del",  "+exists", "+restore", "+function", "+hset",    "+hmget"});
  auto endpoint = target->endpoint();
  endpoint.user = "restorer";
  endpoint.password = Secret("secret");
  const auto restore_as_user = [&]() -> Result<RestoreCounts> {
    ASSIGN_OR_RETURN(Connection connection, Connection::open(endpoint));
    ASSIGN_OR_RETURN(const RdbSummary summary, inspect(source_of(rdb)));
    RETURN_IF_ERROR(check_target(connection, summary));
    return restore(connection, source_of(rdb), kMarker, {});
  };
  run(*target, {"ACL", "SETUSER", "restorer", "-flushall"});
  const auto denied = restore_as_user();
  ASSERT_FALSE(denied.ok());
  EXPECT_EQ(denied.error().code(), Code::kDenied) << denied.error().message();
  EXPECT_NE(denied.error().message().find("flushall"), std::string::npos) << denied.error().message();
  expect_untouched(*target);

  run(*target, {"ACL", "SETUSER", "restorer", "+flushall"});
  const auto allowed = restore_as_user();
  EXPECT_TRUE(allowed.ok()) << allowed.error().to_string();
}

// Gives the first part of `rdb`, then calls `then`.
RdbSource interrupted(const std::string& rdb, std::function<Result<void>()> then) {
  return
      [&rdb, then = std::move(then)](const std::function<Result<void>(ByteView)>& consume) -> Result<void> {
        RETURN_IF_ERROR(consume(as_bytes(rdb).first(rdb.size() / 2)));
        RETURN_IF_ERROR(then());
        return consume(as_bytes(rdb).subspan(rdb.size() / 2));
      };
}

std::string rdb_with_many_keys() {
  const auto source = start_server();
  run(*source, {"DEBUG", "POPULATE", "20000", "key", "100"});
  return must_copy(*source);
}

TEST(Restore, SaysThatItIsIncompleteAfterAFailureAndMendsWhenRunAgain) {
  const std::string rdb = rdb_with_many_keys();
  const auto target = precious_server();
  Connection connection = connect(*target);
  const auto failed =
      restore(connection, interrupted(rdb, [] { return Result<void>(Error(Code::kIo, "the disk is gone")); }),
              kMarker, {});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code(), Code::kIo);
  EXPECT_NE(failed.error().message().find("incomplete"), std::string::npos) << failed.error().message();
  EXPECT_NE(failed.error().hint().find("rollback"), std::string::npos);
  EXPECT_TRUE(incomplete(*target));
  Connection reader = connect(*target);
  EXPECT_EQ(read_marker(reader).value_or({}), kMarker) << "whose server it is stays known";

  ASSERT_TRUE(restore_into(*target, rdb, kMarker).ok());
  EXPECT_FALSE(incomplete(*target));
  EXPECT_EQ(run(*target, {"DBSIZE"}), "20001") << "the keys and the marker";
}

TEST(Restore, KilledInTheMiddleLeavesTheIncompleteMark) {
  const std::string rdb = rdb_with_many_keys();
  const auto target = precious_server();
  const pid_t child = ::fork();
  if (child == 0) {
    auto connection = Connection::open(target->endpoint());
    if (connection.ok()) {
      const auto never = restore(
          *connection, interrupted(rdb, [] { return ::raise(SIGKILL), Result<void>(); }), kMarker, {});
      ::_exit(never.ok() ? 1 : 2);
    }
    ::_exit(3);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  EXPECT_TRUE(incomplete(*target));
  EXPECT_EQ(run(*target, {"EXISTS", "precious"}), "0");
  ASSERT_TRUE(restore_into(*target, rdb).ok());
  EXPECT_FALSE(incomplete(*target));
}

TEST(Restore, SaysThatTheServerDiedInTheMiddle) {
  const std::string rdb = rdb_with_many_keys();
  const auto target = precious_server({{"appendonly", "yes"}, {"appendfsync", "always"}});
  Connection connection = connect(*target);
  const auto failed = restore(connection, interrupted(rdb, [&] { return target->kill(); }), {}, {});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code(), Code::kUnreachable) << failed.error().message();
  ASSERT_TRUE(target->start().ok());
  EXPECT_TRUE(incomplete(*target)) << "also after the server's own restart";
}

TEST(Restore, StopsWhenCancelledAndSaysSo) {
  const std::string rdb = rdb_with_many_keys();
  const auto target = precious_server();
  Connection connection = connect(*target);
  Cancellation cancellation;
  const auto cancelled = restore(
      connection, interrupted(rdb, [&] { return cancellation.request(), Result<void>(); }), {}, cancellation);
  ASSERT_FALSE(cancelled.ok());
  EXPECT_EQ(cancelled.error().code(), Code::kCancelled);
  EXPECT_TRUE(incomplete(*target));
}

}  // namespace
}  // namespace summit::redis
