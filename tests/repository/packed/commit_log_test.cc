#include "repository/packed/commit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/files.h"
#include "core/task_group.h"
#include "repository/packed/event_cbor.h"
#include "repository/packed/log_record.h"
#include "tests/repository/packed/log_world.h"
#include "tests/storage/testing/fault_injector.h"

namespace summit::repository::packed::testing {
namespace {

using storage::Call;
using storage::Fault;
using storage::FaultInjector;
using storage::Operation;
using ::testing::HasSubstr;

std::vector<std::string> backups_of(const CommitLog& log) {
  std::vector<std::string> ids;
  for (const auto& [id, live] : log.state().backups()) ids.push_back(id);
  return ids;
}

// Commits one backup a record, from `first` to `last`.
void commit_some(CommitLog& log, unsigned first, unsigned last) {
  for (unsigned i = first; i <= last; ++i) {
    EXPECT_TRUE(append(log, {commit_of(fmt::format("b{}", i), {pack_name(0, i)})}).ok());
  }
}

TEST(CommitLog, AnotherClientReadsWhatOneAppended) {
  LogWorld world;
  auto writer = world.open().value();
  const CommitEvent commit = commit_of("b1", {pack_name(0, 1), pack_name(0, 2)});
  EXPECT_EQ(append(*writer, {commit}).value(), 1U);

  auto reader = world.open().value();

  EXPECT_EQ(reader->state().number(), 1U);
  EXPECT_EQ(reader->state().hash(), writer->state().hash());
  EXPECT_EQ(reader->read_commit("b1").value(), commit);
  EXPECT_EQ(reader->read_commit("b2").error().code(), Code::kNotFound);
}

TEST(CommitLog, ABuilderWithoutEventsAppendsNothing) {
  LogWorld world;
  auto log = world.open().value();
  EXPECT_EQ(append(*log, {}).value(), std::nullopt);
  EXPECT_TRUE(world.store.contents().empty());
}

TEST(CommitLog, WhoLosesTheRaceDecidesAgainFromTheNewState) {
  LogWorld world;
  auto first = world.open().value();
  auto second = world.open().value();
  append(*first, {commit_of("b1", {pack_name(0, 1)})}).value();
  std::vector<uint64_t> seen;

  const auto number = second->append([&](const RepositoryState& state) -> Result<std::vector<Event>> {
    seen.push_back(state.number());
    if (seen.size() == 1)
      append(*first, {PinEvent{"b1", "audit"}}).value();  // between the read and the create
    return std::vector<Event>{commit_of("b2", {pack_name(0, 1)})};
  });

  EXPECT_EQ(number.value(), 3U);
  EXPECT_EQ(seen, (std::vector<uint64_t>{1, 2}));
}

TEST(CommitLog, ThreadsThatAppendAtOnceCommitEachBackupExactlyOnce) {
  LogWorld world;
  constexpr unsigned kThreads = 8;
  constexpr unsigned kEach = 12;

  const auto done = parallel_for(kThreads, kThreads, [&](size_t thread) -> Result<void> {
    ASSIGN_OR_RETURN(auto log, world.open());
    for (unsigned i = 0; i < kEach; ++i) {
      const std::string id = fmt::format("b{}-{}", thread, i);
      RETURN_IF_ERROR(append(*log, {commit_of(id, {pack_name(0, static_cast<unsigned>(thread) * 100 + i)})}));
    }
    return {};
  });

  ASSERT_TRUE(done.ok()) << done.error().to_string();
  auto log = world.open().value();
  EXPECT_EQ(log->state().number(), kThreads * kEach);
  EXPECT_EQ(log->state().backups().size(), kThreads * kEach);
}

// Every create happens, and the first, second or both answers are lost.
TEST(CommitLog, TimeoutAfterTheCreateIsRecognisedAsSuccess) {
  for (const size_t lost : {1U, 2U}) {
    LogWorld world;
    size_t puts = 0;
    FaultInjector store(world.store, [&](const Call& call) {
      return call.operation == Operation::kPut && ++puts <= lost ? Fault::kFailAfter : Fault::kNone;
    });
    auto log = world.open_through(store).value();

    commit_some(*log, 1, 2);

    EXPECT_EQ(log->state().number(), 2U);
    EXPECT_EQ(backups_of(*world.open().value()), (std::vector<std::string>{"b1", "b2"}));
  }
}

TEST(CommitLog, TimeoutBeforeTheCreateIsTriedAgain) {
  LogWorld world;
  FaultInjector store(world.store, storage::fail_mutation(1, Fault::kFailBefore));
  auto log = world.open_through(store).value();
  EXPECT_EQ(append(*log, {commit_of("b1", {pack_name(0, 1)})}).value(), 1U);
  EXPECT_EQ(world.open().value()->state().number(), 1U);
}

TEST(CommitLog, AnOutageInTheMiddleOfACreateSaysThatItsOutcomeIsNotKnown) {
  LogWorld world;
  bool down = false;
  FaultInjector store(world.store, [&](const Call& call) {
    down = down || call.operation == Operation::kPut;
    return down ? Fault::kFailBefore : Fault::kNone;
  });
  auto log = world.open_through(store).value();
  const auto number = append(*log, {commit_of("b1", {pack_name(0, 1)})});
  ASSERT_FALSE(number.ok());
  EXPECT_THAT(number.error().message(),
              HasSubstr("it is not known whether repository/log/000000000001 was created"));
}

TEST(CommitLog, WhoSleptThroughACompactionGoesOnFromTheCheckpoint) {
  LogWorld world;
  auto sleeper = world.open().value();
  {
    auto other = world.open().value();
    commit_some(*other, 1, 3);
    append(*other, {RemoveEvent{{"b1", "b2"}, "old"}}).value();
    EXPECT_TRUE(other->write_checkpoint().ok());
    append(*other, {PinEvent{"b3", "audit"}}).value();
    EXPECT_TRUE(other->write_checkpoint().ok());
    const auto done = other->compact().value();
    EXPECT_EQ(done.records, 3U) << "b1, b2 and their removal; b3 lives";
  }

  EXPECT_EQ(append(*sleeper, {commit_of("b4", {pack_name(0, 4)})}).value(), 6U);

  EXPECT_EQ(backups_of(*sleeper), (std::vector<std::string>{"b3", "b4"}));
  auto fresh = world.open().value();
  EXPECT_EQ(fresh->state().hash(), sleeper->state().hash());
  EXPECT_TRUE(fresh->read_commit("b3").ok());
}

// The answer to the create is lost, and before the writer can look, its backup is committed, removed and
// compacted away.
TEST(CommitLog, ARecordThatWasVoidedMeanwhileIsStillRecognised) {
  LogWorld world;
  bool lost = false;
  bool compacted = false;
  FaultInjector store(world.store, [&](const Call& call) {
    if (call.operation == Operation::kPut && !lost) {
      lost = true;
      return Fault::kFailAfter;
    }
    if (lost && !compacted && call.operation == Operation::kGet) {
      compacted = true;
      auto other = world.open().value();
      append(*other, {RemoveEvent{{"b1"}, "retention"}}).value();
      EXPECT_TRUE(other->write_checkpoint().ok());
      append(*other, {commit_of("b2", {pack_name(2, 2)})}).value();
      EXPECT_TRUE(other->write_checkpoint().ok());
      EXPECT_EQ(other->compact().value().records, 2U);
    }
    return Fault::kNone;
  });
  auto log = world.open_through(store).value();

  EXPECT_EQ(append(*log, {commit_of("b1", {pack_name(0, 1)})}).value(), 1U);

  ASSERT_TRUE(compacted);
  EXPECT_TRUE(log->refresh().ok());
  EXPECT_EQ(backups_of(*log), std::vector<std::string>{"b2"}) << "committed once, and removed since";
  EXPECT_EQ(log->state().number(), 3U);
}

TEST(CommitLog, CheckpointsThatWereSupersededAreRemoved) {
  LogWorld world;
  auto log = world.open().value();
  for (unsigned i = 1; i <= 5; ++i) {
    commit_some(*log, i, i);
    EXPECT_TRUE(log->write_checkpoint().ok());
  }
  EXPECT_EQ(log->compact().value().checkpoints, 3U);
  EXPECT_EQ(log->compact().value().checkpoints, 0U);
  EXPECT_EQ(backups_of(*world.open().value()).size(), 5U);
}

TEST(CommitLog, ACheckpointIsWrittenOnlyAfterSoManyRecords) {
  LogWorld world;
  auto log = world.open().value();
  commit_some(*log, 1, 3);
  EXPECT_TRUE(log->write_checkpoint(4).ok());
  EXPECT_FALSE(world.store.contents().contains(checkpoint_key(3)));
  EXPECT_TRUE(log->write_checkpoint(3).ok());
  EXPECT_TRUE(world.store.contents().contains(checkpoint_key(3)));
}

TEST(CommitLog, ALongLogThatNobodyCollectsIsOpenedByItsLastRecords) {
  LogWorld world;
  auto log = world.open().value();
  commit_some(*log, 1, 200);
  FaultInjector store(world.store);
  EXPECT_EQ(world.open_through(store).value()->state().hash(), log->state().hash());
  EXPECT_LT(store.calls(), 70U);
}

TEST(CommitLog, ClocksThatAreTwoDaysApartChangeNothing) {
  LogWorld world;
  using std::chrono::hours;
  auto early = world.open({.clock = [] { return now() - hours(48); }}).value();
  auto late = world.open({.clock = [] { return now() + hours(48); }}).value();
  commit_some(*late, 1, 2);
  commit_some(*early, 3, 4);
  commit_some(*late, 5, 5);
  EXPECT_EQ(backups_of(*world.open().value()).size(), 5U);
}

// --- Damage ---

class DamagedLog : public ::testing::Test {
 protected:
  void SetUp() override {
    auto log = world.open().value();
    commit_some(*log, 1, 2);
    EXPECT_TRUE(log->write_checkpoint().ok());
    append(*log, {RemoveEvent{{"b1"}, "old"}}).value();
    EXPECT_TRUE(log->write_checkpoint().ok());
    append(*log, {TombstoneEvent{{pack_name(0, 1)}}}).value();
    hash = log->state().hash();
  }

