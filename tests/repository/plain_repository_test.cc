#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <limits>
#include <thread>

#include "core/digest.h"
#include "world.h"

namespace summit::repository {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kOld = "summit-backup-full-20261120T031048Z";
constexpr const char* kNew = "summit-backup-full-20261121T031048Z";

int shell(const std::string& command) {
  return std::system(command.c_str());
}  // NOLINT(cert-env33-c): stock tools

TEST(PlainRepository, ABackupIsListedAndReadBack) {
  World world;
  world.make(kOld);
  world.make(kNew, {{"postgres-full.dump", std::string(3 * MiB, 'x')}, {"redis.rdb", ""}});
  EXPECT_THAT(world.listed(), ElementsAre(kNew, kOld));

  auto reader = world.repository().open(kNew);
  ASSERT_TRUE(reader.ok()) << reader.error().message();
  std::string content;
  ASSERT_TRUE((*reader)
                  ->read("postgres-full.dump",
                         [&](ByteView bytes) -> Result<void> {
                           content += as_text(bytes);
                           return {};
                         })
                  .ok());
  EXPECT_EQ(content, std::string(3 * MiB, 'x'));
  EXPECT_EQ((*reader)->native_file("redis.rdb", world.root()).value(), world.base() / kNew / "redis.rdb");
  EXPECT_EQ((*reader)->metadata().components.at(0).fingerprints.size(), 1u);
  EXPECT_EQ(world.repository().list()->at(0).metadata.components.at(0).fingerprints.size(), 0u);
}

TEST(PlainRepository, StockSha256sumAcceptsBothLists) {
  World world;
  world.make(kOld, {{"old.dump", "old"}});
  world.make(kNew, {{"postgres-full.dump", "rows"}, {"config.tar.zst", "files"}});
  EXPECT_EQ(shell("cd " + (world.base() / kNew).string() + " && sha256sum --quiet --strict -c CHECKSUMS"), 0);
  EXPECT_EQ(shell("cd " + world.root().string() + " && sha256sum --quiet --strict -c ./backups/CHECKSUMS"),
            0);
  EXPECT_THAT(World::get(world.base() / "CHECKSUMS"),
              HasSubstr(std::string("backups/") + kNew + "/postgres-full.dump"));
  EXPECT_THAT(World::get(world.base() / kNew / "CHECKSUMS"), HasSubstr("  backup-metadata.json\n"));

  World::put(world.base() / kNew / "config.tar.zst", "damage");
  EXPECT_NE(shell("cd " + world.root().string() + " && sha256sum --status -c ./backups/CHECKSUMS"), 0);
}

TEST(PlainRepository, ARemovedBackupIsGoneAndItsNeighbourStays) {
  World world;
  world.make(kOld);
  world.make(kNew);
  ASSERT_TRUE(world.repository().remove(kNew).ok());
  EXPECT_THAT(world.listed(), ElementsAre(kOld));
  EXPECT_FALSE(fs::exists(world.base() / kNew));
  EXPECT_FALSE(fs::exists(incomplete_directory(world.base(), kNew)));
  EXPECT_TRUE(world.repository().remove(kNew).ok()) << "what is gone may be removed again";
}

TEST(PlainRepository, WhatIsBeingWrittenCannotBeRemoved) {
  World world;
  const auto writer = world.repository().begin(kNew);
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(world.repository().remove(kNew).error().code(), Code::kBusy);
}

TEST(PlainRepository, TheCommitMarkerIsTheNewestFile) {
  World world;
  world.make(kNew, {{"postgres-full.dump", "rows"}, {"redis.rdb", "keys"}});
  EXPECT_EQ(shell("test \"$(ls -t " + (world.base() / kNew).string() + " | head -1)\" = " + kNew), 0);
  EXPECT_EQ(fs::file_size(world.base() / kNew / kNew), 0u);
  // The documented line, which prints an id with a colon for several directories and a name for one.
  EXPECT_EQ(shell("cd " + world.root().string() +
                  " && test \"$(ls -t backups/summit-backup-full-* | head -1 | xargs basename)\" = " + kNew),
            0);
}

TEST(PlainRepository, AFinishedBackupKeepsItsTimes) {
  World world;
  world.make(kOld);
  struct stat before{};
  ASSERT_EQ(::stat((world.base() / kOld).c_str(), &before), 0);
  world.make(kNew);
  SilentReporter silent;
  ASSERT_TRUE(world.repository().verify(kOld, silent).ok());
  struct stat after{};
  ASSERT_EQ(::stat((world.base() / kOld).c_str(), &after), 0);
  EXPECT_EQ(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
  EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
  EXPECT_EQ(shell("test \"$(ls -td " + world.base().string() +
                  "/summit-backup-* | head -1 | xargs basename)\" = " + kNew),
            0);
}

TEST(PlainRepository, LinksPointToTheNewestBackupThatHasTheArtifact) {
  World world;
  world.make(kOld, {{"postgres-full.dump", "old rows"}, {"neo4j.dump", "graph"}, {"redis.rdb", "keys"}});
  world.make(kNew, {{"postgres-full.dump", "new rows"}});
  EXPECT_EQ(World::get(world.base() / "postgres.dump"), "new rows");
  EXPECT_EQ(World::get(world.base() / "neo4j.dump"), "graph");
  EXPECT_EQ(World::get(world.base() / "redis.rdb"), "keys");
  EXPECT_TRUE(fs::read_symlink(world.base() / "redis.rdb").is_relative());
}

TEST(PlainRepository, ASafetyBackupIsNotTheNewest) {
  World world;
  world.make(kNew, {{"postgres-full.dump", "good rows"}});
  world.make("summit-backup-safety-20261122T031048Z",
             {{"postgres-full.dump", "rows about to be overwritten"}});
  EXPECT_EQ(World::get(world.base() / "postgres.dump"), "good rows");
  EXPECT_THAT(World::get(world.base() / "CHECKSUMS"), HasSubstr(kNew));
}

TEST(PlainRepository, FilesOfOthersInTheBaseStay) {
  World world;
  fs::create_directories(world.base() / "somebody's");
  World::put(world.base() / "postgres.dump", "made by hand");
  World::put(world.base() / "CHECKSUMS", std::string(64, 'a') + "  postgres.dump\n");
  auto metadata = World::metadata_for(kNew);
  auto writer = world.repository().begin(kNew);
  ASSERT_TRUE(writer.ok());
  World::write(**writer, {{"postgres-full.dump", "rows"}}, metadata);
  ASSERT_TRUE((*writer)->commit(metadata).ok());
  EXPECT_EQ((*writer)->warnings().size(), 2u);
  EXPECT_EQ(World::get(world.base() / "postgres.dump"), "made by hand");
  EXPECT_THAT(World::get(world.base() / "CHECKSUMS"), HasSubstr("  postgres.dump"));
  EXPECT_THAT(world.listed(), ElementsAre(kNew));
}

TEST(PlainRepository, NothingOfAnAbandonedBackupRemains) {
  World world;
  {
    auto writer = world.repository().begin(kNew);
    ASSERT_TRUE(writer.ok());
    World::put((*writer)->workspace() / "scratch", "x");
    auto metadata = World::metadata_for(kNew);
    World::write(**writer, {{"postgres-full.dump", "rows"}}, metadata);
    EXPECT_TRUE(fs::exists(world.base() / (std::string(".incomplete-") + kNew)));
    EXPECT_THAT(world.listed(), ElementsAre());
  }
  EXPECT_THAT(world.names_in(world.base()), ElementsAre());
}

TEST(PlainRepository, NothingButTheBackupRemainsAfterCommit) {
  World world;
  world.make(kNew, {{"redis.rdb", "keys"}});
  EXPECT_THAT(world.names_in(world.base()), ElementsAre("CHECKSUMS", "redis.rdb", kNew));
  EXPECT_THAT(world.names_in(world.base() / kNew),
              ElementsAre("CHECKSUMS", "backup-metadata.json", "redis.rdb", kNew));
}

TEST(PlainRepository, AnArtifactWithoutFinishIsDiscardedAndOneThatNobodyClaimsIsDropped) {
  World world;
  auto writer = world.repository().begin(kNew);
  ASSERT_TRUE(writer.ok());
  {
    auto torn = (*writer)->create("neo4j.dump", "neo4j");
    ASSERT_TRUE(torn.ok());
    ASSERT_TRUE((*torn)->write(as_bytes("half")).ok());
    EXPECT_EQ((*writer)->commit(World::metadata_for(kNew)).error().code(), Code::kFailed);
  }
  {
    auto unclaimed = (*writer)->create("extra.dump", "neo4j");
    ASSERT_TRUE((*unclaimed)->finish().ok());
  }
  auto metadata = World::metadata_for(kNew);
  World::write(**writer, {{"redis.rdb", "keys"}}, metadata);
  ASSERT_TRUE((*writer)->commit(metadata).ok());
  EXPECT_THAT(world.names_in(world.base() / kNew),
              ElementsAre("CHECKSUMS", "backup-metadata.json", "redis.rdb", kNew));
}

TEST(PlainRepository, ACommitThatClaimsWhatWasNotWrittenFails) {
  World world;
  auto writer = world.repository().begin(kNew);
  auto metadata = World::metadata_for(kNew);
  World::write(**writer, {{"redis.rdb", "keys"}}, metadata);
  auto wrong = metadata;
  wrong.components[0].artifacts[0].sha256 = std::string(64, '0');
  EXPECT_EQ((*writer)->commit(wrong).error().code(), Code::kFailed);
  wrong = metadata;
  wrong.components[0].artifacts.push_back({"ghost.dump", "postgresql", 1, std::string(64, '0')});
  EXPECT_EQ((*writer)->commit(wrong).error().code(), Code::kFailed);
  EXPECT_THAT(world.listed(), ElementsAre());
  EXPECT_TRUE((*writer)->commit(metadata).ok());
}

TEST(PlainRepository, ArtifactNamesCannotLeaveTheBackup) {
  World world;
  auto writer = world.repository().begin(kNew);
  for (const char* name :
       {"", ".", "..", "../x", "a/b", ".hidden", "CHECKSUMS", "backup-metadata.json", kNew, "a b"})
    EXPECT_FALSE((*writer)->create(name, "c").ok()) << name;
  auto sink = (*writer)->create("a.dump", "c");
  EXPECT_EQ((*writer)->create("a.dump", "c").error().code(), Code::kAlreadyExists);
}

TEST(PlainRepository, AnIdIsGivenOnceAndTheSecondTakesTheNextSecond) {
  World world;
  const auto instant = at("2026-11-21T03:10:48Z");
  const auto make_id = [](Instant moment) { return make_backup_id("full", "", moment); };
  auto first = world.repository().begin_new(instant, make_id);
  EXPECT_EQ(world.repository().begin((*first)->id()).error().code(), Code::kAlreadyExists);
  auto second = world.repository().begin_new(instant, make_id);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*first)->id(), "summit-backup-full-20261121T031048Z");
  EXPECT_EQ((*second)->id(), "summit-backup-full-20261121T031049Z");
  ASSERT_TRUE((*first)->commit(World::metadata_for((*first)->id())).ok());
  EXPECT_EQ(world.repository().begin((*first)->id()).error().code(), Code::kAlreadyExists);
}

