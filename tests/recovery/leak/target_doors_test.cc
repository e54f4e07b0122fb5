#include "recovery/leak/target_doors.h"

#include <gmock/gmock.h>

#include "tests/stores/redis/helper/world.h"

namespace summit::recovery {
namespace {

using testing::HasSubstr;

class RedisDoors : public testing::Test {
 protected:
  // Of whose users the default one, which the environment means, needs no password.
  void start() {
    server_ = redis::start_server();
    endpoint_ = server_->endpoint();
    as(server_->endpoint(), {"ACL", "SETUSER", "default", "nopass"});
    endpoint_.password = Secret();
    fill();
  }
  // The environment names another user without a password, so that the test can start the server again.
  void start_with_acl_file() {
    EXPECT_TRUE(write_file_durably(acl_file(),
                                   "user default on >of-the-test ~* &* +@all\n"
                                   "user anyone on nopass ~* &* +@all\n")
                    .ok());
    platform::RedisServer::Options options;
    options.password = Secret("of-the-test");
    options.settings = {{"save", "\"\""}, {"aclfile", acl_file()}};
    server_ = platform::RedisServer::create(std::move(options)).value();
    endpoint_ = server_->endpoint();
    endpoint_.user = "anyone";
    endpoint_.password = Secret("whatever");
    fill();
    say({"ACL", "SAVE"});
  }
  void fill() {
    environment_.name = "dev";
    say({"SET", "k", "v"});
    say({"ACL", "SETUSER", "app", "on", ">pw", "~app:*", "+get", "(~other:* +set)"});
  }
  // The environment names a user of its own, who has a password.
  void sign_in_as_keeper() {
    say({"ACL", "SETUSER", "backup", "on", ">secret", "~*", "&*", "+@all"});
    endpoint_.user = "backup";
    endpoint_.password = Secret("secret");
  }

  std::string say(const std::vector<std::string_view>& words) { return as(endpoint_, words); }
  static std::string as(const config::RedisEndpoint& who, const std::vector<std::string_view>& words) {
    auto connection = redis::Connection::open(who);
    if (!connection.ok()) return connection.error().to_string();
    const auto reply = connection->call(words);
    return reply.ok() ? reply->text : reply.error().to_string();
  }
  config::RedisEndpoint app() const {
    auto endpoint = endpoint_;
    endpoint.user = "app";
    endpoint.password = Secret("pw");
    return endpoint;
  }
  config::RedisEndpoint everybody() const {
    auto endpoint = endpoint_;
    endpoint.user.clear();
    endpoint.password = Secret();
    return endpoint;
  }
  TargetDoors doors(const std::optional<LockRecord>& unfinished = {}) const {
    return {base(), {.environment = "dev", .restore = "r", .reason = "a test", .stores = {}}, unfinished};
  }
  Result<LockedStore> close(const RedisPass& pass, TargetDoors& target) const {
    return close_redis(pass.endpoint(), pass.keeper(), target.left_closed("redis", endpoint_.name),
                       [&](const LockedStore& store) { return target.record(store); }, {});
  }
  // What kill -9 leaves: nothing is tidied up.
  LockRecord closed_by_a_killed_restore() {
    auto target = doors();
    auto pass = RedisPass::make(endpoint_, {}).value();
    EXPECT_TRUE(close(pass, target).ok());
    killed_.push_back(std::make_unique<RedisPass>(std::move(pass)));
    return read_lock(base(), "dev").value().value();
  }
  void expect_nobody_may_do_anything(const std::vector<config::RedisEndpoint>& users) const {
    for (const auto& user : users) {
      EXPECT_THAT(as(user, {"GET", "k"}), HasSubstr("NOPERM")) << user.user;
      EXPECT_THAT(as(user, {"ACL", "SETUSER", user.user.empty() ? "default" : user.user, "~*", "+@all"}),
                  HasSubstr("NOPERM"))
          << user.user;
      EXPECT_THAT(as(user, {"ACL", "LIST"}), HasSubstr("NOPERM")) << user.user;
    }
  }
  void enter_and_open(const LockRecord& left) {
    environment_.redis = {endpoint_};
    const auto passes = enter_closed(base(), environment_, left, {});
    ASSERT_TRUE(passes.ok()) << passes.error().to_string();
    ASSERT_EQ(passes->size(), 1U);
    const auto& ours = environment_.redis.front();
    EXPECT_TRUE(RedisPass::is_one(ours));
    EXPECT_EQ(as(ours, {"GET", "k"}), "v");
    auto second = doors(left);
    const auto closed = close_redis(ours, "", second.left_closed("redis", ours.name),
                                    [&](const LockedStore& store) { return second.record(store); }, {});
    ASSERT_TRUE(closed.ok()) << closed.error().to_string();
    EXPECT_THAT(closed->users.at("app"), HasSubstr("~app:*"));
    ASSERT_TRUE(open_redis(ours, *closed).ok());
    ASSERT_TRUE(second.opened(*closed).ok());
  }
  void restart() {
    ASSERT_TRUE(server_->stop().ok());
    ASSERT_TRUE(server_->start().ok());
  }

