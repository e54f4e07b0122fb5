#include "repository/packed/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository/packed/log_record.h"
#include "tests/repository/packed/small_backups.h"
#include "tests/storage/testing/fault_injector.h"

namespace summit::repository::packed::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A store whose packs are under lock: deleting one is denied.
class LockedStore final : public storage::ObjectStore {
 public:
  explicit LockedStore(ObjectStore& behind) : behind_(behind) {}
  std::string describe() const override { return behind_.describe(); }
  storage::Capabilities capabilities() const override { return behind_.capabilities(); }
  Result<void> put(std::string_view key, ByteView content, const storage::PutOptions& options,
                   const Cancellation& cancellation) override {
    return behind_.put(key, content, options, cancellation);
  }
  Result<std::unique_ptr<storage::ObjectUpload>> upload(std::string_view key,
                                                        const storage::PutOptions& options,
                                                        const Cancellation& cancellation) override {
    return behind_.upload(key, options, cancellation);
  }
  Result<void> get(std::string_view key, storage::ByteRange range,
                   const std::function<Result<void>(ByteView)>& consume,
                   const Cancellation& cancellation) override {
    return behind_.get(key, range, consume, cancellation);
  }
  Result<std::optional<storage::ObjectInfo>> head(std::string_view key,
                                                  const Cancellation& cancellation) override {
    return behind_.head(key, cancellation);
  }
  Result<void> list(std::string_view prefix, std::string_view after,
                    const std::function<Result<bool>(const storage::ObjectInfo&)>& visit,
                    const Cancellation& cancellation) override {
    return behind_.list(prefix, after, visit, cancellation);
  }
  Result<void> remove(std::string_view key, const Cancellation& cancellation) override {
    if (key.starts_with(kPacksPrefix)) return Error(Code::kDenied, "{} is locked", key);
    return behind_.remove(key, cancellation);
  }
  Result<void> lock_until(std::string_view key, Instant until, const Cancellation& cancellation) override {
    return behind_.lock_until(key, until, cancellation);
  }
  Result<size_t> remove_leftovers(seconds age, const Cancellation& cancellation) override {
    return behind_.remove_leftovers(age, cancellation);
  }

 private:
  ObjectStore& behind_;
};

class Collector : public ::testing::Test {
 protected:
  // A backup of these chunks.
  std::string back_up(unsigned n, unsigned first, unsigned last) {
    auto log = world.open().value();
    auto writer = SmallWriter::begin(world.store, world.keyring, log->state(), backup_id(n)).value();
    for (unsigned chunk = first; chunk <= last; ++chunk) EXPECT_TRUE(writer->add(chunk_text(chunk)).ok());
    const auto committed = append(*log, {writer->finish().value()});
    EXPECT_TRUE(committed.ok()) << committed.error().to_string();
    return writer->content();
  }

  CollectReport collect_now(CollectOptions options, storage::ObjectStore* through = nullptr) {
    storage::ObjectStore& store = through == nullptr ? world.store : *through;
    auto log = world.open_through(store).value();
    auto report = collect(store, world.keyring, *log, options, reporter);
    EXPECT_TRUE(report.ok()) << report.error().to_string();
    return report.ok() ? *std::move(report) : CollectReport{};
  }

  void expect_content(unsigned n, const std::string& content) {
    auto log = world.open().value();
    const auto read = read_backup(world.store, world.keyring, *log, backup_id(n));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_TRUE(*read == content) << "other bytes than were backed up";
  }

  uint64_t stored_packs() {
    uint64_t count = 0;
    for (const auto& [key, content] : world.store.contents())
      count += key.starts_with(kPacksPrefix) ? 1U : 0U;
    return count;
  }

  LogWorld world;
  SilentReporter reporter;
};

TEST_F(Collector, WhatOnlyARemovedBackupNeededIsGoneAfterTheSecondRun) {
  back_up(1, 1, 8);
  const auto content = back_up(2, 11, 18);

  const auto first = collect_now({.give_up = {backup_id(1)}, .grace = seconds(0)});
  EXPECT_THAT(first.removed, ElementsAre(backup_id(1)));
  EXPECT_EQ(first.tombstoned_packs, 1U);
  EXPECT_EQ(stored_packs(), 2U) << "whoever reads the backup now can finish";

  const auto second = collect_now({.grace = seconds(0)});
  EXPECT_EQ(second.deleted_packs, 1U);
  EXPECT_GT(second.deleted_bytes, 8 * 8 * KiB);
  EXPECT_EQ(stored_packs(), 1U);
  expect_content(2, content);
}

