// Redis restored into a masked environment: what the rules say becomes of the keys, and what stops the run.
#include "recovery/redis_mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "core/time.h"
#include "devtools/sample/redis_sample.h"
#include "tests/masking/make_rules.h"
#include "tests/stores/redis/helper/world.h"

namespace summit::recovery {
namespace {

using redis::run;
using redis::start_server;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// "place: original > replacement", for looking through.
class Listener final : public masking::ReplacedValues {
 public:
  void add(std::string_view original, std::string_view replacement, std::string_view place) override {
    const std::lock_guard lock(mutex_);
    told_.push_back(fmt::format("{}: {} > {}", place, original, replacement));
  }
  const std::vector<std::string>& told() const { return told_; }

 private:
  std::mutex mutex_;
  std::vector<std::string> told_;
};

// A server whose data are masked into another by rules.
class RedisMasking : public testing::Test {
 protected:
  void rules(const std::string& list, const std::string& harmless = "[]") {
    auto read = masking::read_rules("key: {env: K}\nrules:\n  redis:\n" + list +
                                    "\nharmless:\n  redis: " + harmless + "\n");
    ASSERT_TRUE(read.ok()) << read.error().message();
    session_.rules = *std::move(read);
    session_.key = masking::test_key();
    session_.replaced = &listener_;
  }
  std::string say(const std::vector<std::string_view>& words) { return run(connection_, words); }
  std::string ask(const std::vector<std::string_view>& words) { return run(*target_, words); }

  // As a restore does it: look through, then fill the target.
  Result<void> mask() {
    ASSIGN_OR_RETURN(const auto copy, redis::copy_of(source_->endpoint()));
    const auto source = redis::source_of(copy.rdb);
    masking::Findings findings(session_.rules, session_.level);
    RedisMask looking(session_, nullptr, &findings);
    RETURN_IF_ERROR(redis::inspect(redis::edited(source, looking)));
    RETURN_IF_ERROR(findings.verdict("redis"));
    RedisMask masking(session_, session_.replaced);
    masked_.clear();
    RETURN_IF_ERROR(redis::edited(source, masking)([&](ByteView bytes) -> Result<void> {
      masked_ += as_text(bytes);
      return {};
    }));
    RETURN_IF_ERROR(redis::restore_into(*target_, masked_));
    return {};
  }
  void must_mask() {
    const auto masked = mask();
    ASSERT_TRUE(masked.ok()) << masked.error().to_string();
  }
  std::string refusal() {
    const auto masked = mask();
    EXPECT_FALSE(masked.ok());
    return masked.ok() ? "" : masked.error().to_string();
  }

  std::unique_ptr<platform::RedisServer> source_ = start_server();
  redis::Connection connection_ = redis::connect(*source_);
  std::unique_ptr<platform::RedisServer> target_ = start_server();
  masking::Session session_;
  Listener listener_;
  std::string masked_;
};

TEST_F(RedisMasking, EveryTypeIsMaskedInEveryEncoding) {
  rules(R"(
    - {key: "user:*", fields: {email: {pseudonym: email}, token: remove}}
    - {key: "mail:*", value: {pseudonym: email}}
    - {key: "doc:*", value: {json: {"$.owner.email": {pseudonym: email}}}}
    - {key: "session:*", drop: true}
)");
  const std::string padding(3000, 'p');
  say({"HSET", "user:1", "email", "ada@lovelace.org", "token", "x", "plan", "free"});
  say({"HSET", "user:2", "email", "bob@builder.org", "plan", padding});
  say({"SET", "mail:text", "ada@lovelace.org"});
  say({"RPUSH", "mail:list", "ada@lovelace.org", "bob@builder.org"});
  say({"SADD", "mail:set", "ada@lovelace.org", "bob@builder.org"});
  say({"ZADD", "mail:sorted", "1.5", "ada@lovelace.org", "2", "bob@builder.org"});
  say({"XADD", "user:log", "5-1", "email", "ada@lovelace.org", "what", "login"});
  say({"XADD", "user:log", "7-1", "what", "logout"});
  say({"XGROUP", "CREATE", "user:log", "readers", "5-1"});
  say({"SET", "doc:1", R"({"id": 7, "owner": {"email": "ada@lovelace.org"}})"});
  say({"HSET", "session:abc", "email", "eve@example.org"});
  say({"SET", "counter", "17"});
  must_mask();

  const std::string ada = ask({"GET", "mail:text"});
  EXPECT_THAT(ada, AllOf(HasSubstr("@example.com"), Not(HasSubstr("ada"))));
  EXPECT_EQ(ask({"HGET", "user:1", "email"}), ada) << "equal in every key";
  EXPECT_EQ(ask({"HGET", "user:1", "plan"}), "free");
  EXPECT_EQ(ask({"HEXISTS", "user:1", "token"}), "0");
  EXPECT_EQ(ask({"HGET", "user:2", "plan"}), padding);
  const std::string bob = ask({"HGET", "user:2", "email"});
  EXPECT_EQ(ask({"LRANGE", "mail:list", "0", "-1"}), ada + " " + bob);
  EXPECT_EQ(ask({"SISMEMBER", "mail:set", ada}), "1");
  EXPECT_EQ(ask({"ZSCORE", "mail:sorted", ada}), "1.5");
  EXPECT_THAT(ask({"XRANGE", "user:log", "-", "+"}), AllOf(HasSubstr(ada), HasSubstr("logout")));
  EXPECT_EQ(ask({"XLEN", "user:log"}), "2");
  EXPECT_THAT(ask({"XINFO", "GROUPS", "user:log"}), HasSubstr("readers"));
  EXPECT_EQ(ask({"XADD", "user:log", "8-1", "what", "goes on"}), "8-1");
  EXPECT_EQ(ask({"GET", "doc:1"}), R"({"id": 7, "owner": {"email": ")" + ada + "\"}}");
  EXPECT_EQ(ask({"EXISTS", "session:abc"}), "0");
  EXPECT_EQ(ask({"DUMP", "counter"}), say({"DUMP", "counter"})) << "byte for byte";
  EXPECT_THAT(masked_, Not(HasSubstr("lovelace")));

