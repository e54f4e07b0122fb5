// A replica is always its source as it was at some moment, whole: also when the replication is interrupted at
// any change, and begun again.
#include "repository/packed/replicate.h"

#include "tests/repository/packed/replica_world.h"
#include "tests/storage/testing/fault_injector.h"

namespace summit::repository::packed::testing {
namespace {

using storage::FaultInjector;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Replicate : public ReplicaWorld {
 protected:
  // Interrupts an update of `old` after each change in turn.
  void expect_old_or_new_at_every_interruption(const MemoryStore::Contents& old,
                                               const std::vector<std::string>& old_ids,
                                               bool between_is_fine = false) {
    for (size_t changes = 0;; ++changes) {
      SCOPED_TRACE(fmt::format("interrupted after {} changes", changes));
      ASSERT_LT(changes, 500U);
      const auto store = std::make_shared<MemoryStore>(old);
      FaultInjector dying(*store, storage::die_after_mutation(changes));
      const bool finished = replicate_to(dying).ok();
      expect_one_of(store, old_ids, between_is_fine);
      ASSERT_FALSE(HasFailure());
      const auto again = replicate_to(*store);
      ASSERT_TRUE(again.ok()) << again.error().to_string();
      expect_replica(store);
      if (finished) return;
    }
  }

  void expect_one_of(const std::shared_ptr<MemoryStore>& store, const std::vector<std::string>& old_ids,
                     bool between_is_fine) const {
    const auto replica = open(store);
    // Before its first state has arrived it is no repository yet.
    if (!replica.ok() && old_ids.empty() && below(*store, log_key(1)).empty()) return;
    ASSERT_TRUE(replica.ok()) << replica.error().to_string();
    EXPECT_TRUE((*replica)->is_replica());
    const auto found = ids(**replica);
    if (!between_is_fine) {
      EXPECT_TRUE(found == old_ids || found == ids(*repository_)) << ::testing::PrintToString(found);
    }
    expect_whole(**replica, found);
  }
};

TEST_F(Replicate, TheSameKeyOpensTheReplicaAndNothingIsSentTwice) {
  back_up(1);
  const auto first = replicate_to(*there_);
  ASSERT_TRUE(first.ok()) << first.error().to_string();
  EXPECT_GT(first->packs, 0U);
  expect_replica(there_);

  back_up(2);
  const auto known = below(*there_, kPacksPrefix).size();
  const auto second = replicate_to(*there_);
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_EQ(second->packs, below(*source_, kPacksPrefix).size() - known);
  EXPECT_EQ(second->records, 1U);
  expect_replica(there_);
  const auto third = replicate_to(*there_);
  EXPECT_EQ(third->packs + third->records + third->bytes, 0U);
}

TEST_F(Replicate, TheFirstOneMayBeInterruptedAnywhere) {
  back_up(1);
  back_up(2);
  ASSERT_TRUE(repository_->pin(backup_id(1), "audit").ok());
  expect_old_or_new_at_every_interruption({}, {});
}

TEST_F(Replicate, AnUpdateMayBeInterruptedAnywhere) {
  back_up(1);
  back_up(2);
  ASSERT_TRUE(replicate_to(*there_).ok());
  const auto old_ids = ids(*repository_);
  back_up(3);
  back_up(4);
  collect_now({backup_id(1)});
  collect_now();
  expect_old_or_new_at_every_interruption(there_->contents(), old_ids);
}

TEST_F(Replicate, AnUpdateAcrossACompactionMayBeInterruptedAnywhere) {
  back_up(1);
  ASSERT_TRUE(replicate_to(*there_).ok());
  const auto old_ids = ids(*repository_);
  back_up(2);
  live_until_the_log_is_compacted();
  ASSERT_FALSE(HasFailure());
  expect_old_or_new_at_every_interruption(there_->contents(), old_ids, true);
}

TEST_F(Replicate, AfterACompactionTheFirstOneGivesAWholeReplica) {
  back_up(1);
  live_until_the_log_is_compacted();
  back_up(2);
  ASSERT_TRUE(replicate_to(*there_).ok());
  expect_replica(there_);
}

TEST_F(Replicate, PacksThatTheSourceHasGivenUpGo) {
  back_up(1);
  back_up(2);
  ASSERT_TRUE(replicate_to(*there_).ok());
  collect_now({backup_id(1)});
  collect_now();
  const auto report = replicate_to(*there_);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_GT(report->removed_packs, 0U);
  expect_replica(there_);
  EXPECT_THAT(below(*there_, backup_id(1)), IsEmpty());
}

TEST_F(Replicate, AReplicaTakesNoBackupUntilItIsPromotedAndNoReplicationAfterwards) {
  back_up(1);
  ASSERT_TRUE(replicate_to(*there_).ok());
  const auto replica = open(there_);
  ASSERT_TRUE(replica.ok()) << replica.error().to_string();
  EXPECT_EQ((*replica)->begin(backup_id(2)).error().code(), Code::kRefused);
  EXPECT_EQ((*replica)->pin(backup_id(1), "no").error().code(), Code::kRefused);
  EXPECT_EQ((*replica)->remove(backup_id(1)).error().code(), Code::kRefused);

  ASSERT_TRUE((*replica)->promote().ok());
  back_up(**replica, 2);
  EXPECT_THAT(ids(*open(there_).value()), ElementsAre(backup_id(1), backup_id(2)));
  EXPECT_EQ(replicate_to(*there_).error().code(), Code::kRefused);
  back_up(3);
  const auto before = there_->contents();
  EXPECT_EQ(replicate_to(*there_).error().code(), Code::kRefused);
  EXPECT_EQ(there_->contents(), before) << "a promoted replica was touched";
}

TEST_F(Replicate, ARecordThatTheSourceDoesNotHaveIsNeverOverwritten) {
  back_up(1);
  ASSERT_TRUE(replicate_to(*there_).ok());
  ASSERT_TRUE(there_->remove(kReplicaKey).ok());
  back_up(*open(there_).value(), 2);
  // Somebody put the mark back: the records tell.
  there_->set(kReplicaKey, "of memory\n");
  for (int newer = 0; newer < 2; ++newer) {
    const auto before = below(*there_, kLogPrefix);
    const auto refused = replicate_to(*there_);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::kRefused) << refused.error().to_string();
    EXPECT_EQ(below(*there_, kLogPrefix), before);
    back_up(3 + static_cast<unsigned>(newer));
  }
}

TEST_F(Replicate, AnotherRepositoryIsLeftAlone) {
  back_up(1);
  const auto other = PackedRepository::create(there_, slot(kPassphrase), nullptr, options());
  ASSERT_TRUE(other.ok());
  back_up(**other, 2);
  const auto before = there_->contents();
  EXPECT_EQ(replicate_to(*there_).error().code(), Code::kRefused);
  EXPECT_EQ(there_->contents(), before);
}

TEST_F(Replicate, ADamagedPackOfTheSourceDoesNotSpread) {
  back_up(1);
  ASSERT_TRUE(replicate_to(*there_).ok());
  back_up(2);
  const auto known = below(*there_, kPacksPrefix);
  for (auto [key, content] : below(*source_, kPacksPrefix)) {
    if (known.contains(key)) continue;
    content.at(content.size() / 2) ^= 1;
    source_->set(key, content);
    const auto refused = replicate_to(*there_);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::kCorrupt);
    EXPECT_THAT(refused.error().message(), HasSubstr(key));
    EXPECT_FALSE(there_->head(key)->has_value());
    break;
  }
  const auto replica = open(there_);
  EXPECT_THAT(ids(**replica), ElementsAre(backup_id(1)));
  expect_whole(**replica, {backup_id(1)});
}

TEST_F(Replicate, AfterARotationTheReplicaOpensWithTheNewKeyAlone) {
  back_up(1);
  ASSERT_TRUE(replicate_to(*there_).ok());
  SlotStore slots(*source_, repository_->id());
  ASSERT_TRUE(slots.rotate_master(repository_->keys(), {slot("battery staple")}).ok());
  repository_ = *open(source_, "battery staple");
  back_up(2);
  ASSERT_TRUE(replicate_to(*there_).ok());
  EXPECT_EQ(open(there_).error().code(), Code::kWrongKey);
  const auto replica = open(there_, "battery staple");
  ASSERT_TRUE(replica.ok()) << replica.error().to_string();
  EXPECT_THAT(ids(**replica), ElementsAre(backup_id(1), backup_id(2)));
  expect_whole(**replica, ids(**replica));
}

}  // namespace
}  // namespace summit::repository::packed::testing
