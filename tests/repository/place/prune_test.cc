#include "repository/place/prune.h"

#include <gmock/gmock.h>

#include "storage/local_store.h"
#include "tests/repository/world.h"

namespace summit::repository {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kOld = "summit-backup-full-20261119T031048Z";
constexpr const char* kNew = "summit-backup-full-20261120T031048Z";

class PruneTest : public testing::Test {
 protected:
  PruneTest() {
    options_.policy_of = [](const RetainedBackup&) { return RetentionPolicy{.last = 1}; };
    for (const char* id : {kOld, kNew}) {
      auto metadata = World::metadata_for(id);
      metadata.finished = parse_backup_id(id)->instant;
      world_.make(id, {{"a.dump", "a"}}, metadata);
    }
    auto store = *storage::LocalStore::open(world_.base(), storage::LocalStore::IfMissing::kFail);
    repository_ = std::make_unique<CombinedRepository>(std::move(store),
                                                       std::make_unique<PlainRepository>(world_.base()),
                                                       nullptr, std::nullopt, Layout::kPlain);
  }

  PrunePlan plan() const {
    const auto planned = plan_prune(*repository_, options_);
    EXPECT_TRUE(planned.ok()) << planned.error().to_string();
    return *planned;
  }
  PruneReport prune_by(const PrunePlan& planned) {
    const auto report = prune(*repository_, planned, options_, reporter_);
    EXPECT_TRUE(report.ok()) << report.error().to_string();
    return *report;
  }

  World world_;
  SilentReporter reporter_;
  PruneOptions options_;
  std::unique_ptr<CombinedRepository> repository_;
};

TEST_F(PruneTest, WhatWasPinnedAfterThePlanStays) {
  ASSERT_TRUE(repository_->verify(kNew, reporter_).ok());
  const auto planned = plan();
  ASSERT_FALSE(planned.decisions.back().keep);
  ASSERT_TRUE(repository_->pin(kOld, "just now").ok());
  const auto report = prune_by(planned);
  EXPECT_THAT(report.removed, IsEmpty());
  EXPECT_THAT(report.warnings, SizeIs(1));
  EXPECT_THAT(world_.listed(), ElementsAre(kNew, kOld));
}

TEST_F(PruneTest, WhatIsKnownOfABackupThatWasRemovedByHandIsForgotten) {
  ASSERT_TRUE(repository_->verify(kNew, reporter_).ok());
  ASSERT_TRUE(repository_->pin(kOld, "audit").ok());
  fs::remove_all(world_.base() / kNew);
  const auto planned = plan();
  EXPECT_THAT(planned.ledger_entries, ElementsAre(kNew));
  EXPECT_THAT(prune_by(planned).removed, IsEmpty()) << "nothing that is left was verified";
  EXPECT_THAT(*repository_->standings(), SizeIs(1));
}

TEST_F(PruneTest, WhatCrashedWritersLeftGoes) {
  ASSERT_TRUE(make_directories(world_.base() / (".incomplete-" + std::string(kOld))).ok());
  EXPECT_THAT(prune_by(plan()).leftovers, ElementsAre(kOld));
}

TEST_F(PruneTest, ALockedPackedRepositoryBesideThePlainBackupsIsAnError) {
  const CombinedRepository closed(
      *storage::LocalStore::open(world_.base(), storage::LocalStore::IfMissing::kFail),
      std::make_unique<PlainRepository>(world_.base()), nullptr, Error(Code::kKeyMissing, "no key"),
      Layout::kPlain);
  EXPECT_EQ(plan_prune(closed, options_).error().code(), Code::kKeyMissing);
}

}  // namespace
}  // namespace summit::repository