  // Right, or refused with the name of a damaged object: never wrong.
  void expect_found(const std::string& key) {
    const auto log = world.open();
    if (log.ok()) {
      EXPECT_EQ((*log)->state().hash(), hash) << key;
      EXPECT_EQ(backups_of(**log), std::vector<std::string>{"b2"}) << key;
      const auto commit = (*log)->read_commit("b2");
      if (!commit.ok()) {
        EXPECT_THAT(commit.error().message(), HasSubstr(key));
      }
    } else {
      EXPECT_TRUE(log.error().code() == Code::kCorrupt || log.error().code() == Code::kWrongKey);
      EXPECT_THAT(log.error().message(), HasSubstr(key));
    }
  }

  LogWorld world;
  Sha256Digest hash{};
};

TEST_F(DamagedLog, EveryFlippedByteIsFound) {
  const auto good = world.store.contents();
  for (const auto& [key, content] : good) {
    for (size_t i = 0; i < content.size(); ++i) {
      std::string bad = content;
      bad[i] = static_cast<char>(bad[i] ^ 0x10);
      world.store.set(key, bad);
      expect_found(key);
    }
    world.store.set(key, content);
  }
}

TEST_F(DamagedLog, EveryTruncationIsFound) {
  const auto good = world.store.contents();
  for (const auto& [key, content] : good) {
    for (size_t size = 0; size < content.size(); size += 7) {
      world.store.set(key, content.substr(0, size));
      expect_found(key);
    }
    world.store.set(key, content);
  }
}

TEST_F(DamagedLog, ObjectsInEachOthersPlacesAreFound) {
  const auto good = world.store.contents();
  for (const auto& [key, content] : good) {
    for (const auto& [other, foreign] : good) {
      if (other == key) continue;
      world.store.set(key, foreign);
      expect_found(key);
    }
    world.store.set(key, content);
  }
}

TEST_F(DamagedLog, AMissingRecordIsFoundByThoseAfterIt) {
  EXPECT_TRUE(world.store.remove(log_key(4)).ok());
  for (const uint64_t checkpoint : {2U, 3U}) EXPECT_TRUE(world.store.remove(checkpoint_key(checkpoint)).ok());
  auto log = world.open();
  ASSERT_TRUE(log.ok()) << "the last record may never have been there: only a remembered head tells";

  EXPECT_TRUE(world.store.remove(log_key(2)).ok());
  log = world.open();
  ASSERT_FALSE(log.ok());
  EXPECT_THAT(log.error().message(),
              HasSubstr("repository/log/000000000002 is gone, and repository/log/000000000003 is there"));
}

TEST_F(DamagedLog, TheCheckpointBeforeADamagedOneIsUsed) {
  world.store.set(checkpoint_key(3), "damaged");
  const auto log = world.open();
  ASSERT_TRUE(log.ok()) << log.error().to_string();
  EXPECT_EQ((*log)->state().hash(), hash);
}

TEST_F(DamagedLog, ADamagedCheckpointStopsTheCompactionThatWouldRelyOnIt) {
  auto log = world.open().value();
  world.store.set(checkpoint_key(2), "damaged");
  const auto before = world.store.contents();
  EXPECT_EQ(log->compact().error().code(), Code::kCorrupt);
  EXPECT_EQ(world.store.contents(), before);
}

TEST_F(DamagedLog, ARecordOfAnotherRepositoryIsNamed) {
  LogWorld foreign;
  auto other = foreign.open().value();
  commit_some(*other, 1, 5);
  world.store.set(log_key(5), foreign.store.contents().at(log_key(5)));
  const auto log = world.open();
  ASSERT_FALSE(log.ok());
  EXPECT_THAT(log.error().message(), HasSubstr("repository/log/000000000005 is of another repository"));
}

TEST_F(DamagedLog, ARecordWithForbiddenEventsIsRefusedThoughItIsAuthentic) {
  const RecordBody body{
      .at = now(), .writer = {}, .events = {TombstoneEvent{{pack_name(0, 2)}}}};  // b2 needs it
  world.store.set(
      log_key(5),
      seal_log_object(world.keyring, LogObjectKind::kRecord, 5, hash, as_bytes(to_cbor(body))).value());
  const auto log = world.open();
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().code(), Code::kCorrupt);
  EXPECT_THAT(log.error().message(), HasSubstr("repository/log/000000000005 breaks a rule"));
}

TEST(CommitLog, AKeyringWithoutTheRecordsGenerationIsTheWrongKey) {
  LogWorld world;
  const Keyring old = world.keyring;
  world.keyring = old.with_new_generation().value();
  auto log = world.open().value();
  commit_some(*log, 1, 1);
  const auto opened = CommitLog::open(world.store, old, world.format_hash);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Code::kWrongKey);
}