TEST(PlainRepository, WritersAtOnceDoNotDisturbEachOther) {
  World world;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      auto writer = world.repository().begin_new(
          at("2026-11-21T03:10:48Z"), [](Instant moment) { return make_backup_id("full", "", moment); });
      ASSERT_TRUE(writer.ok()) << writer.error().message();
      auto metadata = World::metadata_for((*writer)->id());
      World::write(**writer, {{"redis.rdb", (*writer)->id()}}, metadata);
      ASSERT_TRUE((*writer)->commit(metadata).ok());
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(world.listed().size(), 8u);
  EXPECT_EQ(World::get(world.base() / "redis.rdb"), world.listed().front());
  EXPECT_EQ(shell("cd " + world.root().string() + " && sha256sum --quiet --strict -c ./backups/CHECKSUMS"),
            0);
}

TEST(PlainRepository, ListPassesOverForeignAndUnfinishedDirectories) {
  World world;
  world.make(kNew);
  fs::create_directories(world.base() / "notes");
  fs::create_directories(world.base() / kOld);  // no marker
  World::put(world.base() / "summit-backup-full-20261119T031048Z", "a file");
  EXPECT_THAT(world.listed(), ElementsAre(kNew));
  // It has no marker, but no writer of ours left it either.
  EXPECT_TRUE(world.repository().remove_leftovers()->empty());
  EXPECT_TRUE(fs::exists(world.base() / kOld));
}