TEST_F(Collector, APackThatIsMostlyDeadIsRewritten) {
  back_up(1, 1, 10);
  const auto content = back_up(2, 9, 20);

  const auto report = collect_now({.give_up = {backup_id(1)}, .grace = seconds(0)});

  EXPECT_EQ(report.repacked_packs, 1U);
  EXPECT_LT(report.rewritten_bytes, report.repacked_bytes / 3);
  EXPECT_THAT(report.warnings, IsEmpty());
  expect_content(2, content);
  collect_now({.grace = seconds(0)});
  EXPECT_EQ(stored_packs(), 2U);
  expect_content(2, content);
  auto log = world.open().value();
  const std::string checksums = world.store.contents().at(backup_id(2) + "/CHECKSUMS");
  for (const auto& pack : log->state().packs_of(backup_id(2)))
    EXPECT_THAT(checksums, HasSubstr("../" + pack.name.key()))
        << "the view names the packs that are needed now";
}

TEST_F(Collector, APackThatIsMostlyAliveStays) {
  back_up(1, 1, 10);
  back_up(2, 4, 20);
  EXPECT_EQ(collect_now({.give_up = {backup_id(1)}, .grace = seconds(0)}).repacked_packs, 0U);
}

TEST_F(Collector, RewrittenPacksCanBeRewrittenAgain) {
  back_up(1, 1, 20);
  back_up(2, 13, 40);
  const auto content = back_up(3, 19, 60);
  EXPECT_GE(collect_now({.give_up = {backup_id(1)}, .grace = seconds(0)}).repacked_packs, 1U);
  EXPECT_GE(collect_now({.give_up = {backup_id(2)}, .grace = seconds(0)}).repacked_packs, 1U);
  collect_now({.grace = seconds(0)});
  collect_now({.grace = seconds(0)});
  expect_content(3, content);
}

TEST_F(Collector, WhatIsYoungerThanTheGraceTimeStays) {
  back_up(1, 1, 8);
  auto log = world.open().value();
  auto crashed = SmallWriter::begin(world.store, world.keyring, log->state(), backup_id(2)).value();
  EXPECT_TRUE(crashed->add(chunk_text(100)).ok());
  EXPECT_TRUE(crashed->finish().ok());
  for (int run = 0; run < 3; ++run) collect_now({.give_up = {backup_id(1)}, .grace = hours(48)});
  EXPECT_EQ(stored_packs(), 2U);
}

TEST_F(Collector, PacksOfACrashedRunGoOnceTheFloorHasPassedThem) {
  const auto content = back_up(1, 1, 8);
  auto log = world.open().value();
  auto crashed = SmallWriter::begin(world.store, world.keyring, log->state(), backup_id(2)).value();
  EXPECT_TRUE(crashed->add(chunk_text(100)).ok());
  EXPECT_TRUE(crashed->finish().ok());

  const auto report = collect_now({.grace = seconds(0)});

  EXPECT_EQ(report.orphans, 1U);
  EXPECT_EQ(stored_packs(), 1U);
  expect_content(1, content);
}

TEST_F(Collector, AnInterruptedBackupIsResumedFromItsPacks) {
  auto log = world.open().value();
  auto crashed = SmallWriter::begin(world.store, world.keyring, log->state(), backup_id(1)).value();
  for (unsigned chunk = 1; chunk <= 8; ++chunk) EXPECT_TRUE(crashed->add(chunk_text(chunk)).ok());
  const CommitEvent never = crashed->finish().value();

  const auto content = back_up(2, 1, 9);

  auto fresh = world.open().value();
  EXPECT_THAT(fresh->state().packs_of(backup_id(2)), Contains(never.packs.front()));
  collect_now({.grace = seconds(0)});
  collect_now({.grace = seconds(0)});
  expect_content(2, content);
}

// Its packs are below the floor, and what it took over has been given up: SIGSTOP for as long as two
// collections.
TEST_F(Collector, AWriterThatSleptThroughTwoCollectionsNoticesAndTheNextAttemptIsWhole) {
  back_up(1, 1, 8);
  auto log = world.open().value();
  auto sleeper = SmallWriter::begin(world.store, world.keyring, log->state(), backup_id(2)).value();
  for (unsigned chunk = 1; chunk <= 9; ++chunk) EXPECT_TRUE(sleeper->add(chunk_text(chunk)).ok());
  const CommitEvent commit = sleeper->finish().value();
  for (int run = 0; run < 2; ++run) collect_now({.give_up = {backup_id(1)}, .grace = seconds(0)});

  const auto committed = append(*log, {commit});

  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().code(), Code::kRefused);
  const auto content = back_up(2, 1, 9);
  collect_now({.grace = seconds(0)});
  expect_content(2, content);
}

