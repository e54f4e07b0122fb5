// The examples that AWS publishes: of the Signature Version 4 test suite, and of the documentation of S3.
#include "storage/aws_signer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/digest.h"

namespace summit::storage {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

std::string sha256_hex(std::string_view text) { return to_hex(sha256(as_bytes(text))); }

// "Signature=…" of the request, signed as the test suite does.
std::string suite_signature(SignedParts request) {
  const AwsCredentials credentials{"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};
  request.headers["host"] = "example.amazonaws.com";
  if (request.payload_sha256.empty()) request.payload_sha256 = sha256_hex("");
  sign(request, credentials, {"us-east-1", "service"}, *from_compact("20150830T123600Z"));
  const std::string authorization = request.headers["authorization"];
  return authorization.substr(authorization.find("Signature=") + 10);
}

TEST(SignerSuite, GetVanilla) {
  EXPECT_EQ(suite_signature({.method = "GET"}),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(SignerSuite, PostVanilla) {
  EXPECT_EQ(suite_signature({.method = "POST"}),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

TEST(SignerSuite, GetVanillaQueryOrderKeyCase) {
  EXPECT_EQ(suite_signature({.method = "GET", .query = {{"Param2", "value2"}, {"Param1", "value1"}}}),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

TEST(SignerSuite, GetUnreserved) {
  const std::string path = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  EXPECT_EQ(suite_signature({.method = "GET", .path = path}),
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f");
}

TEST(SignerSuite, GetHeaderValueTrim) {
  EXPECT_EQ(suite_signature(
                {.method = "GET", .headers = {{"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}}}),
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
}

TEST(SignerSuite, PostFormUrlencoded) {
  SignedParts request{.method = "POST"};
  request.headers["content-type"] = "application/x-www-form-urlencoded";
  request.payload_sha256 = sha256_hex("Param1=value1");
  EXPECT_EQ(suite_signature(request), "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
}

// "Signature=…" of the request, signed as the documentation of S3 does.
std::string s3_authorization(SignedParts request) {
  const AwsCredentials credentials{"AKIAIOSFODNN7EXAMPLE",
                                   Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")};
  request.headers["host"] = "examplebucket.s3.amazonaws.com";
  request.headers["x-amz-content-sha256"] = request.payload_sha256;
  sign(request, credentials, {"us-east-1", "s3"}, *from_compact("20130524T000000Z"));
  return request.headers["authorization"];
}

TEST(SignerS3, GetObjectWithRange) {
  const std::string authorization = s3_authorization({.method = "GET",
                                                      .path = "/test.txt",
                                                      .headers = {{"range", "bytes=0-9"}},
                                                      .payload_sha256 = sha256_hex("")});
  EXPECT_EQ(authorization,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SignerS3, PutObjectWhosePathNeedsEncoding) {
  const SignedParts request{
      .method = "PUT",
      .path = "/test$file.text",
      .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
      .payload_sha256 = sha256_hex("Welcome to Amazon S3.")};
  EXPECT_THAT(s3_authorization(request),
              EndsWith("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST(SignerS3, QueryWithoutValue) {
  EXPECT_THAT(
      s3_authorization({.method = "GET", .query = {{"lifecycle", ""}}, .payload_sha256 = sha256_hex("")}),
      EndsWith("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST(SignerS3, QueryWithValues) {
  EXPECT_THAT(
      s3_authorization(
          {.method = "GET", .query = {{"prefix", "J"}, {"max-keys", "2"}}, .payload_sha256 = sha256_hex("")}),
      EndsWith("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(Signer, ASessionTokenIsSentAndSigned) {
  SignedParts request{.method = "GET", .headers = {{"host", "kms.us-west-2.amazonaws.com"}}};
  request.payload_sha256 = sha256_hex("");
  sign(request, {"AKID", Secret("key"), Secret("token")}, {"us-west-2", "kms"},
       *from_compact("20261121T031048Z"));
  EXPECT_EQ(request.headers["x-amz-security-token"], "token");
  EXPECT_THAT(request.headers["authorization"],
              HasSubstr("SignedHeaders=host;x-amz-date;x-amz-security-token,"));
  EXPECT_THAT(request.headers["authorization"], HasSubstr("AKID/20261121/us-west-2/kms/aws4_request"));
}

TEST(Signer, TextIsPercentEncodedAsAwsWantsIt) {
  EXPECT_EQ(percent_encoded("a/b c+d=e~\xE1", true), "a/b%20c%2Bd%3De~%E1");
  EXPECT_EQ(percent_encoded("a/b", false), "a%2Fb");
  EXPECT_EQ(canonical_query({{"b", "2"}, {"a-b", ""}, {"a", "/"}}), "a=%2F&a-b=&b=2");
}

}  // namespace
}  // namespace summit::storage