TEST(PlainRepository, ListShowsADamagedBackupAsFailed) {
  World world;
  world.make(kNew);
  World::put(world.base() / kNew / "backup-metadata.json", "{");
  const auto summaries = world.repository().list();
  ASSERT_EQ(summaries->size(), 1u);
  EXPECT_EQ(summaries->at(0).metadata.status, Status::kFailed);
  EXPECT_THAT(summaries->at(0).metadata.label, HasSubstr("damaged"));
}

TEST(PlainRepository, ListBearsBackupsThatVanish) {
  World world;
  for (int i = 0; i < 40; ++i)
    world.make(make_backup_id("full", "", at("2026-11-21T03:10:48Z") + std::chrono::seconds(i)));
  std::thread pruner([&] {
    for (const auto& id : world.names_in(world.base()))
      if (id.starts_with("summit-")) fs::remove_all(world.base() / id);
  });
  for (int i = 0; i < 50; ++i) {
    const auto summaries = world.repository().list();
    ASSERT_TRUE(summaries.ok());
  }
  pruner.join();
  EXPECT_THAT(world.listed(), ElementsAre());
}

TEST(PlainRepository, SaysWhatIsNotThere) {
  World world;
  EXPECT_THAT(world.listed(), ElementsAre());
  EXPECT_EQ(world.repository().open(kNew).error().code(), Code::kRepositoryMissing);
  world.make(kNew);
  const auto missing = world.repository().open("summit-backup-full-20261121T031049Z");
  EXPECT_EQ(missing.error().code(), Code::kNotFound);
  EXPECT_THAT(missing.error().hint(), HasSubstr(kNew));
  EXPECT_EQ(world.repository().open("nonsense").error().code(), Code::kNotFound);
  auto reader = world.repository().open(std::string(kNew) + ":");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->native_file("ghost", world.root()).error().code(), Code::kNotFound);
}

