#include "storage/open_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/files.h"
#include "tests/storage/testing/scripted_bucket.h"

namespace summit::storage {
namespace {

using testing::HasSubstr;

VariableLookup lookup(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(OpenStore, ADirectoryIsOpenedByItsPath) {
  const auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "open-store-").value();
  const std::string path = directory.path() / "repository";
  EXPECT_EQ(open_store(path).error().code(), Code::kRepositoryMissing);
  const auto store = open_store(path, {.create_directory = true});
  ASSERT_TRUE(store.ok());
  EXPECT_EQ((*store)->describe(), path);
  EXPECT_TRUE(open_store(path).ok());
}

TEST(OpenStore, ABucketIsOpenedWithTheVariablesOfAws) {
  ScriptedBucket bucket;
  OpenOptions options;
  options.variables = lookup({{"AWS_ENDPOINT_URL", "http://127.0.0.1:1"},
                              {"AWS_ENDPOINT_URL_S3", bucket.server().url()},
                              {"AWS_REGION", "eu-west-1"},
                              {"AWS_ACCESS_KEY_ID", "AKID"},
                              {"AWS_SECRET_ACCESS_KEY", "secret"},
                              {"AWS_SESSION_TOKEN", "token"}});
  const auto store = open_store("s3://bucket/dr-backups/", options);
  ASSERT_TRUE(store.ok()) << store.error().to_string();
  EXPECT_EQ((*store)->describe(), "s3://bucket/dr-backups");
  ASSERT_TRUE((*store)->put("packs/a", as_bytes("x")).ok());
  const HttpQuestion put = bucket.server().questions().back();
  EXPECT_EQ(put.path, "/bucket/dr-backups/packs/a");
  EXPECT_THAT(put.header("authorization"), HasSubstr("Credential=AKID/"));
  EXPECT_THAT(put.header("authorization"), HasSubstr("/eu-west-1/s3/aws4_request"));
  EXPECT_EQ(put.header("x-amz-security-token"), "token");
}

TEST(OpenStore, AMissingBucketIsAMissingRepository) {
  ScriptedBucket bucket;
  OpenOptions options{
      .variables = lookup({{"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "secret"}}),
      .s3 = bucket.settings()};
  EXPECT_EQ(open_store("s3://absent-bucket/x", options).error().code(), Code::kRepositoryMissing);
}

TEST(OpenStore, OtherPlacesAreRefused) {
  for (const char* location :
       {"", "gs://bucket", "https://example.com/x", "s3://", "s3://B", "s3://bucket/a b", "s3://a..b/x"}) {
    EXPECT_EQ(open_store(location).error().code(), Code::kUsage) << location;
  }
}

TEST(S3Location, IsTakenApart) {
  EXPECT_FALSE(parse_s3_location("/var/backups").has_value());
  EXPECT_EQ(parse_s3_location("s3://bucket")->prefix, "");
  EXPECT_EQ(parse_s3_location("s3://bucket//a/b/")->prefix, "a/b");
  EXPECT_EQ(parse_s3_location("s3://bucket/a")->bucket, "bucket");
}

TEST(S3Settings, AreReadFromVariables) {
  const auto settings = s3_settings_from(lookup({{"AWS_DEFAULT_REGION", "us-west-2"},
                                                 {"AWS_ENDPOINT_URL", "https://s3.example.com"},
                                                 {"AWS_CA_BUNDLE", "/etc/ca.pem"},
                                                 {"AWS_MAX_ATTEMPTS", "3"},
                                                 {"S3_ADDRESSING_STYLE", "virtual"},
                                                 {"S3_SSE", "aws:kms"},
                                                 {"S3_SSE_KMS_KEY_ID", "alias/backups"},
                                                 {"S3_STORAGE_CLASS", "STANDARD_IA"},
                                                 {"S3_LOCK_MODE", "governance"},
                                                 {"S3_BANDWIDTH_LIMIT", "20MB"},
                                                 {"S3_TIMEOUT", "90s"}}));
  ASSERT_TRUE(settings.ok()) << settings.error().to_string();
  EXPECT_EQ(settings->region, "us-west-2");
  EXPECT_EQ(settings->endpoint_url, "https://s3.example.com");
  EXPECT_EQ(settings->transport.ca_bundle, "/etc/ca.pem");
  EXPECT_EQ(settings->retry.attempts, 3);
  EXPECT_EQ(settings->addressing, Addressing::kVirtualHost);
  EXPECT_EQ(settings->encryption, ServerEncryption::kKms);
  EXPECT_EQ(settings->kms_key_id, "alias/backups");
  EXPECT_EQ(settings->storage_class, "STANDARD_IA");
  EXPECT_EQ(settings->lock_mode, LockMode::kGovernance);
  EXPECT_EQ(settings->transport.bytes_per_second, 20000000u);
  EXPECT_EQ(settings->transport.stall_timeout, std::chrono::seconds(90));
}

TEST(S3Settings, AValueThatMakesNoSenseIsNamed) {
  const std::pair<const char*, const char*> wrong[] = {
      {"S3_SSE", "yes"},         {"S3_ADDRESSING_STYLE", "dns"},
      {"S3_LOCK_MODE", "x"},     {"S3_BANDWIDTH_LIMIT", "fast"},
      {"S3_TIMEOUT", "0s"},      {"AWS_MAX_ATTEMPTS", "many"},
      {"S3_SSE_KMS_KEY_ID", "x"}};
  for (const auto& [name, value] : wrong) {
    const auto settings = s3_settings_from(lookup({{name, value}}));
    ASSERT_FALSE(settings.ok()) << name;
    EXPECT_EQ(settings.error().code(), Code::kConfig);
    EXPECT_THAT(settings.error().message(), HasSubstr(name));
    EXPECT_FALSE(settings.error().hint().empty());
  }
}

TEST(S3Settings, TheProfilesRegionCountsLast) {
  const auto home = TemporaryDirectory::create(fs::temp_directory_path(), "aws-home-").value();
  ASSERT_TRUE(make_directories(home.path() / ".aws").ok());
  ASSERT_TRUE(write_file_durably(home.path() / ".aws/config", "[profile dr]\nregion = eu-north-1\n").ok());
  std::map<std::string, std::string> variables{{"HOME", home.path().string()}, {"AWS_PROFILE", "dr"}};
  EXPECT_EQ(s3_settings_from(lookup(variables))->region, "eu-north-1");
  variables["AWS_REGION"] = "us-east-2";
  EXPECT_EQ(s3_settings_from(lookup(variables))->region, "us-east-2");
}

}  // namespace
}  // namespace summit::storage
