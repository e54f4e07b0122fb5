#include "repository/packed/chunk_comparison.h"

#include "tests/repository/packed/small_backups.h"

namespace summit::repository::packed::testing {
namespace {

// Two backups one after the other, each of one artifact, "data", with these chunks.
class ChunkComparisonTest : public ::testing::Test {
 protected:
  CommitEvent commit(unsigned n, const std::vector<std::string>& chunks) {
    auto log = world_.open();
    EXPECT_TRUE(log.ok());
    auto writer = SmallWriter::begin(world_.store, world_.keyring, (*log)->state(), backup_id(n));
    EXPECT_TRUE(writer.ok()) << writer.error().message();
    for (const auto& chunk : chunks) EXPECT_TRUE((*writer)->add(chunk).ok());
    auto made = (*writer)->finish();
    EXPECT_TRUE(made.ok()) << made.error().message();
    EXPECT_TRUE(append(**log, {*made}).ok());
    return *made;
  }

  ChunkComparison compare(const CommitEvent& first, const CommitEvent& second) {
    ChunkReader reader(world_.store, world_.keyring, {.workers = 1, .memory = MiB});
    const auto compared = compare_chunks(reader, first, second);
    EXPECT_TRUE(compared.ok()) << compared.error().message();
    return compared.ok() ? *compared : ChunkComparison{};
  }

  LogWorld world_;
};

TEST_F(ChunkComparisonTest, EqualContentHasNothingNew) {
  const auto first = commit(0, {chunk_text(1), chunk_text(2)});
  const auto second = commit(1, {chunk_text(1), chunk_text(2)});
  const auto compared = compare(first, second);
  EXPECT_EQ(compared.total.plain, 0U);
  EXPECT_EQ(compared.total.stored, 0U);
}

TEST_F(ChunkComparisonTest, NewChunksCountOnceHoweverOftenTheyAreNamed) {
  const auto first = commit(0, {chunk_text(1), chunk_text(2)});
  const auto second = commit(1, {chunk_text(3), chunk_text(2), chunk_text(3), chunk_text(4)});
  const auto compared = compare(first, second);
  EXPECT_EQ(compared.total.plain, 16 * KiB);
  // Incompressible, so the frames are as long as their chunks; the manifest's block is new too, and small.
  EXPECT_GE(compared.total.stored, 16 * KiB);
  EXPECT_LT(compared.total.stored, 17 * KiB);
  EXPECT_EQ(compared.by_artifact.at("data").plain, compared.total.plain);
}

TEST_F(ChunkComparisonTest, WhatIsGoneIsNotNew) {
  const auto first = commit(0, {chunk_text(1), chunk_text(2), chunk_text(3)});
  const auto second = commit(1, {chunk_text(2)});
  EXPECT_EQ(compare(first, second).total.plain, 0U);
  EXPECT_EQ(compare(second, first).total.plain, 16 * KiB);
}

TEST_F(ChunkComparisonTest, ALostManifestIsAnErrorAndNoGuess) {
  const auto first = commit(0, {chunk_text(1)});
  const auto second = commit(1, {chunk_text(2)});
  ASSERT_TRUE(world_.store.remove(first.packs.front().name.key()).ok());
  ChunkReader reader(world_.store, world_.keyring, {.workers = 1, .memory = MiB});
  EXPECT_FALSE(compare_chunks(reader, first, second).ok());
}

}  // namespace
}  // namespace summit::repository::packed::testing