  EXPECT_THAT(listener_.told(), Contains("redis:user:*:email: ada@lovelace.org > " + ada));
  EXPECT_THAT(listener_.told(), Contains("redis:user:*:token: x > "));
  EXPECT_THAT(listener_.told(), Contains("redis:doc:*: ada@lovelace.org > " + ada)) << "not the document";
}

TEST_F(RedisMasking, WhatLooksPrivateStopsTheRunWithRulesThatMendIt) {
  rules("    - {key: \"session:*\", drop: true}");
  say({"HSET", "profile:17", "contact_email", "x", "note", "call ada@lovelace.org"});
  say({"SET", "last:17", "10.1.2.3"});
  say({"RPUSH", "queue:out", R"({"to": {"phone": "1"}})"});
  say({"SET", "lock:ada@lovelace.org:x", "1"});
  say({"HSET", "emails", "bob@builder.org", "17"});
  say({"XADD", "events", "1-1", "who", "x"});
  say({"XGROUP", "CREATE", "events", "eve@example.org", "0"});
  say({"FUNCTION", "LOAD",
       "#!lua name=l\n-- ask ada@lovelace.org\nredis.register_function('l', function() return 1 end)"});
  const auto text = refusal();
  EXPECT_THAT(text, HasSubstr("profile:*.contact_email: e-mail address"));
  EXPECT_THAT(text, HasSubstr("{key: \"profile:*\", fields: {\"note\": {pseudonym: email}}}"));
  EXPECT_THAT(text, HasSubstr("last:*: IP address"));
  EXPECT_THAT(text, HasSubstr("queue:*: phone number"));
  EXPECT_THAT(text, HasSubstr("{key: \"lock:*:*\", rename: {pseudonym: email}}"));
  EXPECT_THAT(text, HasSubstr("{key: \"emails\", field_names: {pseudonym: email}}"));
  EXPECT_THAT(text, HasSubstr("events, a group or consumer of the stream: e-mail address"));
  EXPECT_THAT(text, HasSubstr("functions(): e-mail address"));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("ada")), Not(HasSubstr("bob")), Not(HasSubstr("eve@"))));
  EXPECT_EQ(ask({"DBSIZE"}), "0") << "nothing was written";

  // The rules that it shows, pasted.
  std::string list;
  for (size_t at = text.find("- {"); at != std::string::npos; at = text.find("- {", at + 1))
    list += "    " + text.substr(at, text.find('\n', at) - at) + "\n";
  rules(list);
  must_mask();
  EXPECT_THAT(masked_, AllOf(Not(HasSubstr("lovelace")), Not(HasSubstr("builder")), Not(HasSubstr("10.1."))));
}

