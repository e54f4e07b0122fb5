#include "repository/diff_backups.h"

#include <gtest/gtest.h>

namespace summit::repository {
namespace {

Fingerprint table(const std::string& name, uint64_t rows, char hash) {
  return {.store = "postgresql", .kind = "table", .name = name, .count = rows, .hash = std::string(64, hash)};
}

ComponentRecord component(const std::string& name, std::vector<Artifact> artifacts,
                          std::vector<Fingerprint> fingerprints) {
  ComponentRecord record;
  record.name = name;
  record.status = Status::kComplete;
  record.artifacts = std::move(artifacts);
  record.fingerprints = std::move(fingerprints);
  return record;
}

BackupMetadata backup(const std::string& id, std::vector<ComponentRecord> components) {
  BackupMetadata metadata;
  metadata.id = id;
  metadata.components = std::move(components);
  return metadata;
}

Artifact artifact(const std::string& name, uint64_t size, char hash) {
  Artifact made;
  made.name = name;
  made.size = size;
  made.sha256 = std::string(64, hash);
  return made;
}

TEST(DiffBackups, TellsEqualChangedAndOneSidedTablesApart) {
  const auto diff = diff_backups(
      backup("first", {component("postgresql", {},
                                 {table("public.dropped", 7, 'a'), table("public.equal", 5, 'a'),
                                  table("public.grown", 1000, 'a'), table("public.updated", 9, 'a')})}),
      backup("second", {component("postgresql", {},
                                  {table("public.equal", 5, 'a'), table("public.grown", 1010, 'b'),
                                   table("public.made", 3, 'a'), table("public.updated", 9, 'b')})}));
  EXPECT_EQ(diff.first, "first");
  EXPECT_EQ(diff.second, "second");
  ASSERT_EQ(diff.components.size(), 1U);
  const auto& changes = diff.components[0].fingerprints;
  ASSERT_EQ(changes.size(), 5U);
  EXPECT_EQ(changes[0].name, "public.dropped");
  EXPECT_EQ(changes[0].before, 7U);
  EXPECT_FALSE(changes[0].after);
  EXPECT_TRUE(changes[1].equal);
  EXPECT_EQ(changes[2].before, 1000U);
  EXPECT_EQ(changes[2].after, 1010U);
  EXPECT_FALSE(changes[2].equal);
  EXPECT_FALSE(changes[3].before);
  EXPECT_EQ(changes[3].after, 3U);
  EXPECT_FALSE(changes[4].equal) << "as many rows, with another content";
  EXPECT_FALSE(diff.components[0].same_content());
}

TEST(DiffBackups, EqualRowsAreEqualContentWhateverTheBytesOfTheDump) {
  const auto rows = std::vector{table("public.users", 5, 'a')};
  const auto diff = diff_backups(
      backup("first", {component("postgresql", {artifact("postgres-full.dump", 100, 'a')}, rows)}),
      backup("second", {component("postgresql", {artifact("postgres-full.dump", 120, 'b')}, rows)}));
  EXPECT_TRUE(diff.components[0].same_content());
  EXPECT_FALSE(diff.components[0].artifacts[0].equal);
  EXPECT_EQ(diff.components[0].artifacts[0].after, 120U);
}

TEST(DiffBackups, WithoutFingerprintsTheBytesDecide) {
  const auto before = component("config", {artifact("config.tar.zst", 10, 'a')}, {});
  EXPECT_TRUE(diff_backups(backup("a", {before}), backup("b", {before})).components[0].same_content());
  const auto after = component("config", {artifact("config.tar.zst", 10, 'b')}, {});
  EXPECT_FALSE(diff_backups(backup("a", {before}), backup("b", {after})).components[0].same_content());
}

TEST(DiffBackups, NamesComponentsThatOnlyOneBackupHasOrCompleted) {
  auto failed = component("neo4j", {}, {});
  failed.status = Status::kFailed;
  const auto diff = diff_backups(
      backup("first", {component("neo4j", {}, {}), component("redis", {artifact("redis.rdb", 3, 'a')}, {})}),
      backup("second", {failed}));
  ASSERT_EQ(diff.components.size(), 2U);
  EXPECT_FALSE(diff.components[0].same_content());
  EXPECT_EQ(diff.components[0].after, Status::kFailed);
  EXPECT_EQ(diff.components[1].name, "redis");
  EXPECT_FALSE(diff.components[1].after);
  EXPECT_FALSE(diff.components[1].same_content());
  EXPECT_EQ(diff.components[1].artifacts[0].before, 3U);
}

}  // namespace
}  // namespace summit::repository
