#include "recovery/leak/target_doors.h"

#include <gmock/gmock.h>

#include "tests/stores/redis/helper/world.h"

namespace summit::recovery {
namespace {

using testing::HasSubstr;

class RedisDoors : public testing::Test {
 protected:
  RedisDoors() {
    environment_.name = "dev";
    environment_.redis = {server_->endpoint()};
    say({"SET", "k", "v"});
    say({"ACL", "SETUSER", "app", "on", ">pw", "~app:*", "+get", "(~other:* +set)"});
  }
  std::string say(const std::vector<std::string_view>& words) { return redis::run(connection_, words); }
  std::string as(const config::RedisEndpoint& who, const std::vector<std::string_view>& words) {
    auto connection = redis::Connection::open(who);
    if (!connection.ok()) return connection.error().to_string();
    const auto reply = connection->call(words);
    return reply.ok() ? reply->text : reply.error().to_string();
  }
  config::RedisEndpoint app() const {
    auto endpoint = server_->endpoint();
    endpoint.user = "app";
    endpoint.password = Secret("pw");
    return endpoint;
  }
  TargetDoors doors(const std::optional<LockRecord>& unfinished = {}) const {
    return {base(), {.environment = "dev", .restore = "r", .reason = "a test", .stores = {}}, unfinished};
  }
  fs::path base() const { return directory_.path(); }
  std::vector<std::string> users() { return redis::texts_of(connection_.call({"ACL", "LIST"}).value()); }

  std::unique_ptr<platform::RedisServer> server_ = redis::start_server();
  redis::Connection connection_ = redis::connect(*server_);
  config::Environment environment_;
  TemporaryDirectory directory_ =
      TemporaryDirectory::create(fs::temp_directory_path(), "summit-doors-").value();
};

TEST_F(RedisDoors, OnlyThePassGetsInAndEverybodyHasTheirRightsAfterwards) {
  const auto before = users();
  auto target = doors();
  {
    auto pass = RedisPass::make(server_->endpoint(), {}).value();
    const auto record = [&](const LockedStore& store) { return target.record(store); };
    const auto closed = close_redis(pass.endpoint(), nullptr, record, {});
    ASSERT_TRUE(closed.ok()) << closed.error().to_string();
    EXPECT_EQ(as(pass.endpoint(), {"GET", "k"}), "v");
    EXPECT_FALSE(connection_.call({"GET", "k"}).ok()) << "a session that was there";
    EXPECT_THAT(as(server_->endpoint(), {"GET", "k"}), HasSubstr("NOPERM"));
    EXPECT_THAT(as(app(), {"GET", "app:k"}), HasSubstr("NOPERM"));
    EXPECT_THAT(as(app(), {"SET", "other:k", "v"}), HasSubstr("NOPERM"));
    EXPECT_TRUE(read_lock(base(), "dev").value()->unfinished);
    ASSERT_TRUE(open_redis(pass.endpoint(), *closed).ok());
    ASSERT_TRUE(target.opened(*closed).ok());
  }
  EXPECT_EQ(users(), before) << "and the pass is gone";
  EXPECT_FALSE(read_lock(base(), "dev").value().has_value());
}

TEST_F(RedisDoors, NothingIsClosedBeforeItCanBeOpenedAgain) {
  const auto before = users();
  {
    auto pass = RedisPass::make(server_->endpoint(), {}).value();
    const auto full = [](const LockedStore&) {
      return Result<void>(Error(Code::kNoSpace, "the disk is full"));
    };
    EXPECT_EQ(close_redis(pass.endpoint(), nullptr, full, {}).error().code(), Code::kNoSpace);
  }
  EXPECT_EQ(users(), before);
}

// The first restore is killed when it has closed the server; its user stays.
TEST_F(RedisDoors, WhatAKilledRestoreClosedIsEnteredAndOpenedByTheNext) {
  const auto before = users();
  auto killed = std::make_unique<RedisPass>(RedisPass::make(server_->endpoint(), {}).value());
  auto first = doors();
  ASSERT_TRUE(close_redis(killed->endpoint(), nullptr,
                          [&](const LockedStore& store) { return first.record(store); }, {})
                  .ok());
  const auto left = read_lock(base(), "dev").value();
  ASSERT_TRUE(left && left->unfinished);
  {
    const auto passes = enter_closed(environment_, *left, {});
    ASSERT_TRUE(passes.ok()) << passes.error().to_string();
    ASSERT_EQ(passes->size(), 1U);
    const auto& ours = environment_.redis.front();
    EXPECT_TRUE(RedisPass::is_one(ours));
    EXPECT_EQ(as(ours, {"GET", "k"}), "v");
    EXPECT_THAT(as(killed->endpoint(), {"GET", "k"}), HasSubstr("WRONGPASS"));

    auto second = doors(left);
    const auto closed = close_redis(ours, second.left_closed("redis", ours.name),
                                    [&](const LockedStore& store) { return second.record(store); }, {});
    ASSERT_TRUE(closed.ok()) << closed.error().to_string();
    EXPECT_THAT(closed->users.at("app"), HasSubstr("~app:*"));
    ASSERT_TRUE(open_redis(ours, *closed).ok());
    ASSERT_TRUE(second.opened(*closed).ok());
  }
  EXPECT_EQ(users(), before);
  EXPECT_EQ(as(server_->endpoint(), {"GET", "k"}), "v");
}

TEST_F(RedisDoors, WhatAKilledRestoreClosedCanBeUnlockedByHand) {
  const auto before = users();
  auto target = doors();
  {
    auto pass = RedisPass::make(server_->endpoint(), {}).value();
    ASSERT_TRUE(close_redis(pass.endpoint(), nullptr,
                            [&](const LockedStore& store) { return target.record(store); }, {})
                    .ok());
  }
  const auto record = read_lock(base(), "dev").value();
  ASSERT_TRUE(record.has_value());
  ASSERT_TRUE(unlock(base(), *record, environment_, {}).ok());
  EXPECT_EQ(users(), before);
  EXPECT_FALSE(read_lock(base(), "dev").value().has_value());
}

}  // namespace
}  // namespace summit::recovery