// Each as the only odd place of a server whose names say nothing.
TEST_F(RedisMasking, PlantedSecretsStopTheRunWhereverTheyLie) {
  rules("    - {key: \"user:*\", fields: {email: {pseudonym: email}}}\n");
  using Words = std::vector<std::string_view>;
  const std::vector<Words> plantings = {
      {"SET", "a:1", "ada@lovelace.org"},
      {"SET", "a:1", "write to ada@lovelace.org, please"},
      {"SET", "a:1", R"({"x": [1, {"y": "ada@lovelace.org"}]})"},
      {"SET", "a:1", R"({"ada@lovelace.org": 1})"},
      {"SET", "a:1", "4111111111111111"},
      {"SET", "a:1", std::string_view("\0\x01 ada@lovelace.org \xff", 20)},
      {"SET", "ada@lovelace.org", "x"},
      {"SET", "mail:ada@lovelace.org:seen", "1"},
      {"HSET", "a:1", "b", "ada@lovelace.org"},
      {"HSET", "a:1", "ada@lovelace.org", "1"},
      {"HSET", "user:1", "other", "ada@lovelace.org"},
      {"HSET", "a:1", "password", "x"},
      {"RPUSH", "a:1", "x", "ada@lovelace.org"},
      {"SADD", "a:1", "x", "ada@lovelace.org"},
      {"SADD", "a:1", "4111111111111111", "2"},
      {"ZADD", "a:1", "1", "ada@lovelace.org"},
      {"XADD", "a:1", "1-1", "b", "ada@lovelace.org"},
      {"XADD", "a:1", "1-1", "ada@lovelace.org", "b"},
      {"XGROUP", "CREATE", "a:1", "ada@lovelace.org", "0", "MKSTREAM"},
      {"FUNCTION", "LOAD",
       "#!lua name=odd\nredis.register_function('odd', function() return 'ada@lovelace.org' end)"},
      {"GEOADD", "a:1", "1", "2", "ada@lovelace.org"},
      {"APPEND", "a:1", "IBAN NO93 8601 1117 947"},
  };
  for (const auto& planting : plantings) {
    for (const char* db : {"0", "5"}) {
      say({"FLUSHALL"});
      say({"FUNCTION", "FLUSH"});
      say({"SELECT", db});
      say(planting);
      const auto words = refusal();
      EXPECT_NE(words, "") << planting[0] << " " << planting[1] << " in database " << db;
      EXPECT_THAT(words, Not(HasSubstr("lovelace")));
    }
  }
}

TEST_F(RedisMasking, NamesOfKeysAndFieldsThatArePrivateAreReplaced) {
  rules(R"(
    - {key: "seen:*:by", rename: {pseudonym: email}}
    - {key: "mail:*", value: {pseudonym: email}}
    - {key: "emails", field_names: {pseudonym: email}}
)");
  say({"SET", "seen:ada@lovelace.org:by", "1"});
  say({"SET", "mail:1", "ada@lovelace.org"});
  say({"HSET", "emails", "ada@lovelace.org", "17"});
  must_mask();
  const std::string ada = ask({"GET", "mail:1"});
  EXPECT_EQ(ask({"GET", "seen:" + ada + ":by"}), "1");
  EXPECT_EQ(ask({"HGET", "emails", ada}), "17");
  EXPECT_THAT(masked_, Not(HasSubstr("lovelace")));
}

TEST_F(RedisMasking, WhatRenameLeavesOfAKeysNameIsLookedAt) {
  rules("    - {key: \"*:profile:*\", rename: {hash: 16}, value: remove}\n");
  say({"SET", "acme:profile:ada@lovelace.org", "1"});
  const auto text = refusal();
  EXPECT_THAT(text, HasSubstr("what `rename` leaves of the key's name: e-mail address"));
  EXPECT_THAT(text, Not(HasSubstr("ada")));
}

TEST_F(RedisMasking, AValueThatIsNoJsonEndsTheRunAndIsNotShown) {
  rules("    - {key: \"doc:*\", value: {json: {\"$.email\": remove}}}");
  say({"SET", "doc:1", "{\"email\": \"ada@lovelace.org\""});
  const auto text = refusal();
  EXPECT_THAT(text, HasSubstr("is not the JSON"));
  EXPECT_THAT(text, Not(HasSubstr("ada")));
  EXPECT_EQ(ask({"DBSIZE"}), "0");
}

TEST_F(RedisMasking, ADeclarationDoesNotCoverWhatCameIntoThePlaceSince) {
  rules("    - {key: \"session:*\", drop: true}", "[\"settings:*\"]");
  say({"HSET", "settings:1", "phone_support", "yes"});
  must_mask();
  say({"HSET", "settings:2", "phone_support", "+47 912 34 567"});
  EXPECT_THAT(refusal(), HasSubstr("settings:*.phone_support: phone number"));
}

// Nothing of the platform's keys stops a restore into development, and nothing of its people is left.
TEST_F(RedisMasking, TheShippedRulesCoverTheSample) {
  const int64_t seconds = std::chrono::floor<std::chrono::seconds>(now().time_since_epoch()).count();
  const sample::World world(7, 0.02, seconds);
  ASSERT_TRUE(sample::fill_redis(source_->endpoint(), world, seconds).ok());
  session_.rules = masking::shipped_rules();
  session_.key = masking::test_key();
  must_mask();
  EXPECT_EQ(ask({"EXISTS", "user:1", "stream:events", "leaderboard:acme"}),
            say({"EXISTS", "user:1", "stream:events", "leaderboard:acme"}));
  const std::string email = say({"HGET", "user:1", "email"});
  EXPECT_NE(email, "");
  EXPECT_THAT(masked_, AllOf(Not(HasSubstr(email)), Not(HasSubstr("session:"))));
  EXPECT_THAT(ask({"HGET", "user:1", "email"}), HasSubstr("@example.com"));
}

}  // namespace
}  // namespace summit::recovery
