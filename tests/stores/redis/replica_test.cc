#include "stores/redis/replica.h"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "core/process.h"
#include "core/task_group.h"
#include "core/wait.h"
#include "formats/rdb/value.h"
#include "stores/redis/probe.h"
#include "tests/stores/redis/helper/world.h"

namespace summit::redis {
namespace {

using std::chrono::milliseconds;

TEST(Replica, CopiesEveryTypeInBothFormsOfTheTransfer) {
  for (const std::string diskless : {"no", "yes"}) {
    const auto server = start_server({{"repl-diskless-sync", diskless}});
    Connection connection = connect(*server);
    fill_with_everything(connection);
    const auto copy = copy_of(server->endpoint());
    ASSERT_TRUE(copy.ok()) << copy.error().to_string();
    ASSERT_EQ(copy->fingerprints.size(), 4U) << shown(copy->fingerprints);
    EXPECT_EQ(copy->fingerprints[0].kind, "functions");
    const auto counts = count_keys(connection);
    ASSERT_TRUE(counts.ok());
    EXPECT_EQ(copy->fingerprints[1].name, "db0");
    EXPECT_EQ(copy->fingerprints[1].count, counts->at(0)) << "diskless: " << diskless;
    EXPECT_EQ(copy->cut.replication_id.size(), 40U);
  }
}

TEST(Replica, GivesAFileThatStockToolsAcceptAndLoad) {
  const auto server = start_server();
  Connection connection = connect(*server);
  fill_with_everything(connection);
  const auto copy = copy_of(server->endpoint());
  ASSERT_TRUE(copy.ok()) << copy.error().to_string();

  const auto other = start_server();
  ASSERT_TRUE(other->stop().ok());
  const fs::path dump = other->data_directory() / "data" / "dump.rdb";
  ASSERT_TRUE(write_file_durably(dump, copy->rdb).ok());

  // The server is its own checker when it is called by this name.
  const fs::path checker = other->data_directory() / "redis-check-rdb";
  fs::create_symlink(*platform::cached("redis-7/bin/redis-server"), checker);
  const auto checked = summit::run({.argv = {checker, dump}});
  ASSERT_TRUE(checked.ok()) << checked.error().message();
  EXPECT_NE(checked->find("RDB looks OK"), std::string::npos) << *checked;

  ASSERT_TRUE(other->start().ok());
  const auto loaded = copy_of(other->endpoint());
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  EXPECT_EQ(shown(loaded->fingerprints), shown(copy->fingerprints));
}

TEST(Replica, IsForgottenByTheServerAfterwards) {
  const auto server = start_server();
  ASSERT_TRUE(copy_of(server->endpoint()).ok());
  Connection connection = connect(*server);
  const auto nobody_left = [&]() -> Result<bool> {
    ASSIGN_OR_RETURN(const auto info, read_info(connection, "replication"));
    return info.number("connected_slaves") == 0;
  };
  EXPECT_TRUE(
      wait_until(nobody_left, "the server to drop us", milliseconds(5000), milliseconds(50), {}).ok());
}

// Sums the balances in the RDB.
class Balances final : public rdb::ValueVisitor {
 public:
  int64_t sum = 0;
  Result<void> string(std::string_view text) override {
    sum += std::stoll(std::string(text));
    return {};
  }
  Result<void> list_element(std::string_view) override { return {}; }
  Result<void> set_member(std::string_view) override { return {}; }
  Result<void> sorted_set_member(std::string_view, double) override { return {}; }
  Result<void> hash_field(std::string_view, std::string_view, std::optional<int64_t>) override { return {}; }
  Result<void> stream_entry(rdb::StreamId, rdb::StreamFields) override { return {}; }
  Result<void> stream_state(const rdb::StreamState&) override { return {}; }
  Result<void> stream_group(std::string_view, rdb::StreamId) override { return {}; }
  Result<void> stream_consumer(std::string_view, std::string_view) override { return {}; }
  Result<void> stream_pending(std::string_view, std::string_view, const rdb::PendingEntry&) override {
    return {};
  }
  Result<void> module(std::string_view, ByteView) override { return {}; }
};

TEST(Replica, SeesTransactionsWholeWhileAWriterRuns) {
  const auto server = start_server();
  Connection connection = connect(*server);
  constexpr int kAccounts = 50;
  for (int i = 0; i < kAccounts; ++i) run(connection, {"SET", fmt::format("account:{}", i), "1000"});

  TaskGroup writers;
  for (unsigned seed : {1U, 2U}) {
    writers.spawn([&writers, &server, seed]() -> Result<void> {
      ASSIGN_OR_RETURN(Connection writer, Connection::open(server->endpoint()));
      for (unsigned i = seed; !writers.cancellation().requested(); i = i * 1103515245 + 12345) {
        const std::string from = fmt::format("account:{}", i / 65536 % kAccounts);
        const std::string to = fmt::format("account:{}", i / 1024 % kAccounts);
        RETURN_IF_ERROR(writer.transaction({{"DECRBY", from, "7"}, {"INCRBY", to, "7"}}));
      }
      return {};
    });
  }
  for (int round = 0; round < 10; ++round) {
    const auto copy = copy_of(server->endpoint());
    ASSERT_TRUE(copy.ok()) << copy.error().to_string();
    Balances balances;
    const auto read = read_records(source_of(copy->rdb), [&](const rdb::Record& record) -> Result<void> {
      return record.kind == rdb::Record::Kind::kEntry ? rdb::decode_value(record, balances) : Result<void>();
    });
    ASSERT_TRUE(read.ok()) << read.error().message();
    EXPECT_EQ(balances.sum, kAccounts * 1000);
  }
  Cancellation(writers.cancellation()).request();
  EXPECT_TRUE(writers.join().ok());
}

TEST(Replica, SaysThatThePasswordIsWrong) {
  const auto server = start_server();
  auto endpoint = server->endpoint();
  endpoint.password = Secret("not it");
  const auto copy = copy_of(endpoint);
  ASSERT_FALSE(copy.ok());
  EXPECT_EQ(copy.error().code(), Code::kDenied);
  EXPECT_FALSE(copy.error().hint().empty());
  EXPECT_EQ(copy.error().to_string().find("not it"), std::string::npos) << "a password is never shown";
  endpoint.password = Secret();
  const auto without = copy_of(endpoint);
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().code(), Code::kDenied) << without.error().message();
}

TEST(Replica, SaysWhichRightIsMissing) {
  const auto server = start_server();
  run(*server, {"ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@all", "-psync"});
  auto endpoint = server->endpoint();
  endpoint.user = "reader";
  endpoint.password = Secret("secret");
  const auto copy = copy_of(endpoint);
  ASSERT_FALSE(copy.ok());
  EXPECT_EQ(copy.error().code(), Code::kDenied);
  EXPECT_NE(copy.error().message().find("psync"), std::string::npos) << copy.error().message();
  // These are enough.
  run(*server, {"ACL", "SETUSER", "reader", "reset", "on", ">secret", "+psync", "+replconf", "+ping"});
  const auto allowed = copy_of(endpoint);
  EXPECT_TRUE(allowed.ok()) << allowed.error().to_string();
}

TEST(Replica, SaysThatTheServerIsStopped) {
  const auto server = start_server();
  const auto endpoint = server->endpoint();
  ASSERT_TRUE(server->stop().ok());
  const auto copy = copy_of(endpoint);
  ASSERT_FALSE(copy.ok());
  EXPECT_EQ(copy.error().code(), Code::kUnreachable);
  EXPECT_FALSE(copy.error().hint().empty());
}

TEST(Replica, SaysThatAManagedServiceForbidsIt) {
  const auto server = start_server({{"rename-command PSYNC", "\"\""}});
  const auto copy = copy_of(server->endpoint());
  ASSERT_FALSE(copy.ok());
  EXPECT_EQ(copy.error().code(), Code::kUnsupported) << copy.error().message();
  EXPECT_FALSE(copy.error().hint().empty());
}

TEST(Replica, SaysThatAReplicaHasLostItsMaster) {
  const auto server = start_server({{"replicaof", "127.0.0.1 1"}});
  const auto copy = copy_of(server->endpoint());
  ASSERT_FALSE(copy.ok());
  EXPECT_EQ(copy.error().code(), Code::kUnreachable) << copy.error().message();
  EXPECT_FALSE(copy.error().hint().empty());
}

void fill_with_random_bytes(platform::RedisServer& server, int values) {
  Connection connection = connect(server);
  std::string value(1 << 20, '\0');
  for (int i = 0; i < values; ++i) {
    for (size_t at = 0; at < value.size(); at += 97) value[at] = static_cast<char>(i + static_cast<int>(at));
    run(connection, {"SET", fmt::format("value:{}", i), value});
  }
}

TEST(Replica, SaysThatTheServerDiedInTheMiddle) {
  const auto server = start_server({{"rdbcompression", "no"}});
  fill_with_random_bytes(*server, 40);
  Replica replica(server->endpoint(), {}, {});
  ASSERT_TRUE(replica.begin().ok());
  ASSERT_TRUE(replica.cut().ok());
  uint64_t received = 0;
  bool killed = false;
  const auto streamed = replica.stream([&](ByteView bytes) -> Result<void> {
    received += bytes.size();
    return std::exchange(killed, true) ? Result<void>() : server->kill();
  });
  ASSERT_FALSE(streamed.ok());
  EXPECT_EQ(streamed.error().code(), Code::kUnreachable) << streamed.error().message();
  EXPECT_FALSE(streamed.error().hint().empty());
  EXPECT_GT(received, 0U);
}

TEST(Replica, GivesUpOnASilentServer) {
  const auto server = start_server();
  Replica replica(server->endpoint(), {.patience = milliseconds(500)}, {});
  ASSERT_TRUE(replica.begin().ok());
  ASSERT_EQ(::kill(*server->pid(), SIGSTOP), 0);
  const Stopwatch watch;
  const auto cut = replica.cut();
  ASSERT_EQ(::kill(*server->pid(), SIGCONT), 0);
  ASSERT_FALSE(cut.ok());
  EXPECT_LT(watch.elapsed().count(), 5.0);
}

TEST(Replica, CanBeCancelledWhileItWaits) {
  // The server waits for more replicas before it forks; we cancel meanwhile.
  const auto server = start_server({{"repl-diskless-sync", "yes"}, {"repl-diskless-sync-delay", "30"}});
  Cancellation cancellation;
  Replica replica(server->endpoint(), {}, cancellation);
  ASSERT_TRUE(replica.begin().ok());
  TaskGroup canceller;
  canceller.spawn([&]() -> Result<void> {
    RETURN_IF_ERROR(pause_for(milliseconds(300), {}));
    cancellation.request();
    return {};
  });
  const Stopwatch watch;
  const auto cut = replica.cut();
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().code(), Code::kCancelled);
  EXPECT_LT(watch.elapsed().count(), 5.0);
  EXPECT_TRUE(canceller.join().ok());
}

TEST(Replica, SignsOfLifeCountWhileTheServerWaits) {
  // Silence would end it after one second; the server sends a line end every second or so.
  const auto server = start_server(
      {{"repl-diskless-sync", "yes"}, {"repl-diskless-sync-delay", "4"}, {"repl-ping-replica-period", "1"}});
  Replica replica(server->endpoint(), {.patience = milliseconds(2500)}, {});
  ASSERT_TRUE(replica.begin().ok());
  const auto cut = replica.cut();
  EXPECT_TRUE(cut.ok()) << cut.error().to_string();
}

}  // namespace
}  // namespace summit::redis
