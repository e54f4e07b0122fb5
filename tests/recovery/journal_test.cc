#include "recovery/journal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace summit::recovery {
namespace {

using ::testing::HasSubstr;

class Journal : public ::testing::Test {
 protected:
  static RestoreRecord record(const std::string& id, RestoreState state = RestoreState::kFinished) {
    RestoreRecord record;
    record.id = id;
    record.backup = "summit-backup-full-20261121T031048Z";
    record.environment = "dev";
    record.safety_backup = "summit-backup-safety-20261121T040000Z";
    record.change_reference = "CHG-42";
    record.components = {"postgresql", "redis"};
    record.started = *from_rfc3339("2026-11-21T04:00:00.250000Z");
    record.state = state;
    return record;
  }

  TemporaryDirectory directory =
      TemporaryDirectory::create(fs::temp_directory_path(), "summit-journal-").value();
  fs::path base = directory.path() / "backups";
};

TEST_F(Journal, GivesBackWhatWasWritten) {
  const auto journal = RestoreJournal::open(base);
  ASSERT_TRUE(journal.ok());
  auto written = record("restore-20261121T040000Z", RestoreState::kFailed);
  written.finished = *from_rfc3339("2026-11-21T04:01:00Z");
  written.problem = "postgresql: differs from the backup";
  written.part = "tenant acme";
  written.tables["postgresql"] = {.replaced = {"public.users", "sales.\"Odd, name\""},
                                  .created = {"public.log"}};
  ASSERT_TRUE(journal->write(written).ok());

  const auto read = find_restore(base, written.id);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->backup, written.backup);
  EXPECT_EQ(read->environment, "dev");
  EXPECT_EQ(read->safety_backup, written.safety_backup);
  EXPECT_EQ(read->change_reference, "CHG-42");
  EXPECT_EQ(read->components, written.components);
  EXPECT_EQ(read->part, "tenant acme");
  ASSERT_EQ(read->tables.size(), 1U);
  EXPECT_EQ(read->tables.at("postgresql").replaced, written.tables.at("postgresql").replaced);
  EXPECT_EQ(read->tables.at("postgresql").created, written.tables.at("postgresql").created);
  EXPECT_EQ(read->started, written.started);
  EXPECT_EQ(read->finished, written.finished);
  EXPECT_EQ(read->state, RestoreState::kFailed);
  EXPECT_EQ(read->problem, written.problem);
}

TEST_F(Journal, ASecondRestoreIsBusyUntilTheFirstEnds) {
  {
    const auto first = RestoreJournal::open(base);
    ASSERT_TRUE(first.ok());
    const auto second = RestoreJournal::open(base);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code(), Code::kBusy);
  }
  EXPECT_TRUE(RestoreJournal::open(base).ok());
}

TEST_F(Journal, KnowsTheRestoresThatWereInterrupted) {
  const auto journal = RestoreJournal::open(base);
  ASSERT_TRUE(journal.ok());
  ASSERT_TRUE(journal->write(record("restore-20261121T040000Z", RestoreState::kRunning)).ok());
  ASSERT_TRUE(journal->write(record("restore-20261121T050000Z", RestoreState::kFinished)).ok());
  ASSERT_TRUE(journal->write(record("restore-20261121T060000Z", RestoreState::kFailed)).ok());
  const auto interrupted = journal->interrupted();
  ASSERT_TRUE(interrupted.ok());
  ASSERT_EQ(interrupted->size(), 1U);
  EXPECT_EQ(interrupted->front().id, "restore-20261121T040000Z");
}

class InterruptedRestore : public Journal {
 protected:
  static RestoreRecord of_acme(const std::string& id, RestoreState state) {
    auto of_acme = record(id, state);
    of_acme.part = "tenant acme";
    return of_acme;
  }
  // After `later` finished, or did not, beside one of acme that was interrupted.
  size_t left_after(const std::vector<RestoreRecord>& later) {
    const auto journal = RestoreJournal::open(base);
    EXPECT_TRUE(journal->write(of_acme("restore-20261121T040000Z", RestoreState::kRunning)).ok());
    for (const auto& one : later) EXPECT_TRUE(journal->write(one).ok());
    EXPECT_TRUE(journal->settle_interrupted().ok());
    return journal->interrupted()->size();
  }
};

TEST_F(InterruptedRestore, IsSettledByALaterOneOfTheSame) {
  EXPECT_EQ(left_after({of_acme("restore-20261121T050000Z", RestoreState::kFinished)}), 0U);
  const auto settled = find_restore(base, "restore-20261121T040000Z");
  EXPECT_EQ(settled->state, RestoreState::kFailed);
  EXPECT_THAT(settled->problem, HasSubstr("restored since: restore-20261121T050000Z"));
}

TEST_F(InterruptedRestore, IsSettledByTheWhole) {
  EXPECT_EQ(left_after({record("restore-20261121T050000Z")}), 0U);
}

TEST_F(InterruptedRestore, IsSettledWhenSeveralTogetherRestoredItsComponents) {
  auto postgresql = of_acme("restore-20261121T050000Z", RestoreState::kFinished);
  postgresql.components = {"postgresql"};
  EXPECT_EQ(left_after({postgresql}), 1U);
  auto redis = of_acme("restore-20261121T060000Z", RestoreState::kFinished);
  redis.components = {"redis", "config"};
  EXPECT_EQ(left_after({postgresql, redis}), 0U);
}

