#include "recovery/archive_members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery/artifact_stream.h"
#include "recovery/member_search.h"

namespace summit::recovery {
namespace {

using testing::ElementsAre;

// A backup that holds what a test puts into it, and gives it in small blocks.
class MemoryBackup final : public repository::BackupReader {
 public:
  const repository::BackupMetadata& metadata() const override { return data_; }
  Result<void> read(const std::string& artifact, const std::function<Result<void>(ByteView)>& consume,
                    const Cancellation& cancellation) const override {
    const auto bytes = as_bytes(contents_.at(artifact));
    for (size_t at = 0; at < bytes.size(); at += block) {
      RETURN_IF_ERROR(cancellation.check());
      RETURN_IF_ERROR(consume(bytes.subspan(at, std::min(block, bytes.size() - at))));
      given += std::min(block, bytes.size() - at);
    }
    ++reads;
    if (broken) return Error(Code::kCorrupt, "{} is damaged", artifact);
    return {};
  }
  Result<void> read_range(const std::string& artifact, uint64_t offset, uint64_t size,
                          const std::function<Result<void>(ByteView)>& consume,
                          const Cancellation&) const override {
    const auto& content = contents_.at(artifact);
    RETURN_IF_ERROR(check_range(data_, artifact, content.size(), offset, size));
    return consume(as_bytes(content).subspan(offset, size));
  }
  Result<fs::path> native_file(const std::string& artifact, const fs::path&) const override {
    return Error(Code::kNotFound, "there is no file of {}", artifact);
  }

  void put(const std::string& artifact, const std::string& content) {
    contents_[artifact] = content;
    repository::ComponentRecord component;
    component.name = artifact;
    component.artifacts.push_back({.name = artifact,
                                   .component = artifact,
                                   .size = content.size(),
                                   .sha256 = to_hex(sha256(as_bytes(content)))});
    data_.id = "summit-backup-full-20261121T031048Z";
    data_.components.push_back(std::move(component));
  }

  size_t block = 1000;
  bool broken = false;         // says so at the end of each artifact
  mutable uint64_t given = 0;  // bytes; written by the reading thread
  mutable int reads = 0;

