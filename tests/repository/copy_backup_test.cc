#include "repository/copy_backup.h"

#include <gmock/gmock.h>

#include "repository/plain_objects.h"
#include "tests/storage/testing/memory_store.h"
#include "world.h"

namespace summit::repository {
namespace {

using testing::ElementsAre;

constexpr const char* kId = "summit-backup-full-20261121T031048Z";

// Stops after so many artifacts, as a broken connection does.
class Broken final : public BackupReader {
 public:
  Broken(const BackupReader& reader, int artifacts) : reader_(reader), artifacts_(artifacts) {}
  const BackupMetadata& metadata() const override { return reader_.metadata(); }
  Result<void> read(const std::string& artifact, const std::function<Result<void>(ByteView)>& consume,
                    const Cancellation& cancellation) const override {
    if (artifacts_-- == 0) return Error(Code::kUnreachable, "the line is cut");
    return reader_.read(artifact, consume, cancellation);
  }
  Result<void> read_range(const std::string& artifact, uint64_t offset, uint64_t size,
                          const std::function<Result<void>(ByteView)>& consume,
                          const Cancellation& cancellation) const override {
    return reader_.read_range(artifact, offset, size, consume, cancellation);
  }
  Result<fs::path> native_file(const std::string& artifact, const fs::path& workspace) const override {
    return reader_.native_file(artifact, workspace);
  }

 private:
  const BackupReader& reader_;
  mutable int artifacts_;
};

// Counts what is read of each artifact.
class Counted final : public BackupReader {
 public:
  explicit Counted(const BackupReader& reader) : reader_(reader) {}
  const BackupMetadata& metadata() const override { return reader_.metadata(); }
  Result<void> read(const std::string& artifact, const std::function<Result<void>(ByteView)>& consume,
                    const Cancellation& cancellation) const override {
    read_.push_back(artifact);
    return reader_.read(artifact, consume, cancellation);
  }
  Result<void> read_range(const std::string& artifact, uint64_t offset, uint64_t size,
                          const std::function<Result<void>(ByteView)>& consume,
                          const Cancellation& cancellation) const override {
    return reader_.read_range(artifact, offset, size, consume, cancellation);
  }
  Result<fs::path> native_file(const std::string& artifact, const fs::path& workspace) const override {
    return reader_.native_file(artifact, workspace);
  }
  const std::vector<std::string>& artifacts() const { return read_; }

 private:
  const BackupReader& reader_;
  mutable std::vector<std::string> read_;
};

class CopyBackup : public testing::Test {
 protected:
  World world_;
  std::shared_ptr<storage::MemoryStore> bucket_ = std::make_shared<storage::MemoryStore>();
  PlainObjects remote_{bucket_, world_.root() / "scratch"};
  SilentReporter reporter_;
};

TEST_F(CopyBackup, ThereAndBackGivesTheSameFiles) {
  world_.make(kId, {{"a.dump", std::string(3 * MiB, 'a')}, {"b.rdb", ""}});
  const auto here = world_.repository().open(kId);
  const auto sent = copy_backup(**here, remote_, reporter_);
  ASSERT_TRUE(sent.ok()) << sent.error().message();

  World other;
  const auto there = remote_.open(kId);
  const auto back = copy_backup(**there, other.repository(), reporter_);
  ASSERT_TRUE(back.ok()) << back.error().message();
  for (const auto* name : {"a.dump", "b.rdb", "backup-metadata.json", "CHECKSUMS"})
    EXPECT_EQ(World::get(other.base() / kId / name), World::get(world_.base() / kId / name)) << name;
  EXPECT_TRUE(other.repository().verify(kId, reporter_)->findings.empty());
  EXPECT_EQ(copy_backup(**there, other.repository(), reporter_).error().code(), Code::kAlreadyExists);
}

TEST_F(CopyBackup, AnInterruptedCopyIsNotListedAndTheNextSendsOnlyTheRest) {
  world_.make(kId, {{"a.dump", "aaa"}, {"b.dump", "bbb"}, {"c.dump", "ccc"}});
  const auto source = world_.repository().open(kId);
  EXPECT_EQ(copy_backup(Broken(**source, 2), remote_, reporter_).error().code(), Code::kUnreachable);
  EXPECT_TRUE(remote_.list()->empty());

  const Counted counted(**source);
  const auto copied = copy_backup(counted, remote_, reporter_);
  ASSERT_TRUE(copied.ok()) << copied.error().message();
  EXPECT_THAT(counted.artifacts(), ElementsAre("c.dump"));
  EXPECT_TRUE(remote_.verify(kId, reporter_)->findings.empty());
}

TEST_F(CopyBackup, ADamagedSourceIsNotCommitted) {
  world_.make(kId, {{"a.dump", "aaa"}});
  World::put(world_.base() / kId / "a.dump", "aab");
  const auto source = world_.repository().open(kId);
  const auto copied = copy_backup(**source, remote_, reporter_);
  EXPECT_EQ(copied.error().code(), Code::kCorrupt);
  EXPECT_THAT(copied.error().message(), testing::HasSubstr("a.dump"));
  EXPECT_TRUE(remote_.list()->empty());
}

}  // namespace
}  // namespace summit::repository
