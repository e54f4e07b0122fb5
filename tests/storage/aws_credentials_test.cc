#include "storage/aws_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/files.h"
#include "storage/aws_profile.h"
#include "tests/storage/testing/scripted_bucket.h"

namespace summit::storage {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string in(std::chrono::seconds time) { return to_rfc3339(now() + time); }

std::string json_keys(std::string_view id, std::chrono::seconds lifetime) {
  return fmt::format(
      R"({{"Version": 1, "AccessKeyId": "{}", "SecretAccessKey": "s3cret", "Token": "t0ken", "Expiration": "{}"}})",
      id, in(lifetime));
}

std::string sts_answer(std::string_view action, std::string_view id, std::chrono::seconds lifetime) {
  return fmt::format(
      "<{0}Response "
      "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{0}Result><Credentials><AccessKeyId>{1}</"
      "AccessKeyId>"
      "<SecretAccessKey>s3cret</SecretAccessKey><SessionToken>t0ken</SessionToken><Expiration>{2}</"
      "Expiration>"
      "</Credentials></{0}Result></{0}Response>",
      action, id, in(lifetime));
}

// A home directory and variables that have nothing to do with this machine's.
class Credentials : public testing::Test {
 protected:
  Credentials() {
    variables_["HOME"] = home_.path().string();
    variables_["AWS_EC2_METADATA_DISABLED"] = "true";
  }
  void write(const std::string& name, std::string_view content) {
    const fs::path path = home_.path() / name;
    fs::create_directories(path.parent_path());
    ASSERT_TRUE(write_file_durably(path, content).ok());
  }
  Result<AwsCredentials> find() {
    const auto lookup = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    };
    identity_ = AwsIdentity::from_variables(lookup, {});
    return identity_->credentials({});
  }
  std::string found_id() {
    const auto found = find();
    return found.ok() ? found->access_key_id : found.error().to_string();
  }

  TemporaryDirectory home_ = TemporaryDirectory::create(fs::temp_directory_path(), "aws-home-").value();
  std::map<std::string, std::string> variables_;
  std::shared_ptr<AwsIdentity> identity_;
};

TEST_F(Credentials, AreMissedWithAHint) {
  const auto found = find();
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), Code::kDenied);
  EXPECT_THAT(found.error().hint(), HasSubstr("AWS_ACCESS_KEY_ID"));
}

TEST_F(Credentials, ComeFromTheEnvironmentFirst) {
  write(".aws/credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
  variables_["AWS_ACCESS_KEY_ID"] = "ENVIRONMENT";
  EXPECT_EQ(find().error().code(), Code::kConfig);
  variables_["AWS_SECRET_ACCESS_KEY"] = "s";
  variables_["AWS_SESSION_TOKEN"] = "t";
  const auto found = find();
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->access_key_id, "ENVIRONMENT");
  EXPECT_EQ(found->session_token.reveal(), "t");
}

TEST_F(Credentials, ComeFromTheNamedProfile) {
  write(".aws/credentials",
        "# a comment\n[default]\naws_access_key_id=DEFAULT\naws_secret_access_key=s\n\n[ dr ]\r\n"
        "aws_access_key_id = DR # of the second region\r\naws_secret_access_key = a#b\r\naws_session_token = "
        "t\r\n");
  EXPECT_EQ(found_id(), "DEFAULT");
  variables_["AWS_PROFILE"] = "dr";
  const auto found = find();
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->access_key_id, "DR");
  EXPECT_EQ(found->secret_access_key.reveal(), "a#b");
  variables_["AWS_PROFILE"] = "absent";
  EXPECT_EQ(find().error().code(), Code::kConfig);
}

TEST_F(Credentials, ComeFromTheConfigFileToo) {
  write("elsewhere/config",
        "[profile dr]\nregion = us-east-1\ns3 =\n  addressing_style = path\naws_access_key_id = CONFIG\n"
        "aws_secret_access_key = s\n");
  variables_["AWS_CONFIG_FILE"] = (home_.path() / "elsewhere/config").string();
  variables_["AWS_PROFILE"] = "dr";
  EXPECT_EQ(found_id(), "CONFIG");
  const auto profiles = parse_profiles("[profile dr]\nregion = us-east-1\ns3 =\n  addressing_style = path\n");
  EXPECT_FALSE(profiles.at("dr").contains("addressing_style"));
}

