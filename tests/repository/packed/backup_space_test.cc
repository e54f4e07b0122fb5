#include "repository/packed/backup_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/repository/packed/log_world.h"

namespace summit::repository::packed::testing {
namespace {

using ::testing::ElementsAre;

const PackName kA = pack_name(0, 1);
const PackName kB = pack_name(0, 2);
const PackName kC = pack_name(0, 3);

class BackupSpaceTest : public ::testing::Test {
 protected:
  // Backup 1 needs A and B, backup 2 needs B and C.
  BackupSpaceTest() {
    apply({commit_of("b1", {kA, kB})});
    apply({commit_of("b2", {kB, kC})});
  }
  void apply(const std::vector<Event>& events) {
    const auto applied = state_.apply(events, sha256(as_bytes(fmt::format("{}", ++records_))));
    EXPECT_TRUE(applied.ok()) << applied.error().to_string();
  }

  const uint64_t size_ = stored_pack(kA).size;
  RepositoryState state_;
  unsigned records_ = 0;
};

TEST_F(BackupSpaceTest, CountsThePacksThatABackupNeedsAndThoseThatOnlyItDoes) {
  const auto space = space_of(state_, "b1");
  ASSERT_TRUE(space.ok());
  EXPECT_EQ(space->packs, 2U);
  EXPECT_EQ(space->stored_bytes, size_ + stored_pack(kB).size);
  EXPECT_EQ(space->own_bytes, size_);
}

TEST_F(BackupSpaceTest, WhatWasSharedIsOwnOnceTheOtherIsGone) {
  apply({RemoveEvent{{"b2"}, ""}});
  const auto space = space_of(state_, "b1");
  EXPECT_EQ(space->own_bytes, space->stored_bytes);
  EXPECT_EQ(space_of(state_, "b2").error().code(), Code::kNotFound);
}

TEST_F(BackupSpaceTest, EachBackupAddsWhatThoseBeforeItDidNotNeed) {
  const uint64_t b = stored_pack(kB).size;
  const uint64_t c = stored_pack(kC).size;
  EXPECT_THAT(added_bytes(state_, {"b1", "b2", "nowhere"}), ElementsAre(size_ + b, c, 0));
  EXPECT_THAT(added_bytes(state_, {"b2", "b1"}), ElementsAre(b + c, size_));
}

}  // namespace
}  // namespace summit::repository::packed::testing
