#include "stores/neo4j/store_swap.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/stores/neo4j/killed_at_syscall.h"

namespace summit::neo4j {
namespace {

using testing::HasSubstr;

class Swap : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "store-swap-");
    ASSERT_TRUE(directory.ok());
    directory_.emplace(std::move(directory).value());
    layout_ = {directory_->path() / "data", directory_->path() / "logs"};
  }

  // A database of two directories with a file each, and its neighbour that must never be touched.
  void make_old() {
    fill(layout_, "neo4j", "old");
    fill(layout_, "system", "system");
  }
  static void fill(const StoreLayout& layout, const std::string& database, const std::string& content) {
    for (const auto& directory : {layout.store(database), layout.logs(database)}) {
      ASSERT_TRUE(make_directories(directory).ok());
      ASSERT_TRUE(write_file_durably(directory / "file", content).ok());
    }
  }
  std::string content(const std::string& database = "neo4j") const {
    const auto store = read_file(layout_.store(database) / "file");
    const auto logs = read_file(layout_.logs(database) / "file");
    return std::string(store.ok() ? *store : "none") + "+" + std::string(logs.ok() ? *logs : "none");
  }
  // Everything beside the databases' own directories.
  std::vector<std::string> leftovers() const {
    std::vector<std::string> names;
    for (const auto& directory : {layout_.data, layout_.databases(), layout_.transactions}) {
      for (const auto& entry : fs::directory_iterator(directory)) {
        const std::string name = entry.path().filename();
        if (name != "neo4j" && name != "system" && name != "databases" && name != "store_lock")
          names.push_back(name);
      }
    }
    return names;
  }
  Result<StoreSwap> staged() {
    auto swap = StoreSwap::begin(layout_, {});
    if (swap.ok()) fill(swap->staging().layout, "neo4j", "new");
    return swap;
  }

  std::optional<TemporaryDirectory> directory_;
  StoreLayout layout_;
};

TEST_F(Swap, ExchangeAndCommitLeaveOnlyTheNewData) {
  make_old();
  auto swap = staged();
  ASSERT_TRUE(swap.ok());
  EXPECT_EQ(content(), "old+old");
  ASSERT_TRUE(swap->exchange({"neo4j"}).ok());
  EXPECT_EQ(content(), "new+new");
  ASSERT_TRUE(swap->commit().ok());
  EXPECT_EQ(content(), "new+new");
  EXPECT_EQ(content("system"), "system+system");
  EXPECT_THAT(leftovers(), testing::IsEmpty());
}

TEST_F(Swap, RollBackBringsTheOldDataBack) {
  make_old();
  auto swap = staged();
  ASSERT_TRUE(swap->exchange({"neo4j"}).ok());
  ASSERT_TRUE(swap->roll_back().ok());
  EXPECT_EQ(content(), "old+old");
  EXPECT_THAT(leftovers(), testing::IsEmpty());
}

TEST_F(Swap, RollBackWhenNothingWasExchangedOnlyRemovesTheStaging) {
  make_old();
  auto swap = staged();
  ASSERT_TRUE(swap->roll_back().ok());
  EXPECT_EQ(content(), "old+old");
  EXPECT_THAT(leftovers(), testing::IsEmpty());
}

TEST_F(Swap, RollBackOfADatabaseThatWasNotThereLeavesNone) {
  auto swap = staged();
  ASSERT_TRUE(swap->exchange({"neo4j"}).ok());
  EXPECT_EQ(content(), "new+new");
  ASSERT_TRUE(swap->roll_back().ok());
  EXPECT_EQ(content(), "none+none");
  EXPECT_THAT(leftovers(), testing::IsEmpty());
}

TEST_F(Swap, StagedDataAreGoneWhenNothingWasExchanged) {
  make_old();
  {
    ASSERT_TRUE(staged().ok());
  }
  EXPECT_EQ(content(), "old+old");
  EXPECT_THAT(leftovers(), testing::IsEmpty());
}

