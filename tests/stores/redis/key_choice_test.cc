#include <gtest/gtest.h>

#include "stores/redis/capture.h"

namespace summit::redis {
namespace {

TEST(KeyChoice, ExclusionWinsAndNoInclusionMeansAll) {
  EXPECT_TRUE(KeyChoice().takes(""));
  const KeyChoice without{{}, {"session:*", "tmp:?"}};
  EXPECT_TRUE(without.takes("cache:1"));
  EXPECT_FALSE(without.takes("session:1"));
  EXPECT_FALSE(without.takes("tmp:a"));
  EXPECT_TRUE(without.takes("tmp:ab"));
  const KeyChoice of_one{{"*:acme", "*:acme:*"}, {"session:*"}};
  EXPECT_TRUE(of_one.takes("settings:acme"));
  EXPECT_TRUE(of_one.takes("cache:acme:17"));
  EXPECT_FALSE(of_one.takes("settings:acme-north"));
  EXPECT_FALSE(of_one.takes("settings:globex"));
  EXPECT_FALSE(of_one.takes("session:acme"));
}

}  // namespace
}  // namespace summit::redis