  fs::path base() const { return directory_.path(); }
  fs::path acl_file() const { return base() / "users.acl"; }
  std::vector<std::string> users() {
    auto connection = redis::Connection::open(endpoint_).value();
    return redis::texts_of(connection.call({"ACL", "LIST"}).value());
  }

  TemporaryDirectory directory_ =
      TemporaryDirectory::create(fs::temp_directory_path(), "summit-doors-").value();
  std::unique_ptr<platform::RedisServer> server_;
  config::RedisEndpoint endpoint_;
  config::Environment environment_;
  std::vector<std::unique_ptr<RedisPass>> killed_;
};

TEST_F(RedisDoors, OnlyThePassGetsInAndEverybodyHasTheirRightsAfterwards) {
  start();
  const auto before = users();
  auto target = doors();
  auto session = redis::Connection::open(endpoint_).value();
  {
    auto pass = RedisPass::make(endpoint_, {}).value();
    const auto closed = close(pass, target);
    ASSERT_TRUE(closed.ok()) << closed.error().to_string();
    EXPECT_EQ(as(pass.endpoint(), {"GET", "k"}), "v");
    EXPECT_FALSE(session.call({"GET", "k"}).ok()) << "a session that was there";
    EXPECT_THAT(as(app(), {"GET", "app:k"}), HasSubstr("NOPERM"));
    EXPECT_THAT(as(app(), {"SET", "other:k", "v"}), HasSubstr("NOPERM"));
    expect_nobody_may_do_anything({everybody(), app()});
    EXPECT_TRUE(read_lock(base(), "dev").value()->unfinished);
    ASSERT_TRUE(open_redis(pass.endpoint(), *closed).ok());
    ASSERT_TRUE(target.opened(*closed).ok());
  }
  EXPECT_EQ(users(), before) << "and the pass is gone";
  EXPECT_FALSE(read_lock(base(), "dev").value().has_value());
}

TEST_F(RedisDoors, OfUsersWithPasswordsOnlyTheConfiguredOneMayOpenAgain) {
  start();
  sign_in_as_keeper();
  auto target = doors();
  {
    const auto pass = RedisPass::make(endpoint_, {}).value();
    EXPECT_EQ(pass.keeper(), "backup");
    const auto closed = close(pass, target);
    ASSERT_TRUE(closed.ok()) << closed.error().to_string();
    EXPECT_TRUE(closed->key.empty());
  }
  expect_nobody_may_do_anything({everybody(), app()});
  EXPECT_THAT(say({"GET", "k"}), HasSubstr("NOPERM"));
  EXPECT_EQ(say({"ACL", "SETUSER", "backup", "~*", "+@all"}), "OK");
  EXPECT_EQ(say({"GET", "k"}), "v");
}

// Everybody is the configured user then, so it may open nothing: the record can.
TEST_F(RedisDoors, WithoutAPasswordOnlyTheRecordOpensAndOnlyItsOwnerReadsIt) {
  start();
  const auto before = users();
  const auto left = closed_by_a_killed_restore();
  EXPECT_EQ(left.stores.front().keeper, "");
  EXPECT_GE(left.stores.front().key.reveal().size(), 32U);
  EXPECT_EQ(fs::status(base() / ".locks" / "dev.json").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(base() / ".locks").permissions(), fs::perms::owner_all);
  expect_nobody_may_do_anything({everybody(), app()});
  environment_.redis = {endpoint_};
  const auto opened = unlock(base(), left, environment_, {});
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  EXPECT_EQ(users(), before);
}

TEST_F(RedisDoors, NothingIsClosedBeforeItCanBeOpenedAgain) {
  start();
  const auto before = users();
  {
    auto pass = RedisPass::make(endpoint_, {}).value();
    const auto full = [](const LockedStore&) {
      return Result<void>(Error(Code::kNoSpace, "the disk is full"));
    };
    EXPECT_EQ(close_redis(pass.endpoint(), pass.keeper(), nullptr, full, {}).error().code(), Code::kNoSpace);
  }
  EXPECT_EQ(users(), before);
}

TEST_F(RedisDoors, WhatAKilledRestoreClosedIsEnteredAndOpenedByTheNext) {
  start();
  const auto before = users();
  enter_and_open(closed_by_a_killed_restore());
  EXPECT_EQ(users(), before);
  EXPECT_EQ(say({"GET", "k"}), "v");
}

TEST_F(RedisDoors, WhatAKilledRestoreClosedIsEnteredByTheUserWhoKeepsAcl) {
  start();
  sign_in_as_keeper();
  const auto before = users();
  enter_and_open(closed_by_a_killed_restore());
  EXPECT_EQ(users(), before);
  EXPECT_EQ(say({"GET", "k"}), "v");
}

// The next one stops before it opens the server: the only key must not be lost.
TEST_F(RedisDoors, WhatIsEnteredAndNotOpenedCanBeEnteredAgain) {
  start();
  const auto left = closed_by_a_killed_restore();
  environment_.redis = {endpoint_};
  ASSERT_TRUE(enter_closed(base(), environment_, left, {}).ok());
  expect_nobody_may_do_anything({everybody()});
  enter_and_open(left);
  EXPECT_EQ(say({"GET", "k"}), "v");
}

TEST_F(RedisDoors, AServerThatForgotThatItWasClosedIsEnteredToo) {
  start();
  const auto left = closed_by_a_killed_restore();
  restart();
  as(server_->endpoint(), {"ACL", "SETUSER", "default", "nopass"});
  fill();
  EXPECT_EQ(say({"GET", "k"}), "v");
  enter_and_open(left);
  EXPECT_EQ(say({"GET", "k"}), "v");
}

TEST_F(RedisDoors, WithAnAclFileANewStartKeepsItClosedAndOpen) {
  start_with_acl_file();
  const auto before = users();
  const auto left = closed_by_a_killed_restore();
  EXPECT_EQ(left.stores.front().caveat, "");
  restart();
  expect_nobody_may_do_anything({endpoint_, app(), server_->endpoint()});
  environment_.redis = {endpoint_};
  const auto opened = unlock(base(), left, environment_, {});
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  restart();
  EXPECT_EQ(users(), before) << "nothing of the restore is in the file";
  EXPECT_EQ(say({"SET", "k", "v"}), "OK");
}

TEST_F(RedisDoors, WithoutAnAclFileTheLockSaysThatANewStartLiftsIt) {
  start();
  auto target = doors();
  auto pass = RedisPass::make(endpoint_, {}).value();
  const auto closed = close(pass, target);
  ASSERT_TRUE(closed.ok()) << closed.error().to_string();
  EXPECT_THAT(closed->caveat, HasSubstr("keep it stopped"));
}

TEST_F(RedisDoors, WhoWasMadeMeanwhileIsNamedAndLosesEverythingWithTheNextClosing) {
  start();
  auto target = doors();
  auto pass = RedisPass::make(endpoint_, {}).value();
  const auto closed = close(pass, target);
  ASSERT_TRUE(closed.ok()) << closed.error().to_string();
  EXPECT_THAT(strangers_in(pass.endpoint(), *closed).value(), testing::IsEmpty());
  as(pass.endpoint(), {"ACL", "SETUSER", "stranger", "on", ">s", "~*", "+@all"});
  EXPECT_THAT(strangers_in(pass.endpoint(), *closed).value(), testing::ElementsAre("stranger"));
  const auto again = close_redis(pass.endpoint(), closed->keeper, &*closed,
                                 [](const LockedStore&) { return Result<void>(); }, {});
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  auto stranger = endpoint_;
  stranger.user = "stranger";
  stranger.password = Secret("s");
  expect_nobody_may_do_anything({stranger, everybody()});
  EXPECT_THAT(again->users.at("stranger"), HasSubstr("+@all"));
  EXPECT_THAT(again->users.at("app"), HasSubstr("~app:*"));
}

// A session that watches all commands, or waits for a key, would be told what is restored.
TEST_F(RedisDoors, OpenSessionsEnd) {
  start();
  auto watching = redis::Connection::open(endpoint_).value();
  ASSERT_TRUE(watching.call({"MONITOR"}).ok());
  const auto left = closed_by_a_killed_restore();
  as(killed_.front()->endpoint(), {"SET", "restored", "original"});
  std::vector<std::string> heard;
  for (auto reply = watching.call({"PING"}); reply.ok(); reply = watching.call({"PING"}))
    heard.push_back(reply->text);
  EXPECT_THAT(heard, testing::Not(testing::Contains(HasSubstr("original"))));
}

TEST_F(RedisDoors, AUserWithoutAclIsRefusedAndNothingIsChanged) {
  start();
  EXPECT_TRUE(check_closable(endpoint_, {}).ok());
  say({"ACL", "SETUSER", "backup", "on", ">secret", "~*", "&*", "+@all", "-acl"});
  const auto before = users();
  auto denied = endpoint_;
  denied.user = "backup";
  denied.password = Secret("secret");
  const auto refused = check_closable(denied, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kRefused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("--datastores"));
  EXPECT_EQ(users(), before);
}

}  // namespace
}  // namespace summit::recovery