TEST_F(Collector, APinnedBackupIsNotGivenUp) {
  const auto content = back_up(1, 1, 8);
  auto log = world.open().value();
  EXPECT_TRUE(append(*log, {PinEvent{backup_id(1), "audit"}}).ok());
  for (int run = 0; run < 2; ++run)
    EXPECT_THAT(collect_now({.give_up = {backup_id(1)}, .grace = seconds(0)}).removed, IsEmpty());
  expect_content(1, content);
}

TEST_F(Collector, ADryRunSaysWhatARealOneDoesAndChangesNothing) {
  back_up(1, 1, 10);
  back_up(2, 9, 20);
  back_up(3, 31, 38);
  const auto before = world.store.contents();
  const CollectOptions options{.give_up = {backup_id(1), backup_id(3)}, .grace = seconds(0)};
  CollectOptions dry = options;
  dry.dry_run = true;

  const auto promised = collect_now(dry);

  EXPECT_EQ(world.store.contents(), before);
  const auto done = collect_now(options);
  EXPECT_EQ(promised.removed, done.removed);
  EXPECT_EQ(promised.tombstoned_packs, done.tombstoned_packs);
  EXPECT_EQ(promised.tombstoned_bytes, done.tombstoned_bytes);
  EXPECT_EQ(promised.repacked_packs, done.repacked_packs);
  EXPECT_EQ(promised.deleted_packs, done.deleted_packs);
}

TEST_F(Collector, LockedPacksAreTriedAgainLater) {
  back_up(1, 1, 8);
  collect_now({.give_up = {backup_id(1)}, .grace = seconds(0)});
  LockedStore locked(world.store);

  const auto report = collect_now({.grace = seconds(0)}, &locked);

  EXPECT_EQ(report.locked_packs, 1U);
  EXPECT_EQ(report.deleted_packs, 0U);
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("is locked")));
  EXPECT_EQ(collect_now({.grace = seconds(0)}).deleted_packs, 1U);
}

TEST_F(Collector, PacksUnderAnOlderMasterKeyAreNotRewritten) {
  back_up(1, 1, 10);
  const auto content = back_up(2, 9, 20);
  world.keyring = world.keyring.with_new_generation().value();
  EXPECT_EQ(collect_now({.give_up = {backup_id(1)}, .grace = seconds(0)}).repacked_packs, 0U);
  expect_content(2, content);
}

TEST_F(Collector, ADamagedManifestStopsRewritingAndNothingElse) {
  back_up(1, 1, 10);
  back_up(2, 9, 20);
  back_up(3, 31, 38);
  auto log = world.open().value();
  const auto commit = log->read_commit(backup_id(2)).value();
  const auto& block = commit.artifacts.at(0).blocks.at(0);
  std::string pack = world.store.contents().at(block.pack.key());
  pack[block.frame_offset] = static_cast<char>(pack[block.frame_offset] ^ 1);
  world.store.set(block.pack.key(), pack);

  const auto report = collect_now({.give_up = {backup_id(1), backup_id(3)}, .grace = seconds(0)});

  EXPECT_EQ(report.repacked_packs, 0U);
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("no pack was rewritten")));
  EXPECT_EQ(report.tombstoned_packs, 1U);
}

TEST_F(Collector, TheLogIsCompactedWhileItGrows) {
  std::string content;
  for (unsigned n = 1; n <= 60; ++n) {
    content = back_up(n, n, n + 3);
    collect_now({.give_up = {backup_id(n - 1)}, .grace = seconds(0)});
  }
  uint64_t whole = 0;
  for (const auto& [key, object] : world.store.contents())
    whole += key.starts_with(kLogPrefix) && object.size() > kVoidSize ? 1U : 0U;
  EXPECT_LT(whole, 60U) << "of some 300 records";
  EXPECT_LT(stored_packs(), 12U) << "of some 60";
  expect_content(60, content);
}

// The collector's clock and the writers' are as wrong as can be; the storage's alone counts.
TEST_F(Collector, AWrongClockRaisesNoFloor) {
  auto log = world.open({.head_directory = {}, .clock = [] { return now() - hours(24 * 365); }}).value();
  auto writer = SmallWriter::begin(world.store, world.keyring, log->state(), backup_id(1)).value();
  EXPECT_TRUE(writer->add(chunk_text(1)).ok());
  const CommitEvent commit = writer->finish().value();
  EXPECT_TRUE(append(*log, {commit_of("other", {})}).ok());
  auto ahead = world.open({.head_directory = {}, .clock = [] { return now() + hours(24 * 365); }}).value();
  EXPECT_TRUE(collect(world.store, world.keyring, *ahead, {.grace = hours(48)}, reporter).ok());
  EXPECT_EQ(ahead->state().floor(), 0U);
  EXPECT_TRUE(append(*log, {commit}).ok());
}

}  // namespace
}  // namespace summit::repository::packed::testing