TEST(PlainRepository, ACopyUnderAnotherNameIsFound) {
  World world;
  world.make(kNew);
  const auto copy = world.root() / "backup-dir";
  fs::copy(world.base() / kNew, copy, fs::copy_options::recursive);
  EXPECT_EQ(world.repository().locate(copy.string()).value(), copy);
  EXPECT_EQ(world.repository().locate((copy / "postgres-full.dump").string()).value(), copy);
  EXPECT_EQ(world.repository().open(copy.string()).value()->metadata().id, kNew);
}

TEST(PlainRepository, ABackupWithoutMarkerCannotBeOpened) {
  World world;
  world.make(kNew);
  fs::remove(world.base() / kNew / kNew);
  EXPECT_EQ(world.repository().open(kNew).error().code(), Code::kCorrupt);
}

TEST(PlainRepository, AChangedArtifactIsNeverHandedOutAsSound) {
  World world;
  world.make(kNew, {{"redis.rdb", "keys and values"}});
  World::put(world.base() / kNew / "redis.rdb", "keys and valuEs");
  auto reader = world.repository().open(kNew);
  const auto nothing = [](ByteView) { return Result<void>(); };
  EXPECT_EQ((*reader)->read("redis.rdb", nothing).error().code(), Code::kCorrupt);
  EXPECT_EQ((*reader)->native_file("redis.rdb", world.root()).error().code(), Code::kCorrupt);
  World::put(world.base() / kNew / "redis.rdb", "keys");
  EXPECT_THAT((*reader)->read("redis.rdb", nothing).error().message(), HasSubstr("size is 4, recorded 15"));
}

