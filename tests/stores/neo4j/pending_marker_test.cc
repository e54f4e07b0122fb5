#include "stores/neo4j/pending_marker.h"

#include <gtest/gtest.h>

namespace summit::neo4j {
namespace {

const config::EnvironmentMarker kMarker{"dev", "dev", "2026-01-02T03:04:05Z",
                                        "00112233445566778899aabbccddeeff"};

class PendingMarker : public testing::Test {
 protected:
  TemporaryDirectory directory_ = TemporaryDirectory::create(fs::temp_directory_path(), "marker-").value();
  StoreLayout layout_ = StoreLayout::below(directory_.path());
};

TEST_F(PendingMarker, IsReadAsItWasWrittenUntilItIsTakenBack) {
  EXPECT_FALSE(read_pending_marker(layout_).value());
  ASSERT_TRUE(write_pending_marker(layout_, kMarker).ok());
  EXPECT_EQ(read_pending_marker(layout_).value(), kMarker);
  ASSERT_TRUE(write_pending_marker(layout_, std::nullopt).ok());
  EXPECT_FALSE(read_pending_marker(layout_).value());
  EXPECT_TRUE(write_pending_marker(layout_, std::nullopt).ok()) << "there is nothing to take back";
}

TEST_F(PendingMarker, AnythingElseIsNoMarker) {
  for (const char* content :
       {"", "dev\n", "dev\ndev\n2026\nid", "dev\n\n2026\nid\n", "dev\ndev\n2026\nid\nmore\n"}) {
    ASSERT_TRUE(write_file_durably(directory_.path() / "summit-dr-environment", content).ok());
    const auto read = read_pending_marker(layout_);
    ASSERT_FALSE(read.ok()) << content;
    EXPECT_EQ(read.error().code(), Code::kCorrupt);
    EXPECT_NE(read.error().hint().find("env adopt"), std::string::npos);
  }
}

}  // namespace
}  // namespace summit::neo4j