TEST_F(Credentials, ComeFromAProgram) {
  write("keys.json", json_keys("PROGRAM", std::chrono::hours(1)));
  write(".aws/config",
        fmt::format("[default]\ncredential_process = cat \"{}\"\n", (home_.path() / "keys.json").string()));
  const auto found = find();
  ASSERT_TRUE(found.ok()) << found.error().to_string();
  EXPECT_EQ(found->access_key_id, "PROGRAM");
  EXPECT_TRUE(found->expires.has_value());

  write("keys.json", "{\"AccessKeyId\": \"s3cret-looking\"}");
  const auto none = find();
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(none.error().to_string(), Not(HasSubstr("s3cret-looking")));
}

TEST_F(Credentials, OfABrowserSignInNeedAProgram) {
  write(".aws/config", "[default]\nsso_session = work\n");
  const auto found = find();
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.error().hint(), HasSubstr("export-credentials"));
}

TEST_F(Credentials, OfARoleAreAssumedByAnotherProfile) {
  HttpServer sts([&](const HttpQuestion& question) {
    EXPECT_THAT(question.body, HasSubstr("Action=AssumeRole&"));
    EXPECT_THAT(question.body, HasSubstr("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fbackup"));
    EXPECT_THAT(question.body, HasSubstr("ExternalId=ext"));
    EXPECT_THAT(question.header("authorization"), HasSubstr("Credential=BASE/"));
    EXPECT_THAT(question.header("authorization"), HasSubstr("/eu-west-1/sts/aws4_request"));
    return HttpAnswer{.body = sts_answer("AssumeRole", "ROLE", std::chrono::hours(1))};
  });
  write(".aws/credentials", "[base]\naws_access_key_id=BASE\naws_secret_access_key=s\n");
  write(".aws/config",
        "[default]\nrole_arn = arn:aws:iam::1:role/backup\nsource_profile = base\nexternal_id = ext\nregion "
        "= eu-west-1\n");
  variables_["AWS_ENDPOINT_URL_STS"] = sts.url();
  EXPECT_EQ(found_id(), "ROLE");
}

TEST_F(Credentials, OfARoleWithoutAnEndAreAnError) {
  write(".aws/config",
        "[default]\nrole_arn = a\nsource_profile = other\n[profile other]\nrole_arn = b\nsource_profile = "
        "default\n");
  EXPECT_EQ(find().error().code(), Code::kConfig);
}

