#include "repository/plain_objects.h"

#include <gmock/gmock.h>

#include <limits>

#include "repository/plain_objects_writer.h"
#include "tests/storage/testing/memory_store.h"
#include "world.h"

namespace summit::repository {
namespace {

using storage::MemoryStore;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kOld = "summit-backup-full-20261120T031048Z";
constexpr const char* kNew = "summit-backup-full-20261121T031048Z";

class PlainObjectsTest : public testing::Test {
 protected:
  World local_;
  std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>();
  PlainObjects repository_{store_, local_.root() / "scratch"};

  void make(const std::string& id,
            const World::Artifacts& artifacts = {{"postgres-full.dump", "rows of a table"}}) {
    auto metadata = World::metadata_for(id);
    auto writer = repository_.begin(id);
    ASSERT_TRUE(writer.ok()) << writer.error().message();
    World::write(**writer, artifacts, metadata);
    const auto committed = (*writer)->commit(metadata);
    ASSERT_TRUE(committed.ok()) << committed.error().message();
  }

  std::vector<std::string> listed() const {
    std::vector<std::string> ids;
    const auto summaries = repository_.list();
    for (const auto& summary : *summaries) ids.push_back(summary.id);
    return ids;
  }

  std::vector<std::string> keys() const {
    std::vector<std::string> keys;
    const auto contents = store_->contents();
    for (const auto& [key, content] : contents) keys.push_back(key);
    return keys;
  }

  VerifyReport verify(const std::string& id) {
    SilentReporter reporter;
    return *repository_.verify(id, reporter);
  }
};

TEST_F(PlainObjectsTest, HoldsTheSameNamesAsADirectory) {
  make(kOld);
  make(kNew, {{"redis.rdb", "REDIS"}});
  EXPECT_THAT(listed(), ElementsAre(kNew, kOld));
  const std::string id = kNew;
  EXPECT_THAT(keys(), testing::IsSupersetOf({id + "/CHECKSUMS", id + "/backup-metadata.json",
                                             id + "/redis.rdb", id + "/" + id}));
  EXPECT_EQ(store_->contents().at(id + "/" + id), "");
  EXPECT_THAT(verify(kNew).findings, IsEmpty());

  const auto reader = repository_.open("backups/" + id + ":");
  ASSERT_TRUE(reader.ok()) << reader.error().message();
  const auto file = (*reader)->native_file("redis.rdb", local_.root());
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(World::get(*file), "REDIS");
}

TEST_F(PlainObjectsTest, NothingIsListedBeforeItsMarkerAndAnAbandonedWriterLeavesNothing) {
  {
    auto metadata = World::metadata_for(kNew);
    const auto writer = repository_.begin(kNew);
    ASSERT_TRUE(writer.ok());
    World::write(**writer, {{"redis.rdb", "half"}}, metadata);
    EXPECT_THAT(listed(), IsEmpty());
    EXPECT_EQ(repository_.begin(kNew).error().code(), Code::kAlreadyExists) << "somebody writes it";
    EXPECT_EQ(repository_.remove(kNew).error().code(), Code::kBusy);
  }
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(PlainObjectsTest, ATakenIdStaysWhatItIs) {
  make(kNew);
  EXPECT_EQ(repository_.begin(kNew).error().code(), Code::kAlreadyExists);
  EXPECT_THAT(verify(kNew).findings, IsEmpty());
}

TEST_F(PlainObjectsTest, WhatACrashLeftIsRemovedOnceItsClaimIsOld) {
  store_->set(std::string(kOld) + "/redis.rdb", "half");
  store_->set(claim_key(kOld), "");
  make(kNew);
  EXPECT_THAT(keys(), testing::Contains(HasSubstr(kOld))) << "its writer may live";
  EXPECT_THAT(listed(), ElementsAre(kNew));
}

TEST_F(PlainObjectsTest, ALongSleeperWhoseClaimIsGoneCommitsNothing) {
  auto metadata = World::metadata_for(kNew);
  const auto writer = repository_.begin(kNew);
  World::write(**writer, {{"redis.rdb", "late"}}, metadata);
  ASSERT_TRUE(store_->remove(claim_key(kNew)).ok());
  EXPECT_FALSE((*writer)->commit(metadata).ok());
  EXPECT_THAT(listed(), IsEmpty());
}

TEST_F(PlainObjectsTest, DamageIsNamed) {
  make(kNew, {{"a.dump", "aaaa"}, {"b.dump", "bbbb"}, {"c.dump", "cccc"}});
  const std::string id = kNew;
  store_->set(id + "/a.dump", "aaab");
  ASSERT_TRUE(store_->remove(id + "/b.dump").ok());
  store_->set(id + "/stranger", "x");
  std::vector<std::string> problems;
  for (const auto& finding : verify(kNew).findings)
    problems.push_back(finding.artifact + ": " + finding.problem);
  EXPECT_THAT(problems, testing::UnorderedElementsAre("a.dump: sha-256 differs", "b.dump: missing",
                                                      "stranger: not part of this backup"));
  const auto reader = repository_.open(kNew);
  const auto read = (*reader)->read("a.dump", [](ByteView) { return Result<void>(); });
  EXPECT_EQ(read.error().code(), Code::kCorrupt);

  ASSERT_TRUE(store_->remove(id + "/" + id).ok());
  EXPECT_THAT(verify(kNew).findings, testing::Contains(testing::Field(&Finding::artifact, id)));
}

TEST_F(PlainObjectsTest, ARangeIsThoseBytesOfTheWhole) {
  std::string text;
  for (int i = 0; text.size() < 3 * MiB; ++i) text += fmt::format("{} ", i);
  make(kNew, {{"x.dump", text}, {"z.dump", "sixteen bytes..."}});
  const auto reader = repository_.open(kNew);
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

  store_->set(std::string(kNew) + "/z.dump", "sixteen");
  EXPECT_EQ(World::range(**reader, "z.dump", 0, 7).value(), "sixteen");
  EXPECT_EQ(World::range(**reader, "z.dump", 4, 8).error().code(), Code::kCorrupt);
  EXPECT_EQ(World::range(**reader, "z.dump", 9, 3).error().code(), Code::kCorrupt);
}

TEST_F(PlainObjectsTest, ARemovedBackupIsGoneAndItsNeighbourStays) {
  make(kOld);
  make(kNew);
  ASSERT_TRUE(repository_.remove(kNew).ok());
  EXPECT_THAT(listed(), ElementsAre(kOld));
  EXPECT_THAT(keys(), testing::Not(testing::Contains(HasSubstr(kNew))));
  EXPECT_TRUE(repository_.remove(kNew).ok()) << "what is gone may be removed again";
}

}  // namespace
}  // namespace summit::repository