TEST_F(InterruptedRestore, StaysWhenNothingRestoredWhatItLeft) {
  auto other_environment = record("restore-20261121T050000Z");
  other_environment.environment = "staging";
  auto other_tenant = of_acme("restore-20261121T060000Z", RestoreState::kFinished);
  other_tenant.part = "tenant globex";
  EXPECT_EQ(left_after({record("restore-20261121T030000Z"), other_environment, other_tenant,
                        of_acme("restore-20261121T070000Z", RestoreState::kFailed)}),
            1U);
}

TEST_F(InterruptedRestore, OfSomeTablesIsSettledByARollbackThatWroteThemAll) {
  const auto of_tables = [](const std::string& id, RestoreState state, std::vector<std::string> tables) {
    auto one = record(id, state);
    one.part = "tables of " + id;
    one.tables["postgresql"].replaced = std::move(tables);
    return one;
  };
  const auto journal = RestoreJournal::open(base);
  ASSERT_TRUE(journal
                  ->write(of_tables("restore-20261121T040000Z", RestoreState::kRunning,
                                    {"public.orders", "public.users"}))
                  .ok());
  for (const auto& [id, tables, left] :
       {std::tuple("restore-20261121T050000Z", std::vector<std::string>{"public.users"}, 1U),
        std::tuple("restore-20261121T060000Z", std::vector<std::string>{"public.users", "public.orders"},
                   0U)}) {
    ASSERT_TRUE(journal->write(of_tables(id, RestoreState::kFinished, tables)).ok());
    ASSERT_TRUE(journal->settle_interrupted().ok());
    EXPECT_EQ(journal->interrupted()->size(), left);
  }
}

TEST_F(InterruptedRestore, OfAnOlderProgramIsSettledByTheSameBackup) {
  const auto journal = RestoreJournal::open(base);
  for (const auto& [id, state] : {std::pair("restore-20261121T040000Z", RestoreState::kRunning),
                                  std::pair("restore-20261121T050000Z", RestoreState::kFinished)}) {
    ASSERT_TRUE(journal->write(record(id, state)).ok());
    const auto file = base / ".restores" / (std::string(id) + ".json");
    auto text = read_file(file).value();
    for (const char* line : {"  \"part\": \"\",\n", "  \"tables\": {},\n"}) {
      const auto at = text.find(line);
      ASSERT_NE(at, std::string::npos) << text;
      text.erase(at, std::string_view(line).size());
    }
    ASSERT_TRUE(write_file_durably(file, text).ok());
  }
  ASSERT_TRUE(journal->settle_interrupted().ok());
  EXPECT_TRUE(journal->interrupted()->empty());
}

TEST_F(Journal, WhatACrashedRunLeftInTheWorkspaceIsRemovedByTheNext) {
  const auto journal = RestoreJournal::open(base);
  ASSERT_TRUE(journal.ok());
  const auto left = base / ".restores" / "work" / "restore-crashed";
  ASSERT_TRUE(make_directories(left).ok());
  ASSERT_TRUE(write_file_durably(left / "store-files", "half a graph").ok());
  fs::path ours;
  {
    const auto workspace = journal->workspace();
    ASSERT_TRUE(workspace.ok());
    ours = workspace->path();
    EXPECT_TRUE(fs::is_directory(ours));
    EXPECT_FALSE(fs::exists(left));
  }
  EXPECT_FALSE(fs::exists(ours));
}

TEST_F(Journal, LatestIsTheNewestAndTheListIsNewestFirst) {
  const auto journal = RestoreJournal::open(base);
  ASSERT_TRUE(journal.ok());
  for (const char* id :
       {"restore-20261121T050000Z", "restore-20261121T060000Z", "restore-20261120T070000Z"}) {
    ASSERT_TRUE(journal->write(record(id)).ok());
  }
  EXPECT_EQ(find_restore(base, "latest")->id, "restore-20261121T060000Z");
  const auto all = list_restores(base);
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ(all->back().id, "restore-20261120T070000Z");
}

TEST_F(Journal, WithoutAnyRestoreIsEmptyAndLatestIsNotFound) {
  EXPECT_TRUE(list_restores(base)->empty());
  const auto missing = find_restore(base, "latest");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), Code::kNotFound);
}

TEST_F(Journal, AnUnknownRestoreIsNotFoundAndTheNewestIsNamed) {
  const auto journal = RestoreJournal::open(base);
  ASSERT_TRUE(journal.ok());
  ASSERT_TRUE(journal->write(record("restore-20261121T050000Z")).ok());
  const auto missing = find_restore(base, "restore-20200101T000000Z");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), Code::kNotFound);
  EXPECT_THAT(missing.error().hint(), HasSubstr("restore-20261121T050000Z"));
}

TEST_F(Journal, ADamagedRecordIsNamed) {
  const auto journal = RestoreJournal::open(base);
  ASSERT_TRUE(journal.ok());
  const auto path = base / ".restores" / "restore-20261121T050000Z.json";
  for (const char* damage : {"", "{\"id\": \"restore", "[]", "{}"}) {
    ASSERT_TRUE(write_file_durably(path, damage).ok());
    const auto listed = list_restores(base);
    ASSERT_FALSE(listed.ok()) << damage;
    EXPECT_EQ(listed.error().code(), Code::kCorrupt);
    EXPECT_THAT(listed.error().message(), HasSubstr(path.string()));
  }
}

}  // namespace
}  // namespace summit::recovery