TEST(PlainRepository, ARangeIsThoseBytesOfTheWhole) {
  World world;
  std::string text;
  for (int i = 0; text.size() < 3 * MiB; ++i) text += fmt::format("{} ", i);
  world.make(kNew, {{"x.dump", text}});
  const auto reader = world.repository().open(kNew);
  EXPECT_EQ(World::range(**reader, "x.dump", 0, 4).value(), text.substr(0, 4));
  EXPECT_EQ(World::range(**reader, "x.dump", 999'999, 2'000'000).value(), text.substr(999'999, 2'000'000));
  EXPECT_EQ(World::range(**reader, "x.dump", text.size() - 3, 3).value(), text.substr(text.size() - 3));
  EXPECT_EQ(World::range(**reader, "x.dump", 0, text.size()).value(), text);
  EXPECT_EQ(World::range(**reader, "x.dump", 17, 0).value(), "");
  EXPECT_EQ(World::range(**reader, "x.dump", text.size(), 0).value(), "");
  EXPECT_EQ(World::range(**reader, "x.dump", text.size() - 3, 4).error().code(), Code::kCorrupt);
  EXPECT_EQ(World::range(**reader, "x.dump", text.size() + 1, 0).error().code(), Code::kCorrupt);
  EXPECT_EQ(World::range(**reader, "x.dump", 1, std::numeric_limits<uint64_t>::max()).error().code(),
            Code::kCorrupt);
  EXPECT_EQ(World::range(**reader, "y.dump", 0, 1).error().code(), Code::kNotFound);

  const auto full = [](ByteView) -> Result<void> { return Error(Code::kNoSpace, "the disk is full"); };
  EXPECT_EQ((*reader)->read_range("x.dump", 0, 9, full).error().code(), Code::kNoSpace);
  Cancellation cancelled;
  cancelled.request();
  EXPECT_EQ((*reader)->read_range("x.dump", 0, 9, full, cancelled).error().code(), Code::kCancelled);
}

TEST(PlainRepository, ARangeBehindTheEndOfAFileThatWasCutOffIsDamage) {
  World world;
  world.make(kNew, {{"redis.rdb", "keys and values"}});
  World::put(world.base() / kNew / "redis.rdb", "keys and");
  const auto reader = world.repository().open(kNew);
  EXPECT_EQ(World::range(**reader, "redis.rdb", 5, 3).value(), "and");
  const auto cut_off = World::range(**reader, "redis.rdb", 5, 10);
  ASSERT_FALSE(cut_off.ok());
  EXPECT_EQ(cut_off.error().code(), Code::kCorrupt);
  EXPECT_THAT(cut_off.error().message(), HasSubstr("shorter than the recorded 15 bytes"));
}

// Names of environments
// --------------------------------------------------------------------------------------------

const std::vector<EnvironmentNames> kEnvironments = {{"production", {"prod"}}, {"dev", {"development"}}};

void make_for(World& world, const std::string& id, const std::string& environment, const std::string& set,
              Status status = Status::kComplete, bool database = true,
              const std::map<std::string, std::string>& scope = {}) {
  auto metadata = World::metadata_for(id);
  metadata.scope = scope;
  metadata.environment = environment;
  metadata.set = set;
  metadata.status = status;
  auto writer = world.repository().begin(id);
  World::write(**writer, {{"x.dump", id}}, metadata);
  if (!database) metadata.components[0].kind = "files";
  ASSERT_TRUE((*writer)->commit(metadata).ok());
}

