#include "repository/checksums.h"

#include <gtest/gtest.h>

namespace summit::repository {
namespace {

const std::string kDigest(64, 'a');

TEST(Checksums, EscapeOddNamesAsSha256sumDoes) {
  EXPECT_EQ(format_checksums({{"plain", kDigest}}), kDigest + "  plain\n");
  EXPECT_EQ(format_checksums({{"a\\b\nc", kDigest}}), "\\" + kDigest + "  a\\\\b\\nc\n");
  const std::vector<Checksum> odd = {{"a\\b\nc\rd", kDigest}, {"two words", kDigest}};
  const auto read = parse_checksums(format_checksums(odd));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->at(0).name, odd[0].name);
  EXPECT_EQ(read->at(1).name, odd[1].name);
}

TEST(Checksums, SayWhichLineIsDamaged) {
  const std::string good = kDigest + "  file\n";
  for (const std::string& bad :
       {std::string("short\n"), kDigest + " file\n", std::string(64, 'x') + "  file\n",
        std::string(64, 'A') + "  file\n", "\\" + kDigest + "  a\\q\n", kDigest + "  \n"}) {
    const auto read = parse_checksums(kDigest + "  other\n" + bad);
    ASSERT_FALSE(read.ok()) << bad;
    EXPECT_NE(read.error().message().find("line 2"), std::string::npos);
  }
  EXPECT_FALSE(parse_checksums(good + good).ok());
  EXPECT_FALSE(parse_checksums(good.substr(0, good.size() - 1)).ok());
  EXPECT_TRUE(parse_checksums("").ok());
}

}  // namespace
}  // namespace summit::repository
