#include "config/url.h"

#include <gtest/gtest.h>

namespace summit::config {
namespace {

TEST(Url, GivesEveryPartDecoded) {
  const auto url = parse_url("postgresql://sum%40mit:p%3Aw%2Fd@db.example:6432/summit_prod?sslmode=require");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "postgresql");
  EXPECT_EQ(url->user, "sum@mit");
  EXPECT_EQ(url->password, "p:w/d");
  EXPECT_EQ(url->host, "db.example");
  EXPECT_EQ(url->port, "6432");
  EXPECT_EQ(url->database, "summit_prod");
}

TEST(Url, AbsentPartsAreEmpty) {
  const auto url = parse_url("bolt://localhost");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "localhost");
  EXPECT_EQ(url->port, "");
  EXPECT_EQ(url->user, "");
  EXPECT_EQ(url->database, "");
}

TEST(Url, KnowsBracketsAndAnAtSignInAPassword) {
  EXPECT_EQ(parse_url("redis://[::1]:6380")->host, "::1");
  EXPECT_EQ(parse_url("redis://[::1]:6380")->port, "6380");
  EXPECT_EQ(parse_url("redis://u:a@b@host")->password, "a@b");
  EXPECT_EQ(parse_url("redis://u:a@b@host")->host, "host");
}

TEST(Url, TextWithoutASchemeIsNone) {
  EXPECT_FALSE(parse_url("localhost:5432"));
  EXPECT_FALSE(parse_url("://x"));
  EXPECT_FALSE(parse_url(""));
}

TEST(Url, PasswordsDisappearFromTexts) {
  EXPECT_EQ(without_url_passwords("see bolt://neo4j:devpassword@h:7687 and http://h/x?a=b@c"),
            "see bolt://neo4j:***@h:7687 and http://h/x?a=b@c");
  EXPECT_EQ(without_url_passwords("postgresql://u@h/db"), "postgresql://u@h/db");
}

}  // namespace
}  // namespace summit::config
