// Whatever point a crash came at: the log opens, every committed backup reads back whole, and the next backup
// and collection work.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <span>

#include "repository/packed/collector.h"
#include "repository/packed/log_record.h"
#include "tests/repository/packed/small_backups.h"
#include "tests/storage/testing/fault_injector.h"

namespace summit::repository::packed::testing {
namespace {

using std::chrono::seconds;
using storage::Fault;
using storage::FaultInjector;

using Contents = std::map<std::string, std::string>;  // by backup

class CrashReplay : public ::testing::Test {
 protected:
  Result<void> back_up(storage::ObjectStore& store, unsigned n, unsigned first, unsigned last) {
    ASSIGN_OR_RETURN(auto log, world.open_through(store));
    ASSIGN_OR_RETURN(auto writer, SmallWriter::begin(store, world.keyring, log->state(), backup_id(n)));
    for (unsigned chunk = first; chunk <= last; ++chunk)
      RETURN_IF_ERROR(writer->add(chunk_text(chunk, 2 * KiB)));
    contents[backup_id(n)] = writer->content();
    ASSIGN_OR_RETURN(const auto commit, writer->finish());
    RETURN_IF_ERROR(append(*log, {commit}));
    return {};
  }

  Result<void> collect_through(storage::ObjectStore& store, std::vector<std::string> give_up) {
    ASSIGN_OR_RETURN(auto log, world.open_through(store));
    SilentReporter reporter;
    RETURN_IF_ERROR(
        collect(store, world.keyring, *log, {.give_up = std::move(give_up), .grace = seconds(0)}, reporter));
    return {};
  }

  // Overlapping backups of which each second one is given up, and runs that crash before their commit.
  Result<void> live_a_life(storage::ObjectStore& store, unsigned rounds) {
    for (unsigned n = 1; n <= rounds; ++n) {
      RETURN_IF_ERROR(back_up(store, n, 3 * n, 3 * n + 8));
      if (n % 4 == 0) {
        ASSIGN_OR_RETURN(auto log, world.open_through(store));
        ASSIGN_OR_RETURN(auto crashed,
                         SmallWriter::begin(store, world.keyring, log->state(), backup_id(1000 + n)));
        RETURN_IF_ERROR(crashed->add(chunk_text(10'000 + n, 2 * KiB)));
        RETURN_IF_ERROR(crashed->finish());
      }
      RETURN_IF_ERROR(
          collect_through(store, n > 2 ? std::vector{backup_id(n - 2)} : std::vector<std::string>{}));
    }
    return {};
  }

  // What is committed is whole, and the repository goes on living.
  void expect_sound(storage::MemoryStore& store) {
    expect_contents(store);
    const auto next = back_up(store, 500, 1, 30);
    ASSERT_TRUE(next.ok()) << next.error().to_string();
    for (int run = 0; run < 2; ++run) {
      const auto collected = collect_through(store, {});
      ASSERT_TRUE(collected.ok()) << collected.error().to_string();
    }
    expect_contents(store);
  }

  void expect_contents(storage::MemoryStore& store) {
    auto log = world.open_through(store);
    ASSERT_TRUE(log.ok()) << log.error().to_string();
    for (const auto& [id, live] : (*log)->state().backups()) {
      const auto content = read_backup(store, world.keyring, **log, id);
      ASSERT_TRUE(content.ok()) << id << ": " << content.error().to_string();
      EXPECT_TRUE(*content == contents.at(id)) << id << " has other bytes than were backed up";
    }
  }

  LogWorld world;
  Contents contents;
};

TEST_F(CrashReplay, EveryPrefixOfEveryChangeIsASoundRepository) {
  FaultInjector store(world.store);
  ASSERT_TRUE(live_a_life(store, 12).ok());
  const auto mutations = store.mutations();
  ASSERT_GT(mutations.size(), 100U);
  const auto voids = [](const storage::Mutation& mutation) {
    return mutation.key.starts_with(kLogPrefix) && mutation.content.size() == kVoidSize;
  };
  ASSERT_TRUE(std::ranges::any_of(mutations, voids)) << "the life is too short to be compacted";

  storage::MemoryStore prefix;
  for (size_t count = 0; count <= mutations.size(); ++count) {
    SCOPED_TRACE(fmt::format("after {} changes", count));
    storage::MemoryStore crashed(prefix.contents());
    expect_sound(crashed);
    if (HasFatalFailure() || HasNonfatalFailure()) return;
    if (count == mutations.size()) break;
    ASSERT_TRUE(storage::replay(std::span(mutations).subspan(count, 1), prefix).ok());
  }
}

// One change fails, or seems to: the run ends with an error or recovers, and nothing is lost.
TEST_F(CrashReplay, AFailureOfAnyChangeLosesNothing) {
  ASSERT_TRUE(live_a_life(world.store, 4).ok());
  const auto before = world.store.contents();
  size_t count = 0;
  {
    FaultInjector counting(world.store);
    ASSERT_TRUE(live_a_life(counting, 0).ok());
    ASSERT_TRUE(back_up(counting, 5, 10, 30).ok());
    ASSERT_TRUE(collect_through(counting, {backup_id(3), backup_id(4)}).ok());
    count = counting.mutations().size();
  }
  ASSERT_GT(count, 8U);
  for (size_t n = 1; n <= count; ++n) {
    for (const Fault fault : {Fault::kFailBefore, Fault::kFailAfter}) {
      SCOPED_TRACE(
          fmt::format("change {} fails {} it is made", n, fault == Fault::kFailAfter ? "after" : "before"));
      storage::MemoryStore store(before);
      FaultInjector faulty(store, storage::fail_mutation(n, fault));
      // Either may fail: what counts is what is left.
      const auto backed_up = back_up(faulty, 5, 10, 30);
      const auto collected = collect_through(faulty, {backup_id(3), backup_id(4)});
      EXPECT_TRUE(backed_up.ok() || collected.ok()) << "one failure failed both";
      expect_sound(store);
    }
  }
}

}  // namespace
}  // namespace summit::repository::packed::testing
