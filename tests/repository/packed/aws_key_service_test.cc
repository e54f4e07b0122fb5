// The slots of a key service, against a server that speaks AWS's protocol.
#include "repository/packed/aws_key_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/digest.h"
#include "devtools/platform/kms_server.h"
#include "repository/packed/slot_store.h"
#include "tests/storage/testing/memory_store.h"

namespace summit::repository::packed {
namespace {

using testing::HasSubstr;

class AwsKeyServiceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto created = platform::KmsServer::create();
    ASSERT_TRUE(created.ok()) << created.error().to_string();
    server = std::move(*created);
  }
  static void TearDownTestSuite() { server.reset(); }

  static AwsKeyService service_at(const std::string& url) {
    AwsKeyServiceSettings settings;
    settings.endpoint_url = url;
    settings.retry = {
        .attempts = 2, .base = std::chrono::milliseconds(1), .longest = std::chrono::milliseconds(1)};
    return {settings, storage::AwsIdentity::fixed({"AKIDEXAMPLE", Secret("secret access key")})};
  }
  static ServiceKey new_key() {
    auto arn = server->create_key();
    EXPECT_TRUE(arn.ok()) << arn.error().to_string();
    return {*arn, server->region()};
  }

  static inline std::unique_ptr<platform::KmsServer> server;  // one start for all cases
  const EncryptionContext context{{"summit-dr-repository", "one"}};
  const Cancellation never{};
};

TEST_F(AwsKeyServiceTest, GivesADataKeyThatOpensUnderTheSameContextOnly) {
  AwsKeyService service = service_at(server->url());
  const ServiceKey key = new_key();
  const auto data_key = service.generate_data_key(key, context, never);
  ASSERT_TRUE(data_key.ok()) << data_key.error().to_string();
  EXPECT_EQ(data_key->plain.reveal().size(), 32u);
  EXPECT_EQ(data_key->key_id, key.id);
  const auto opened = service.decrypt(key, data_key->encrypted, context, never);
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  EXPECT_EQ(opened->reveal(), data_key->plain.reveal());

  const auto elsewhere = service.decrypt(key, data_key->encrypted, {{"summit-dr-repository", "two"}}, never);
  EXPECT_EQ(elsewhere.error().code(), Code::kWrongKey);
  const auto second = service.generate_data_key(key, context, never);
  EXPECT_NE(second->plain.reveal(), data_key->plain.reveal());
}

TEST_F(AwsKeyServiceTest, SaysWhatIsWrongWithAKey) {
  AwsKeyService service = service_at(server->url());
  const ServiceKey key = new_key();
  const auto data_key = service.generate_data_key(key, context, never);
  EXPECT_EQ(service.decrypt(key, "rubbish", context, never).error().code(), Code::kWrongKey);
  EXPECT_EQ(service.generate_data_key({"alias/nobody", server->region()}, context, never).error().code(),
            Code::kNotFound);
  const auto foreign = service.decrypt(new_key(), data_key->encrypted, context, never);
  EXPECT_EQ(foreign.error().code(), Code::kDenied) << foreign.error().to_string();
  EXPECT_THAT(foreign.error().hint(), HasSubstr("kms:Decrypt"));
}

TEST_F(AwsKeyServiceTest, AServiceThatDoesNotAnswerIsUnreachable) {
  const auto port = platform::free_port();
  AwsKeyService service = service_at(fmt::format("http://127.0.0.1:{}", *port));
  EXPECT_EQ(service.generate_data_key({"alias/x", "us-west-2"}, context, never).error().code(),
            Code::kUnreachable);
}

TEST_F(AwsKeyServiceTest, OpensARepositoryWithoutAPassphrase) {
  AwsKeyService service = service_at(server->url());
  storage::MemoryStore store;
  const RepositoryId id = RepositoryId::random();
  const auto keyring = Keyring::create(id);
  SlotStore slots(store, id, &service);
  ASSERT_TRUE(slots.create_first(*keyring, {new_key(), "recovery account", {}}).ok());
  const auto opened = slots.open({});
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  EXPECT_EQ(opened->keyring.to_json().reveal(), keyring->to_json().reveal());

  // The same slot under another repository's name: the context differs, so KMS itself refuses.
  std::string text = store.contents().at("repository/keys/generation-1");
  const RepositoryId other = RepositoryId::random();
  text.replace(text.find(id.to_hex()), 32, other.to_hex());
  const std::string lines = text.substr(0, text.find('\n', text.find('\n') + 1) + 1);
  store.set("repository/keys/generation-1", lines + to_hex(sha256(as_bytes(lines))) + "\n");
  EXPECT_EQ(SlotStore(store, other, &service).open({}).error().code(), Code::kWrongKey);
}

TEST(AwsKeyServiceSettings, TakeTheKmsEndpointBeforeTheCommonOne) {
  std::map<std::string, std::string> variables{{"AWS_REGION", "eu-west-1"},
                                               {"AWS_ENDPOINT_URL", "http://all"}};
  const auto settings = [&] {
    return *key_service_settings_from([&](const std::string& name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
  };
  EXPECT_EQ(settings().endpoint_url, "http://all");
  variables["AWS_ENDPOINT_URL_KMS"] = "http://kms/";
  EXPECT_EQ(settings().endpoint_url, "http://kms");
  EXPECT_EQ(settings().region, "eu-west-1");
}

}  // namespace
}  // namespace summit::repository::packed