TEST(Latest, IsTheNewestCompleteBackupWithADatabaseOfThatEnvironment) {
  World world;
  make_for(world, "summit-backup-full-20261101T000000Z", "production", "full");
  make_for(world, "summit-backup-full-20261102T000000Z", "production", "full");
  make_for(world, "summit-backup-full-20261103T000000Z", "dev", "full");
  make_for(world, "summit-backup-full-20261104T000000Z", "production", "full", Status::kPartial);
  make_for(world, "summit-backup-config_only-20261105T000000Z", "production", "config_only",
           Status::kComplete, false);
  make_for(world, "summit-backup-safety-20261106T000000Z", "production", "full");
  for (const char* name :
       {"summit-prod-latest", "prod-latest", "production-latest", "summit-production-latest"})
    EXPECT_EQ(resolve_latest(world.repository(), name, kEnvironments).value()->id,
              "summit-backup-full-20261102T000000Z")
        << name;
  EXPECT_EQ(resolve_latest(world.repository(), "dev-latest", kEnvironments).value()->id,
            "summit-backup-full-20261103T000000Z");
  EXPECT_EQ(resolve_latest(world.repository(), "latest", kEnvironments).value()->id,
            "summit-backup-full-20261103T000000Z");
}

TEST(Latest, SaysWhichNewerOneItPassedOver) {
  World world;
  make_for(world, "summit-backup-full-20261101T000000Z", "dev", "full");
  EXPECT_EQ(resolve_latest(world.repository(), "latest", kEnvironments).value()->passed_over, "");
  make_for(world, "summit-backup-config_only-20261102T000000Z", "dev", "config_only", Status::kComplete,
           false);
  make_for(world, "summit-backup-config_only-20261103T000000Z", "dev", "config_only", Status::kComplete,
           false);
  const auto latest = resolve_latest(world.repository(), "latest", kEnvironments).value();
  EXPECT_EQ(latest->id, "summit-backup-full-20261101T000000Z");
  EXPECT_EQ(latest->passed_over, "summit-backup-config_only-20261103T000000Z");
}

TEST(Latest, IsNeverOfAnotherTenantThanTheNewest) {
  World world;
  const auto latest = [&] { return resolve_latest(world.repository(), "latest", kEnvironments).value()->id; };
  const std::map<std::string, std::string> t1{{"tenant_id", "t1"}};
  const std::map<std::string, std::string> acme{{"tenant_id", "customer-acme"}};
  make_for(world, "summit-backup-full-20261101T000000Z", "dev", "full");
  make_for(world, "summit-backup-tenant-t1-20261102T000000Z", "dev", "tenant", Status::kComplete, true, t1);
  make_for(world, "summit-backup-tenant-customer-acme-20261103T000000Z", "dev", "tenant", Status::kComplete,
           false, acme);
  EXPECT_EQ(latest(), "summit-backup-tenant-customer-acme-20261103T000000Z");
  make_for(world, "summit-backup-config_only-20261104T000000Z", "dev", "config_only", Status::kComplete,
           false);
  EXPECT_EQ(latest(), "summit-backup-full-20261101T000000Z") << "a backup of the platform, not of t1";
  make_for(world, "summit-backup-tenant-t1-20261105T000000Z", "dev", "tenant", Status::kComplete, false, t1);
  EXPECT_EQ(latest(), "summit-backup-tenant-t1-20261102T000000Z") << "of the same tenant, with a database";
}

TEST(Latest, IsNoNameOfOtherThings) {
  World world;
  EXPECT_FALSE(resolve_latest(world.repository(), kNew, kEnvironments).value().has_value());
  EXPECT_FALSE(resolve_latest(world.repository(), "backups/prod-latest", kEnvironments).value().has_value());
  EXPECT_EQ(resolve_latest(world.repository(), "moon-latest", kEnvironments).error().code(), Code::kUsage);
  EXPECT_EQ(resolve_latest(world.repository(), "prod-latest", kEnvironments).error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace summit::repository