 private:
  repository::BackupMetadata data_;
  std::map<std::string, std::string> contents_;
};

struct Member {
  files::ArchiveEntry entry;
  std::string content{};
};

files::ArchiveEntry file(const std::string& path, uint64_t size) {
  files::ArchiveEntry entry;
  entry.path = path;
  entry.size = size;
  return entry;
}

std::string archive_of(const std::vector<Member>& members) {
  std::string bytes;
  auto writer = files::ArchiveWriter::create([&](ByteView block) -> Result<void> {
    bytes += as_text(block);
    return {};
  });
  EXPECT_TRUE(writer.ok());
  for (const auto& member : members) {
    EXPECT_TRUE((*writer)->begin(member.entry).ok());
    EXPECT_TRUE((*writer)->write(as_bytes(member.content)).ok());
  }
  EXPECT_TRUE((*writer)->finish().ok());
  return bytes;
}

std::vector<Member> some_members() {
  files::ArchiveEntry directory;
  directory.path = "conf";
  directory.type = files::ArchiveEntry::Type::kDirectory;
  files::ArchiveEntry link;
  link.path = "conf/current";
  link.type = files::ArchiveEntry::Type::kLink;
  link.target = "app.yaml";
  files::ArchiveEntry hard_link;
  hard_link.path = "conf/same.yaml";
  hard_link.type = files::ArchiveEntry::Type::kHardLink;
  hard_link.target = "conf/app.yaml";
  return {{directory}, {file("conf/app.yaml", 5), "a: 1\n"}, {link}, {hard_link}, {file("empty", 0)}};
}

Result<std::string> content(const MemoryBackup& backup, const std::string& path) {
  std::string text;
  RETURN_IF_ERROR(read_member(backup, "config.tar.zst", path, [&](ByteView bytes) -> Result<void> {
    text += as_text(bytes);
    return {};
  }));
  return text;
}

TEST(ArchiveMembers, AreListedInTheOrderOfTheArchive) {
  MemoryBackup backup;
  backup.put("config.tar.zst", archive_of(some_members()));
  std::vector<std::string> seen;
  const auto listed = list_members(backup, "config.tar.zst", [&](const files::ArchiveEntry& entry) {
    seen.push_back(fmt::format("{} {} {}", name_of(entry.type), entry.path, entry.target));
    return Result<void>();
  });
  ASSERT_TRUE(listed.ok()) << listed.error().message();
  EXPECT_THAT(seen, ElementsAre("directory conf ", "file conf/app.yaml ", "link conf/current app.yaml",
                                "hard_link conf/same.yaml conf/app.yaml", "file empty "));
}

TEST(ArchiveMembers, GiveTheirContentHardLinksThatOfTheirFile) {
  MemoryBackup backup;
  backup.put("config.tar.zst", archive_of(some_members()));
  EXPECT_EQ(content(backup, "conf/app.yaml").value(), "a: 1\n");
  EXPECT_EQ(content(backup, "conf/same.yaml").value(), "a: 1\n");
  EXPECT_EQ(content(backup, "empty").value(), "");
  EXPECT_EQ(content(backup, "conf").error().code(), Code::kUsage);
  EXPECT_EQ(content(backup, "conf/current").error().code(), Code::kUsage);
  EXPECT_EQ(content(backup, "app.yaml").error().code(), Code::kNotFound);
}

TEST(ArchiveMembers, HolesOfASparseFileAreZeros) {
  files::ArchiveEntry sparse = file("disk.img", 300 * KiB);
  sparse.data = {{.offset = 128 * KiB, .size = 4}};
  std::string plain(300 * KiB, '\0');
  plain.replace(128 * KiB, 4, "data");
  MemoryBackup backup;
  backup.put("config.tar.zst", archive_of({{sparse, plain}}));
  EXPECT_EQ(content(backup, "disk.img").value(), plain);
}

TEST(ArchiveMembers, DamageShowsEvenBehindTheMember) {
  MemoryBackup backup;
  backup.put("config.tar.zst", archive_of(some_members()));
  backup.broken = true;
  EXPECT_EQ(content(backup, "conf/app.yaml").error().code(), Code::kCorrupt);
  MemoryBackup garbage;
  garbage.put("config.tar.zst", "no archive");
  EXPECT_EQ(content(garbage, "conf/app.yaml").error().code(), Code::kCorrupt);
}

TEST(ArchiveMembers, OtherArtifactsSayWhatReadsThem) {
  MemoryBackup backup;
  backup.put("postgres-full.dump", "PGDMP");
  const auto refused = list_members(backup, "postgres-full.dump", [](const auto&) { return Result<void>(); });
  ASSERT_EQ(refused.error().code(), Code::kUsage);
  EXPECT_THAT(refused.error().hint(), testing::HasSubstr("pg_restore --list"));
}

TEST(ArtifactStream, GivesAllBytesAndThenTheEndAgainAndAgain) {
  std::string bytes(20 * MiB, 'x');
  for (size_t i = 0; i < bytes.size(); i += 4096) bytes[i] = static_cast<char>(i / 4096);
  MemoryBackup backup;
  backup.put("redis.rdb", bytes);
  backup.block = 100'001;
  ArtifactStream stream(backup, "redis.rdb");
  std::string got;
  while (true) {
    const auto block = stream.next();
    ASSERT_TRUE(block.ok()) << block.error().message();
    if (block->empty()) break;
    got += as_text(*block);
  }
  EXPECT_TRUE(got == bytes);
  EXPECT_TRUE(stream.next().ok() && stream.next()->empty());
}

TEST(ArtifactStream, AnErrorComesBehindTheBytesAndStays) {
  MemoryBackup backup;
  backup.put("redis.rdb", "some bytes");
  backup.broken = true;
  ArtifactStream stream(backup, "redis.rdb");
  EXPECT_EQ(as_text(stream.next().value()), "some bytes");
  EXPECT_EQ(stream.next().error().code(), Code::kCorrupt);
  EXPECT_EQ(stream.next().error().code(), Code::kCorrupt);
}

TEST(ArtifactStream, AReaderThatIsAheadWaitsAndAnAbandonedOneEnds) {
  MemoryBackup backup;
  backup.put("redis.rdb", std::string(64 * MiB, 'x'));
  backup.block = MiB;
  {
    ArtifactStream stream(backup, "redis.rdb");
    ASSERT_FALSE(stream.next().value().empty());
  }
  // The thread has ended: at most what was pulled, what may wait, and the block that crossed it.
  EXPECT_LE(backup.given, 6 * MiB);
  EXPECT_EQ(backup.reads, 0);
}

TEST(ArtifactStream, CancellationReachesBothSides) {
  MemoryBackup backup;
  backup.put("redis.rdb", std::string(64 * MiB, 'x'));
  Cancellation cancellation;
  ArtifactStream stream(backup, "redis.rdb", cancellation);
  cancellation.request();
  while (true) {
    const auto block = stream.next();
    if (block.ok() && !block->empty()) continue;
    ASSERT_FALSE(block.ok()) << "the end of a stream that was cut off";
    EXPECT_EQ(block.error().code(), Code::kCancelled);
    break;
  }
}

TEST(MemberSearch, MatchesNamesAtAnyDepthAndWholePathsWithASlash) {
  MemoryBackup backup;
  backup.put("config.tar.zst", archive_of({{file("a/x.yaml", 1), "1"}, {file("x.yaml", 1), "2"}}));
  SilentReporter reporter;
  const auto found_by = [&](const std::string& pattern) {
    MemberSearch search(pattern);
    std::vector<std::string> paths;
    const auto visit = [&](const FoundMember& member) -> Result<void> {
      paths.push_back(member.path);
      return {};
    };
    EXPECT_TRUE(search.look_in(backup, visit, reporter).ok());
    return paths;
  };
  EXPECT_THAT(found_by("*.yaml"), ElementsAre("a/x.yaml", "x.yaml"));
  EXPECT_THAT(found_by("a/*"), ElementsAre("a/x.yaml"));
  EXPECT_THAT(found_by("**/x.yaml"), ElementsAre("a/x.yaml", "x.yaml"));
  EXPECT_THAT(found_by("y*"), ElementsAre());
}

TEST(MemberSearch, AnUnchangedArchiveIsReadOnce) {
  MemoryBackup first;
  MemoryBackup second;
  first.put("config.tar.zst", archive_of(some_members()));
  second.put("config.tar.zst", archive_of(some_members()));
  second.put("other.tar.zst", archive_of({{file("app.yaml", 1), "x"}}));
  SilentReporter reporter;
  MemberSearch search("app.yaml");
  std::vector<std::string> found;
  const auto visit = [&](const FoundMember& member) -> Result<void> {
    found.push_back(member.artifact + ":" + member.path);
    return {};
  };
  ASSERT_TRUE(search.look_in(first, visit, reporter).ok());
  ASSERT_TRUE(search.look_in(second, visit, reporter).ok());
  EXPECT_THAT(found, ElementsAre("config.tar.zst:conf/app.yaml", "config.tar.zst:conf/app.yaml",
                                 "other.tar.zst:app.yaml"));
  EXPECT_EQ(first.reads, 1);
  EXPECT_EQ(second.reads, 1);
}

}  // namespace
}  // namespace summit::recovery
