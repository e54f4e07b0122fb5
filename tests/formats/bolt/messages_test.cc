#include "formats/bolt/messages.h"

#include <gmock/gmock.h>

namespace summit::bolt {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string hello_of(Version version, const Identity& identity) {
  std::string out;
  Requests(version, out).hello(identity, "summit-dr/1");
  return out;
}

TEST(Handshake, OffersFiveAndFourPointFour) {
  EXPECT_EQ(to_hex(as_bytes(handshake())), "6060b01700080805000004040000000000000000");
  EXPECT_EQ(to_hex(as_bytes(handshake(Version{4, 4}))), "6060b01700000404000000000000000000000000");
  EXPECT_EQ(version_of({0, 0, 8, 5}).value(), (Version{5, 8}));
  EXPECT_EQ(version_of({0, 0, 4, 4}).value(), (Version{4, 4}));
  EXPECT_EQ(version_of({0, 0, 0, 0}).error().code(), Code::kUnsupported);
  EXPECT_EQ(version_of({0, 0, 9, 5}).error().code(), Code::kUnsupported);
  EXPECT_THAT(version_of({'H', 'T', 'T', 'P'}).error().hint(), HasSubstr("7687"));
}

TEST(Hello, CarriesCredentialsWhereTheVersionWantsThem) {
  const Identity identity{"neo4j", Secret("pass")};
  const auto before_logon = hello_of({5, 0}, identity);
  EXPECT_THAT(before_logon, HasSubstr("credentials"));
  EXPECT_THAT(before_logon, Not(HasSubstr("\xb1\x6a")));
  const auto with_logon = hello_of({5, 4}, identity);
  EXPECT_GT(with_logon.find("credentials"), with_logon.find("\xb1\x6a"));
  EXPECT_THAT(with_logon, HasSubstr("bolt_agent"));
  EXPECT_THAT(hello_of({4, 4}, identity), HasSubstr("patch_bolt"));
  const auto nobody = hello_of({5, 8}, {});
  EXPECT_THAT(nobody, HasSubstr("none"));
  EXPECT_THAT(nobody, Not(HasSubstr("credentials")));
}

TEST(Responses, AFailureIsReadInTheFormOfEveryVersion) {
  for (const char* key : {"code", "neo4j_code"}) {
    std::string message;
    Writer writer(message);
    writer.structure(0x7f, 1);
    writer.map(3);
    writer.text("message");
    writer.text("why");
    writer.text("diagnostic_record");
    writer.map(0);
    writer.text(key);
    writer.text("Neo.ClientError.X");
    const auto response = parse_response(as_bytes(message));
    ASSERT_TRUE(response.ok());
    EXPECT_EQ(response->kind, Response::Kind::kFailure);
    const auto failure = parse_failure(response->fields);
    ASSERT_TRUE(failure.ok());
    EXPECT_EQ(failure->code, "Neo.ClientError.X");
    EXPECT_EQ(failure->message, "why");
  }
}

TEST(Responses, WhatIsNoMessageIsCorrupt) {
  for (const std::string& bytes : {std::string("\xb1\x70\x01", 3), std::string("\xb0\x71", 2),
                                   std::string("\xb0\x01", 2), std::string("\x01", 1), std::string()})
    EXPECT_EQ(parse_response(as_bytes(bytes)).error().code(), Code::kCorrupt) << to_hex(as_bytes(bytes));
}

}  // namespace
}  // namespace summit::bolt