TEST_F(Swap, KilledAtAnyMoment_TheOldDataComeBackOrTheNewAreWhole) {
  int moments = 0, old_kept = 0, new_kept = 0;
  for (bool killed = true; killed; ++moments) {
    SetUp();
    make_old();
    killed = killed_before_change(moments + 1, [&] {
      auto swap = staged();
      return swap.ok() && swap->exchange({"neo4j"}).ok() && swap->commit().ok();
    });
    const auto sentences = roll_back_interrupted(layout_);
    ASSERT_TRUE(sentences.ok()) << sentences.error().to_string();
    EXPECT_THAT(content(), testing::AnyOf("old+old", "new+new")) << "killed before change " << moments + 1;
    EXPECT_EQ(content("system"), "system+system");
    (content() == "old+old" ? old_kept : new_kept)++;
    ASSERT_TRUE(remove_replaced(layout_).ok());
    EXPECT_THAT(leftovers(), testing::IsEmpty()) << "killed before change " << moments + 1;
    EXPECT_THAT(content(), testing::AnyOf("old+old", "new+new"));
  }
  EXPECT_GT(old_kept, 10);
  EXPECT_GT(new_kept, 2);
}

TEST_F(Swap, KilledAtAnyMomentOntoAnEmptyTarget_NothingHalfIsLeft) {
  int moments = 0;
  for (bool killed = true; killed; ++moments) {
    SetUp();
    killed = killed_before_change(moments + 1, [&] {
      auto swap = staged();
      return swap.ok() && swap->exchange({"neo4j"}).ok() && swap->commit().ok();
    });
    ASSERT_TRUE(roll_back_interrupted(layout_).ok());
    EXPECT_THAT(content(), testing::AnyOf("none+none", "new+new")) << "killed before change " << moments + 1;
  }
  EXPECT_GT(moments, 10);
}

TEST_F(Swap, KilledAtAnyMomentOfTheRollBack_TheOldDataComeBack) {
  int moments = 0;
  for (bool killed = true; killed; ++moments) {
    SetUp();
    make_old();
    killed = killed_before_change(moments + 1, [&] {
      auto swap = staged();
      return swap.ok() && swap->exchange({"neo4j"}).ok() && swap->roll_back().ok();
    });
    if (killed) {
      // The roll-back of a crashed run may be killed as well.
      killed_before_change(3, [&] { return roll_back_interrupted(layout_).ok(); });
    }
    ASSERT_TRUE(roll_back_interrupted(layout_).ok());
    const bool between =
        content() == "new+new";  // killed after the exchange was whole, before the first step back
    if (!between) {
      EXPECT_EQ(content(), "old+old") << "killed before change " << moments + 1;
    }
  }
  EXPECT_GT(moments, 15);
}

TEST_F(Swap, DataInUseAreNotTouched) {
  make_old();
  ASSERT_TRUE(write_file_durably(layout_.store_lock(), "").ok());
  int ready[2], leave[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(leave), 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    UniqueFd fd(::open(layout_.store_lock().c_str(), O_RDWR));
    struct flock lock{};
    lock.l_type = F_WRLCK;
    ::fcntl(fd.get(), F_SETLK, &lock);
    char c = 'x';
    static_cast<void>(::write(ready[1], &c, 1));
    static_cast<void>(::read(leave[0], &c, 1));
    ::_exit(0);
  }
  char c = 0;
  ASSERT_EQ(::read(ready[0], &c, 1), 1);

  auto swap = staged();
  const auto exchanged = swap->exchange({"neo4j"});
  ASSERT_FALSE(exchanged.ok());
  EXPECT_EQ(exchanged.error().code(), Code::kBusy);
  EXPECT_EQ(content(), "old+old");

  ASSERT_EQ(::write(leave[1], &c, 1), 1);
  ::waitpid(holder, nullptr, 0);
  EXPECT_TRUE(swap->exchange({"neo4j"}).ok());
  EXPECT_EQ(content(), "new+new");
}

TEST_F(Swap, AnInterruptedRestoreIsTold) {
  make_old();
  {
    auto swap = staged();
    ASSERT_TRUE(swap->exchange({"neo4j"}).ok());
  }
  const auto sentences = roll_back_interrupted(layout_);
  ASSERT_TRUE(sentences.ok());
  EXPECT_THAT(*sentences, testing::Contains(HasSubstr("are kept in")));
}

}  // namespace
}  // namespace summit::neo4j