TEST_F(Credentials, OfAWebIdentityAreExchanged) {
  std::string id = "FIRST";
  HttpServer sts([&](const HttpQuestion& question) {
    EXPECT_THAT(question.body, HasSubstr("Action=AssumeRoleWithWebIdentity&"));
    EXPECT_THAT(question.body, HasSubstr("WebIdentityToken=ey.token"));
    EXPECT_EQ(question.header("authorization"), "");
    return HttpAnswer{.body = sts_answer("AssumeRoleWithWebIdentity", id, std::chrono::hours(1))};
  });
  write("token", "ey.token\n");
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = (home_.path() / "token").string();
  variables_["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/backup";
  variables_["AWS_ENDPOINT_URL_STS"] = sts.url();
  EXPECT_EQ(found_id(), "FIRST");
  // Kept while they hold.
  EXPECT_EQ(identity_->credentials({})->access_key_id, "FIRST");
  EXPECT_EQ(sts.questions().size(), 1u);
}

TEST_F(Credentials, OfARoleThatIsRefusedSayWhy) {
  HttpServer sts([](const HttpQuestion&) {
    return HttpAnswer{.status = 403,
                      .body =
                          "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not "
                          "you</Message></Error></ErrorResponse>"};
  });
  write("token", "ey.token\n");
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = (home_.path() / "token").string();
  variables_["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/backup";
  variables_["AWS_ENDPOINT_URL_STS"] = sts.url();
  const auto found = find();
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.error().message(), HasSubstr("AccessDenied not you"));
  EXPECT_THAT(found.error().to_string(), Not(HasSubstr("ey.token")));
}

TEST_F(Credentials, ComeFromTheContainersEndpoint) {
  HttpServer endpoint([](const HttpQuestion& question) {
    EXPECT_EQ(question.header("authorization"), "Bearer x");
    EXPECT_EQ(question.path, "/keys");
    return HttpAnswer{.body = json_keys("CONTAINER", std::chrono::hours(1))};
  });
  write("authorization", "Bearer x\n");
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = endpoint.url() + "/keys";
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = (home_.path() / "authorization").string();
  EXPECT_EQ(found_id(), "CONTAINER");
}

TEST_F(Credentials, ComeFromTheMachinesMetadataService) {
  HttpServer metadata([](const HttpQuestion& question) {
    if (question.method == "PUT") {
      EXPECT_EQ(question.header("x-aws-ec2-metadata-token-ttl-seconds"), "21600");
      return HttpAnswer{.body = "session"};
    }
    if (question.header("x-aws-ec2-metadata-token") != "session") return HttpAnswer{.status = 401};
    if (question.path.ends_with("/security-credentials/")) return HttpAnswer{.body = "backup-role\n"};
    EXPECT_TRUE(question.path.ends_with("/security-credentials/backup-role"));
    return HttpAnswer{.body = json_keys("MACHINE", std::chrono::hours(1))};
  });
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = metadata.url() + "/";
  EXPECT_THAT(found_id(), HasSubstr("no credentials"));
  variables_.erase("AWS_EC2_METADATA_DISABLED");
  const auto found = find();
  ASSERT_TRUE(found.ok()) << found.error().to_string();
  EXPECT_EQ(found->access_key_id, "MACHINE");
  EXPECT_EQ(found->session_token.reveal(), "t0ken");
}

// Gives keys of a lifetime, each time others.
class Counted final : public CredentialSource {
 public:
  explicit Counted(std::chrono::seconds lifetime) : lifetime_(lifetime) {}
  std::string describe() const override { return "counted"; }
  Result<std::optional<AwsCredentials>> find(const Cancellation&) override {
    if (failing) return Error(Code::kUnreachable, "no answer");
    return std::optional(AwsCredentials{fmt::format("KEY{}", ++given), Secret("s"),
                                        Secret(fmt::format("t{}", given)), now() + lifetime_});
  }
  int given = 0;
  bool failing = false;

 private:
  std::chrono::seconds lifetime_;
};

std::pair<std::shared_ptr<AwsIdentity>, Counted*> counted_identity(std::chrono::seconds lifetime) {
  auto source = std::make_unique<Counted>(lifetime);
  Counted* counted = source.get();
  std::vector<std::unique_ptr<CredentialSource>> sources;
  sources.push_back(std::move(source));
  return {std::make_shared<AwsIdentity>(std::move(sources)), counted};
}

TEST(Identity, IsRenewedBeforeItExpires) {
  const auto [identity, source] = counted_identity(std::chrono::minutes(4));
  EXPECT_EQ(identity->credentials({})->access_key_id, "KEY1");
  EXPECT_EQ(identity->credentials({})->access_key_id, "KEY2");
  // What still holds is used when no other can be had.
  source->failing = true;
  EXPECT_EQ(identity->credentials({})->access_key_id, "KEY2");
}

TEST(Identity, IsRenewedOnceHoweverManyRequestsWereRejected) {
  const auto [identity, source] = counted_identity(std::chrono::hours(1));
  const auto first = identity->credentials({}).value();
  EXPECT_EQ(identity->renew(first, {})->access_key_id, "KEY2");
  EXPECT_EQ(identity->renew(first, {})->access_key_id, "KEY2");
  EXPECT_EQ(source->given, 2);
}

TEST(Identity, ThatExpiredInMidUploadIsRenewed) {
  ScriptedBucket bucket;
  const auto [identity, source] = counted_identity(std::chrono::hours(1));
  const auto store = S3Store::open(bucket.settings(), identity, "bucket", "").value();
  bucket.before([](const HttpQuestion& question) -> std::optional<HttpAnswer> {
    if (question.header("x-amz-security-token") == "t1") return s3_error(400, "ExpiredToken");
    return std::nullopt;
  });
  EXPECT_TRUE(store->put("pack", as_bytes("content")).ok());
  EXPECT_EQ(source->given, 2);
  // Also when the refusal has no body that says so.
  bucket.before([](const HttpQuestion& question) -> std::optional<HttpAnswer> {
    if (question.header("x-amz-security-token") == "t2") return s3_error(400, "ExpiredToken");
    return std::nullopt;
  });
  EXPECT_TRUE(store->head("pack")->has_value());
  EXPECT_EQ(source->given, 3);
}

}  // namespace
}  // namespace summit::storage
