// Kills writers at random moments, and fills the disk under them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "world.h"

namespace summit::repository {
namespace {

// Writes backups one after the other until it is killed. Never returns; no gtest assertion works in here.
[[noreturn]] void write_for_ever(const fs::path& base) {
  PlainRepository repository(base);
  const std::string content(300000, 'r');
  for (int64_t i = 0;; ++i) {
    auto writer = repository.begin_new(now() + std::chrono::seconds(i),
                                       [](Instant moment) { return make_backup_id("full", "", moment); });
    if (!writer.ok()) ::_exit(1);
    auto metadata = World::metadata_for((*writer)->id());
    ComponentRecord component;
    component.name = component.kind = "redis";
    component.status = Status::kComplete;
    for (const char* name : {"redis.rdb", "postgres-full.dump"}) {
      auto sink = (*writer)->create(name, "redis");
      if (!sink.ok() || !(*sink)->write(as_bytes(content)).ok()) ::_exit(2);
      auto artifact = (*sink)->finish();
      if (!artifact.ok()) ::_exit(3);
      component.artifacts.push_back(*artifact);
    }
    metadata.components.push_back(component);
    if (!(*writer)->commit(metadata).ok()) ::_exit(4);
  }
}

TEST(Crash, KillAtRandomMoments_WhatIsListedIsWholeAndTheNextWriterCleansUp) {
  World world;
  std::mt19937 random(20261121);
  SilentReporter silent;
  for (int round = 0; round < 60; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_for_ever(world.base());
    ::usleep(std::uniform_int_distribution<useconds_t>(1000, 40000)(random));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed with " << WEXITSTATUS(status);

    for (const auto& id : world.listed()) {
      const auto report = world.repository().verify(id, silent);
      ASSERT_TRUE(report.ok());
      EXPECT_TRUE(report->findings.empty()) << id << ": " << report->findings[0].problem;
    }
    ASSERT_TRUE(world.repository().remove_leftovers().ok());
    for (const auto& name : world.names_in(world.base())) {
      EXPECT_FALSE(name.starts_with(".incomplete-")) << name;
      EXPECT_FALSE(name.starts_with(".lock-")) << name;
      if (!name.starts_with("summit-backup-")) continue;
      EXPECT_TRUE(has_commit_marker(world.base() / name, name)) << name;
      if (round % 10 == 0) fs::remove_all(world.base() / name);
    }
  }
}

TEST(Crash, BetweenRenameAndMarker_TheDirectoryIsNotListedAndGoes) {
  World world;
  const std::string id = "summit-backup-full-20261121T031048Z";
  world.make(id);
  fs::remove(world.base() / id / id);
  World::put(world.base() / (".lock-" + id), "");  // what the dead writer left
  EXPECT_TRUE(world.listed().empty());
  ASSERT_TRUE(world.repository().begin("summit-backup-full-20261122T031048Z").ok());
  EXPECT_FALSE(fs::exists(world.base() / id));
  EXPECT_FALSE(fs::exists(world.base() / (".lock-" + id)));
}

TEST(Crash, ALivingWriterIsLeftAlone) {
  World world;
  const std::string id = "summit-backup-full-20261121T031048Z";
  auto writer = world.repository().begin(id);
  ASSERT_TRUE(writer.ok());
  auto metadata = World::metadata_for(id);
  World::write(**writer, {{"redis.rdb", "keys"}}, metadata);
  EXPECT_TRUE(world.repository().remove_leftovers()->empty());
  EXPECT_TRUE((*writer)->commit(metadata).ok());
  EXPECT_EQ(world.listed().size(), 1u);
}

// In a child with a mount namespace of its own: a tmpfs of 1 MiB under BACKUP_BASE.
int fill_the_disk(const fs::path& base) {
  const int spaces = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
  if (::unshare(spaces) != 0) return 10;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 11;
  if (::mount("tmpfs", base.c_str(), "tmpfs", 0, "size=1m") != 0) return 12;
  PlainRepository repository(base);
  {
    auto writer = repository.begin("summit-backup-full-20261121T031048Z");
    if (!writer.ok()) return 13;
    auto sink = (*writer)->create("redis.rdb", "redis");
    if (!sink.ok()) return 14;
    const std::string block(64 * KiB, 'x');
    Result<void> written;
    for (int i = 0; i < 64 && written.ok(); ++i) written = (*sink)->write(as_bytes(block));
    if (written.ok() || written.error().code() != Code::kNoSpace || written.error().hint().empty()) return 15;
  }
  if (!repository.list()->empty() || !entry_names(base)->empty()) return 16;

  // Room for the artifact, but not for its records.
  auto writer = repository.begin("summit-backup-full-20261121T031049Z");
  if (!writer.ok()) return 17;
  auto metadata = World::metadata_for((*writer)->id());
  ComponentRecord component;
  component.name = component.kind = "redis";
  auto sink = (*writer)->create("redis.rdb", "redis");
  const std::string page(4 * KiB, 'x');
  Result<void> written;
  while (written.ok()) written = (*sink)->write(as_bytes(page));
  (*sink).reset();
  auto small = (*writer)->create("small.rdb", "redis");
  const std::string almost(1 * MiB - 8 * KiB, 'x');
  for (size_t size = almost.size(); size > 0; size -= 4 * KiB) {
    auto attempt = (*writer)->create("part.rdb", "redis");
    if (attempt.ok() && (*attempt)->write(as_bytes(std::string_view(almost).substr(0, size))).ok()) {
      component.artifacts.push_back(*(*attempt)->finish());
      break;
    }
  }
  (*small).reset();
  component.notes.assign(1000, std::string(1000, 'n'));
  metadata.components.push_back(component);
  const auto committed = (*writer)->commit(metadata);
  if (committed.ok() || committed.error().code() != Code::kNoSpace) return 18;
  if (!repository.list()->empty()) return 19;
  (*writer).reset();
  return entry_names(base)->empty() ? 0 : 20;
}

TEST(Crash, FullDisk_ClearErrorAndNothingListed) {
  World world;
  fs::create_directories(world.base());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(fill_the_disk(world.base()));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace summit::repository
