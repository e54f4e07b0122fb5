#include "repository/packed/repair.h"

#include "tests/repository/packed/replica_world.h"

namespace summit::repository::packed::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RepairTest : public ReplicaWorld {
 protected:
  // By a client that has seen nothing of the repository yet.
  Result<std::vector<Repair>> repair_by_another(bool dry_run = false) const {
    ASSIGN_OR_RETURN(const auto repository, open(source_));
    SilentReporter reporter;
    return repair(*repository, *there_, reporter, {}, dry_run);
  }
};

TEST_F(RepairTest, TakesFromTheReplicaWhatIsMissingOrDamaged) {
  back_up(1);
  back_up(2);
  ASSERT_TRUE(replicate_to(*there_).ok());
  const auto good = source_->contents();
  const auto packs = below(*source_, kPacksPrefix);
  ASSERT_GE(packs.size(), 2U);
  auto damaged = packs.begin()->second;
  damaged.at(200) ^= 1;
  source_->set(packs.begin()->first, damaged);
  ASSERT_TRUE(source_->remove(packs.rbegin()->first).ok());
  ASSERT_TRUE(source_->remove(fmt::format("{}/CHECKSUMS", backup_id(2))).ok());

  SilentReporter reporter;
  const auto seen = repair(*repository_, *there_, reporter, {}, true);
  ASSERT_TRUE(seen.ok()) << seen.error().to_string();
  ASSERT_EQ(seen->size(), 2U);
  EXPECT_FALSE(seen->front().mended);
  EXPECT_FALSE(source_->head(packs.rbegin()->first)->has_value()) << "a dry run wrote";

  const auto repairs = repair(*repository_, *there_, reporter);
  ASSERT_TRUE(repairs.ok()) << repairs.error().to_string();
  ASSERT_EQ(repairs->size(), 2U);
  for (const auto& mended : *repairs) EXPECT_TRUE(mended.mended) << mended.problem;
  EXPECT_EQ(source_->contents(), good);
  EXPECT_THAT(*repair(*repository_, *there_, reporter), IsEmpty());
}

TEST_F(RepairTest, WritesNothingThatTheReplicaHasDamagedToo) {
  back_up(1);
  ASSERT_TRUE(replicate_to(*there_).ok());
  const auto [key, content] = *below(*source_, kPacksPrefix).begin();
  ASSERT_TRUE(source_->remove(key).ok());
  there_->set(key, content.substr(0, content.size() - 1));
  SilentReporter reporter;
  const auto repairs = repair(*repository_, *there_, reporter);
  ASSERT_TRUE(repairs.ok()) << repairs.error().to_string();
  ASSERT_EQ(repairs->size(), 1U);
  EXPECT_EQ(repairs->front().object, key);
  EXPECT_FALSE(repairs->front().mended);
  EXPECT_THAT(repairs->front().problem, HasSubstr("no help from the replica"));
  EXPECT_FALSE(source_->head(key)->has_value());
}

TEST_F(RepairTest, PutsBackRecordsOfTheLogThatAreMissingOrDamaged) {
  back_up(1);
  back_up(2);
  back_up(3);
  ASSERT_TRUE(replicate_to(*there_).ok());
  const auto good = source_->contents();
  auto damaged = good.at(log_key(1));
  damaged.at(110) ^= 1;
  source_->set(log_key(1), damaged);
  ASSERT_TRUE(source_->remove(log_key(2)).ok());

  EXPECT_THAT(*repair_by_another(true), SizeIs(2));
  EXPECT_NE(source_->contents(), good);
  const auto repairs = repair_by_another();
  ASSERT_TRUE(repairs.ok()) << repairs.error().to_string();
  ASSERT_THAT(*repairs, SizeIs(2));
  for (const auto& mended : *repairs) EXPECT_TRUE(mended.mended) << mended.problem;
  EXPECT_EQ(source_->contents(), good);
}

TEST_F(RepairTest, PutsBackCheckpointsThatStandForVoidedRecords) {
  back_up(1);
  live_until_the_log_is_compacted();
  ASSERT_TRUE(replicate_to(*there_).ok());
  const auto good = source_->contents();
  for (const auto& [key, content] : below(*source_, kCheckpointsPrefix))
    ASSERT_TRUE(source_->remove(key).ok());
  EXPECT_EQ(open(source_).value()->backups().error().code(), Code::kCorrupt);
  const auto repairs = repair_by_another();
  ASSERT_TRUE(repairs.ok()) << repairs.error().to_string();
  EXPECT_EQ(source_->contents(), good);
}

TEST_F(RepairTest, ALogThatNeitherHasWholeIsAnError) {
  back_up(1);
  back_up(2);
  ASSERT_TRUE(replicate_to(*there_).ok());
  ASSERT_TRUE(source_->remove(log_key(1)).ok());
  there_->set(log_key(1), std::string(500, 'x'));
  const auto before = source_->contents();
  EXPECT_EQ(repair_by_another().error().code(), Code::kCorrupt);
  EXPECT_EQ(source_->contents(), before);
}

}  // namespace
}  // namespace summit::repository::packed::testing