TEST(CommitLog, RecordsOfOlderGenerationsStayReadable) {
  LogWorld world;
  auto log = world.open().value();
  commit_some(*log, 1, 1);
  world.keyring = world.keyring.with_new_generation().value();
  auto next = world.open().value();
  commit_some(*next, 2, 2);
  EXPECT_EQ(world.open().value()->state().number(), 2U);
}

// --- The remembered head ---

class RememberedLog : public ::testing::Test {
 protected:
  CommitLogOptions options() { return {.head_directory = directory.path()}; }

  LogWorld world;
  TemporaryDirectory directory = TemporaryDirectory::create(fs::temp_directory_path(), "heads-").value();
};

TEST_F(RememberedLog, ARepositoryThatIsRolledBackIsRefusedUntilItIsAccepted) {
  auto log = world.open(options()).value();
  commit_some(*log, 1, 2);
  const auto old = world.store.contents();
  commit_some(*log, 3, 3);
  storage::MemoryStore before(old);

  const auto opened = world.open_through(before, options());

  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Code::kCorrupt);
  EXPECT_THAT(opened.error().message(), HasSubstr("rolled back or replaced"));
  auto accepting = options();
  accepting.accept_other_history = true;
  EXPECT_TRUE(world.open_through(before, accepting).ok());
  EXPECT_TRUE(world.open_through(before, options()).ok()) << "accepted once is enough";
}

TEST_F(RememberedLog, AnotherHistoryOfTheSameLengthIsRefused) {
  auto log = world.open(options()).value();
  commit_some(*log, 1, 2);
  auto contents = world.store.contents();
  contents.erase(log_key(2));
  storage::MemoryStore forked(contents);
  auto other = world.open_through(forked).value();
  commit_some(*other, 7, 9);

  const auto opened = world.open_through(forked, options());

  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().message(),
              HasSubstr("repository/log/000000000002 is not the record that was there"));
}

TEST_F(RememberedLog, ACompactionSinceIsNoRollback) {
  {
    auto log = world.open(options()).value();
    commit_some(*log, 1, 1);
  }
  auto other = world.open().value();
  append(*other, {RemoveEvent{{"b1"}, "old"}}).value();
  EXPECT_TRUE(other->write_checkpoint().ok());
  commit_some(*other, 2, 2);
  EXPECT_TRUE(other->write_checkpoint().ok());
  EXPECT_EQ(other->compact().value().records, 2U);

  EXPECT_TRUE(world.open(options()).ok());
}

}  // namespace
}  // namespace summit::repository::packed::testing
