#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world.h"

namespace summit::repository {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* kId = "summit-backup-full-20261121T031048Z";

class Verify : public testing::Test {
 protected:
  void SetUp() override {
    world_.make(kId, {{"postgres-full.dump", std::string(200000, 'r')}, {"redis.rdb", "keys"}});
  }

  // "<artifact>: <problem>" of each finding.
  std::vector<std::string> findings() {
    SilentReporter silent;
    auto report = world_.repository().verify(kId, silent);
    EXPECT_TRUE(report.ok()) << report.error().message();
    std::vector<std::string> lines;
    for (const auto& finding : report->findings) lines.push_back(finding.artifact + ": " + finding.problem);
    return lines;
  }
  fs::path file(const std::string& name) { return world_.base() / kId / name; }

  World world_;
};

TEST_F(Verify, AnIntactBackupHasNoFindings) {
  EXPECT_THAT(findings(), SizeIs(0));
  SilentReporter silent;
  const auto report = world_.repository().verify(kId, silent);
  EXPECT_EQ(report->artifacts, 3u);
  EXPECT_GT(report->bytes, 200004u);
}

TEST_F(Verify, EachDamageHasItsOwnWords) {
  World::put(file("redis.rdb"), "kEys");
  EXPECT_THAT(findings(), testing::ElementsAre("redis.rdb: sha-256 differs"));
  World::put(file("redis.rdb"), "ke");
  EXPECT_THAT(findings(), testing::ElementsAre("redis.rdb: size is 2, recorded 4"));
  fs::remove(file("redis.rdb"));
  EXPECT_THAT(findings(), testing::ElementsAre("redis.rdb: missing"));
  fs::create_symlink("/etc/passwd", file("redis.rdb"));
  EXPECT_THAT(findings(), Contains(HasSubstr("redis.rdb: cannot be read")));
  fs::remove(file("redis.rdb"));
  ASSERT_EQ(::mkfifo(file("redis.rdb").c_str(), 0600), 0);
  EXPECT_THAT(findings(), Contains(HasSubstr("is not a regular file")));
}

TEST_F(Verify, AFlippedBitAnywhereIsFound) {
  const std::string sound = World::get(file("postgres-full.dump"));
  for (const size_t at : {size_t{0}, sound.size() / 2, sound.size() - 1}) {
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    World::put(file("postgres-full.dump"), damaged);
    EXPECT_THAT(findings(), testing::ElementsAre("postgres-full.dump: sha-256 differs")) << at;
  }
}

TEST_F(Verify, ForeignFilesAreFound) {
  World::put(file("notes.txt"), "hello");
  EXPECT_THAT(findings(), testing::ElementsAre("notes.txt: not part of this backup"));
}

TEST_F(Verify, AMissingMarkerIsFound) {
  fs::remove(file(kId));
  EXPECT_THAT(findings(), testing::ElementsAre(HasSubstr("commit marker is missing")));
}

TEST_F(Verify, DamagedRecordsAreFoundAndTheOtherOneStillCounts) {
  const std::string json = World::get(file("backup-metadata.json"));
  World::put(file("backup-metadata.json"), json.substr(0, json.size() / 2));
  EXPECT_THAT(findings(), Contains(HasSubstr("backup-metadata.json: damaged: no valid JSON")));
  World::put(file("redis.rdb"), "kEys");
  EXPECT_THAT(findings(), Contains("redis.rdb: sha-256 differs"));
  World::put(file("backup-metadata.json"), json);

  const std::string checksums = World::get(file("CHECKSUMS"));
  World::put(file("CHECKSUMS"), checksums.substr(0, checksums.size() - 3));
  EXPECT_THAT(findings(), Contains(HasSubstr("CHECKSUMS: damaged: line 3 is cut off")));
  EXPECT_THAT(findings(), Contains("redis.rdb: sha-256 differs"));
  fs::remove(file("CHECKSUMS"));
  EXPECT_THAT(findings(), Contains("CHECKSUMS: missing"));
  fs::remove(file("backup-metadata.json"));
  EXPECT_THAT(findings(), Contains("backup-metadata.json: missing"));
}

TEST_F(Verify, RecordsThatDisagreeAreFound) {
  const std::string sum = World::get(file("CHECKSUMS"));
  World::put(file("CHECKSUMS"), sum.substr(0, sum.rfind('\n', sum.size() - 2) + 1));
  EXPECT_THAT(findings(), Contains("redis.rdb: not listed in CHECKSUMS"));
  World::put(file("CHECKSUMS"),
             sum + std::string(64, 'a') + "  more.dump\n" + std::string(64, 'a') + "  ../escape\n");
  EXPECT_THAT(findings(), Contains("more.dump: not listed in the metadata"));
  EXPECT_THAT(findings(), Contains("more.dump: missing"));
  EXPECT_THAT(findings(), Contains(HasSubstr("CHECKSUMS: names a file outside the backup")));
  World::put(file("CHECKSUMS"), sum.substr(0, sum.size() - 76) + std::string(64, 'a') + "  redis.rdb\n");
  EXPECT_THAT(findings(), Contains("redis.rdb: CHECKSUMS and the metadata record different sha-256"));
}

TEST_F(Verify, StopsWhenAsked) {
  SilentReporter silent;
  Cancellation cancellation;
  cancellation.request();
  EXPECT_EQ(world_.repository().verify(kId, silent, cancellation).error().code(), Code::kCancelled);
}

}  // namespace
}  // namespace summit::repository
