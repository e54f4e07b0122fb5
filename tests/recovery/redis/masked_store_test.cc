// An RDB of a backup, looked through, shown and masked without a target; the stock redis-server loads it.
#include "recovery/masked_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/masking/make_rules.h"
#include "tests/recovery/one_artifact.h"
#include "tests/stores/redis/helper/world.h"

namespace summit::recovery {
namespace {

using redis::run;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class MaskedRedisStore : public testing::Test {
 protected:
  void SetUp() override {
    auto connection = redis::connect(*server_);
    for (int i = 0; i < 100; ++i)
      run(connection, {"HSET", "user:" + std::to_string(i), "email",
                       "needle" + std::to_string(i) + "@secret.org", "plan", "gold"});
    run(connection, {"SET", "session:abc", "needle@secret.org"});
    run(connection, {"SET", "counter", "12"});
    auto copy = redis::copy_of(server_->endpoint());
    ASSERT_TRUE(copy.ok()) << copy.error().to_string();
    backup_ = std::make_unique<OneArtifact>("redis", "redis.rdb", std::move(copy->rdb));
  }

  void rules(const std::string& list) {
    auto read = masking::read_rules("key: {env: K}\nrules:\n  redis:\n" + list);
    ASSERT_TRUE(read.ok()) << read.error().message();
    session_.rules = *std::move(read);
    session_.key = masking::test_key();
    context_.emplace(RestoreContext{.configuration = configuration_,
                                    .environment = environment_,
                                    .backup = *backup_,
                                    .reporter = reporter_,
                                    .cancellation = {},
                                    .sealing_key = {},
                                    .workspace = {},
                                    .masking = &session_});
    store_ = make_masked_redis(*context_, backup_->component());
  }

  std::unique_ptr<platform::RedisServer> server_ = redis::start_server();
  std::unique_ptr<OneArtifact> backup_;
  config::Configuration configuration_;
  config::Environment environment_;
  SilentReporter reporter_;
  masking::Session session_;
  std::optional<RestoreContext> context_;
  std::unique_ptr<MaskedStore> store_;
};

TEST_F(MaskedRedisStore, StockServerLoadsTheMaskedFile) {
  rules(
      "    - {key: \"user:*\", fields: {email: {pseudonym: email}}}\n    - {key: \"session:*\", drop: "
      "true}\n");
  const auto audit = store_->audit();
  ASSERT_TRUE(audit.ok()) << audit.error().to_string();
  EXPECT_THAT(audit->findings, IsEmpty());
  EXPECT_EQ(audit->counts.at("keys"), 101u);
  std::string masked;
  const auto written = store_->write("redis.rdb", [&](ByteView bytes) -> Result<void> {
    masked += as_text(bytes);
    return {};
  });
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  EXPECT_EQ(masked.find("secret.org"), std::string::npos);

  const auto stock = redis::start_server();
  ASSERT_TRUE(stock->stop().ok());
  ASSERT_TRUE(write_file_durably(stock->data_directory() / "data" / "dump.rdb", masked).ok());
  ASSERT_TRUE(stock->start().ok()) << stock->log_tail();
  EXPECT_EQ(run(*stock, {"DBSIZE"}), "101");
  EXPECT_THAT(run(*stock, {"HGET", "user:7", "email"}), HasSubstr("@example.com"));
  EXPECT_EQ(run(*stock, {"HGET", "user:7", "plan"}), "gold");
  EXPECT_EQ(run(*stock, {"EXISTS", "session:abc"}), "0");
}

TEST_F(MaskedRedisStore, WhatNoRuleCoversIsFoundByItsFamilyAndNoFileIsGiven) {
  rules("    - {key: \"session:*\", drop: true}\n");
  const auto audit = store_->audit();
  ASSERT_TRUE(audit.ok()) << audit.error().to_string();
  ASSERT_THAT(audit->findings, Contains(Field(&AuditFinding::place, "user:*.email")));
  const auto refused = store_->write("redis.rdb", [](ByteView) -> Result<void> {
    ADD_FAILURE() << "bytes were given";
    return {};
  });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kRefused);
  EXPECT_THAT(refused.error().message(),
              HasSubstr("- {key: \"user:*\", fields: {\"email\": {pseudonym: email}}}"));
  EXPECT_THAT(refused.error().message(), Not(HasSubstr("needle")));
}

TEST_F(MaskedRedisStore, ThePreviewShowsAFewValuesOfEachPlace) {
  rules(
      "    - {key: \"user:*\", fields: {email: {pseudonym: email}}}\n    - {key: \"session:*\", value: "
      "remove}\n");
  const auto values = store_->preview(2);
  ASSERT_TRUE(values.ok()) << values.error().to_string();
  ASSERT_EQ(values->size(), 3u);
  EXPECT_EQ(values->at(0).table, "session:*");
  EXPECT_EQ(values->at(0).before, "needle@secret.org");
  EXPECT_EQ(values->at(0).after, std::nullopt);
  EXPECT_EQ(values->at(2).table, "user:*:email");
  EXPECT_THAT(values->at(2).after.value_or(""), HasSubstr("@example.com"));
}

}  // namespace
}  // namespace summit::recovery
