// Writers, sleepers, crashes, collectors inside of collectors, lost answers: thousands of random steps, and
// after them every live backup reads back as it was made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "repository/packed/collector.h"
#include "tests/repository/packed/small_backups.h"
#include "tests/storage/testing/fault_injector.h"

namespace summit::repository::packed::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using storage::Call;
using storage::Fault;
using storage::FaultInjector;

class RandomRun {
 public:
  explicit RandomRun(unsigned seed) : random_(seed) {}

  void run(unsigned steps) {
    for (unsigned step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE(fmt::format("step {}", step));
      take_step();
      if (step % 8 == 0) check();
    }
    check();
  }

  unsigned commits() const { return commits_; }
  unsigned refusals() const { return refusals_; }
  unsigned rewritten() const { return rewritten_; }
  unsigned deleted() const { return deleted_; }
  unsigned interruptions() const { return interruptions_; }

 private:
  struct Sleeper {
    std::unique_ptr<CommitLog> log;
    CommitEvent commit;
    std::string content;
  };

  unsigned draw(unsigned below) { return static_cast<unsigned>(random_() % below); }

  void take_step() {
    switch (draw(10)) {
      case 0:
      case 1:
      case 2:
        return upload();
      case 3:
      case 4:
      case 5:
        return wake();
      case 6:
        return pin_or_unpin();
      case 7:
        if (!sleepers_.empty())
          sleepers_.erase(sleepers_.begin() + draw(static_cast<unsigned>(sleepers_.size())));
        return;
      default:
        return run_collector();
    }
  }

  // A writer that has everything but its commit.
  void upload() {
    const std::string id = backup_id(++made_);
    auto log = world_.open();
    ASSERT_TRUE(log.ok()) << log.error().to_string();
    auto writer = SmallWriter::begin(world_.store, world_.keyring, (*log)->state(), id);
    ASSERT_TRUE(writer.ok()) << writer.error().to_string();
    const unsigned first = draw(40);
    for (unsigned chunk = first; chunk < first + 2 + draw(12); ++chunk)
      ASSERT_TRUE((*writer)->add(chunk_text(chunk, 512)).ok());
    auto commit = (*writer)->finish();
    // A collector may take what the writer adopts from under its hands.
    if (!commit.ok()) {
      EXPECT_EQ(commit.error().code(), Code::kNotFound) << commit.error().to_string();
      return;
    }
    sleepers_.push_back({std::move(*log), *std::move(commit), (*writer)->content()});
  }

  void wake() {
    if (sleepers_.empty()) return;
    const unsigned chosen = draw(static_cast<unsigned>(sleepers_.size()));
    Sleeper sleeper = std::move(sleepers_[chosen]);
    sleepers_.erase(sleepers_.begin() + chosen);
    const auto committed = append(*sleeper.log, {sleeper.commit});
    if (committed.ok()) {
      live_[sleeper.commit.backup] = sleeper.content;
      ++commits_;
    } else {
      EXPECT_EQ(committed.error().code(), Code::kRefused) << committed.error().to_string();
      ++refusals_;
    }
  }

  void pin_or_unpin() {
    if (live_.empty()) return;
    const auto& id = std::next(live_.begin(), draw(static_cast<unsigned>(live_.size())))->first;
    auto log = world_.open().value();
    const LiveBackup* backup = log->state().find(id);
    if (backup == nullptr) return;  // a collector that this step interrupts has removed it
    const Event event = backup->pin ? Event(UnpinEvent{id, ""}) : Event(PinEvent{id, "random"});
    EXPECT_TRUE(append(*log, {event}).ok());
  }

  // One that is disturbed: others act between its requests, it loses answers, or dies.
  void run_collector() {
    std::vector<std::string> give_up;
    for (const auto& [id, content] : live_) {
      if (draw(3) == 0) give_up.push_back(id);
    }
    const bool outer = !inside_;
    const unsigned last = draw(3) == 0 ? draw(30) : 1000;  // the change after which it is dead
    FaultInjector store(world_.store, [&](const Call& call) {
      if (outer && !inside_ && draw(25) == 0) {
        inside_ = true;
        ++interruptions_;
        take_step();
        inside_ = false;
      }
      if (call.mutation > last) return Fault::kFailBefore;
      return changes_something(call.operation) && draw(40) == 0 ? Fault::kFailAfter : Fault::kNone;
    });
    auto log = world_.open_through(store);
    if (log.ok()) {
      const auto report = collect(store, world_.keyring, **log,
                                  {.give_up = give_up,
                                   .grace = draw(4) == 0 ? seconds(hours(48)) : seconds(0),
                                   .repack_below = draw(2) == 0 ? 0.5 : 0.9},
                                  reporter_);
      if (report.ok()) {
        rewritten_ += static_cast<unsigned>(report->repacked_packs);
        deleted_ += static_cast<unsigned>(report->deleted_packs);
        for (const auto& warning : report->warnings) {
          // Another collector may delete a pack that this one reads; damage it must never meet.
          EXPECT_EQ(warning.find("authentic"), std::string::npos) << warning;
        }
      } else {
        EXPECT_NE(report.error().code(), Code::kCorrupt) << report.error().to_string();
      }
    }
    // What it gave up is gone, or not, as the log says; nothing else is.
    auto fresh = world_.open();
    ASSERT_TRUE(fresh.ok()) << fresh.error().to_string();
    for (const auto& id : give_up) {
      if ((*fresh)->state().find(id) == nullptr) live_.erase(id);
    }
  }

  void check() {
    auto log = world_.open();
    ASSERT_TRUE(log.ok()) << log.error().to_string();
    EXPECT_EQ((*log)->state().backups().size(), live_.size());
    for (const auto& [id, content] : live_) {
      const auto read = read_backup(world_.store, world_.keyring, **log, id);
      ASSERT_TRUE(read.ok()) << id << ": " << read.error().to_string();
      EXPECT_TRUE(*read == content) << id << " has other bytes than were backed up";
    }
  }

  LogWorld world_;
  std::mt19937 random_;
  SilentReporter reporter_;
  std::map<std::string, std::string> live_;
  std::vector<Sleeper> sleepers_;
  bool inside_ = false;
  unsigned made_ = 0;
  unsigned commits_ = 0;
  unsigned refusals_ = 0;
  unsigned rewritten_ = 0;
  unsigned deleted_ = 0;
  unsigned interruptions_ = 0;
};

class Random : public ::testing::TestWithParam<unsigned> {};

TEST_P(Random, NoBackupIsLostWhateverHappensInBetween) {
  RandomRun run(GetParam());
  run.run(700);
  // The run would show nothing if nothing had happened in it.
  EXPECT_GT(run.commits(), 50U);
  EXPECT_GT(run.refusals(), 5U);
  EXPECT_GT(run.rewritten(), 5U);
  EXPECT_GT(run.deleted(), 50U);
  EXPECT_GT(run.interruptions(), 50U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Random, ::testing::Values(1U, 2U, 3U, 4U));

}  // namespace
}  // namespace summit::repository::packed::testing
