#include "repository/packed/extent_writer.h"

#include "repository/packed/pack_reader.h"
#include "repository/packed/page_patch.h"
#include "tests/repository/packed/chunk_world.h"

namespace summit::repository::packed {
namespace {

using testing::ChunkWorld;
using testing::random_text;

// Writes a few bytes into the middle of a page.
void touch(std::string& file, size_t page) { file.replace(page * kPageSize + 100, 5, "CHANGED", 5); }

std::vector<ManifestEntry> entries_of(ChunkWorld& world, const Content& content) {
  ChunkReader reader(world.store, world.keyring);
  const auto cursor = reader.cursor(content.blocks);
  std::vector<ManifestEntry> entries;
  while (const auto entry = cursor->next().value()) entries.push_back(*entry);
  return entries;
}

TEST(ExtentWriter, UnchangedExtentsAreTakenOverByPosition) {
  ChunkWorld world;
  const std::string file = random_text(5 * MiB + 12345, 1);
  const auto first = world.write_file(file);
  ASSERT_TRUE(first.ok()) << first.error().to_string();
  WriteCounters counters;
  const auto second = world.write_file(file, first->contents[0].blocks, &counters);
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_EQ(counters.taken_over_bytes, file.size());
  EXPECT_TRUE(second->packs.empty());
  EXPECT_EQ(second->contents[0].blocks, first->contents[0].blocks);
}

TEST(ExtentWriter, AFewChangedPagesBecomeAPatch) {
  ChunkWorld world;
  std::string file = random_text(4 * MiB, 2);
  const auto first = world.write_file(file);
  touch(file, 3);
  touch(file, 40);
  touch(file, 41);
  const uint64_t stored = world.stored_bytes();
  const auto second = world.write_file(file, first->contents[0].blocks);
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_LT(world.stored_bytes() - stored, 5 * kPageSize);
  EXPECT_EQ(world.read(second->contents[0]).value() == file, true);
  const auto entries = entries_of(world, second->contents[0]);
  EXPECT_EQ(entries[0].kind, ManifestEntry::Kind::kPatched);
  EXPECT_EQ(entries[1].kind, ManifestEntry::Kind::kPatched);
  EXPECT_EQ(entries[2].kind, ManifestEntry::Kind::kChunk);
}

TEST(ExtentWriter, ThePatchOfAPatchedExtentIsOnItsBase) {
  ChunkWorld world;
  std::string file = random_text(1 * MiB, 3);
  auto written = world.write_file(file);
  const ChunkId base = entries_of(world, written->contents[0])[0].id;
  for (size_t page = 0; page < 8; ++page) {
    touch(file, page);
    written = world.write_file(file, written->contents[0].blocks);
    ASSERT_TRUE(written.ok()) << written.error().to_string();
    const ManifestEntry entry = entries_of(world, written->contents[0])[0];
    EXPECT_EQ(entry.kind, ManifestEntry::Kind::kPatched);
    EXPECT_EQ(entry.chunk.id, base);
    EXPECT_EQ(world.read(written->contents[0]).value() == file, true);
  }
  // The ninth of 32 pages: more than a quarter.
  touch(file, 8);
  written = world.write_file(file, written->contents[0].blocks);
  EXPECT_EQ(entries_of(world, written->contents[0])[0].kind, ManifestEntry::Kind::kChunk);
  EXPECT_EQ(world.read(written->contents[0]).value() == file, true);
}

TEST(ExtentWriter, WithoutTheCacheAChangedExtentIsStoredWhole) {
  ChunkWorld world;
  std::string file = random_text(1 * MiB, 4);
  const auto first = world.write_file(file);
  world.pages = PageCache::open(world.cache.path() / "another", world.keyring).value();
  touch(file, 0);
  const auto second = world.write_file(file, first->contents[0].blocks);
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_EQ(entries_of(world, second->contents[0])[0].kind, ManifestEntry::Kind::kChunk);
  EXPECT_EQ(world.read(second->contents[0]).value() == file, true);
}

TEST(ExtentWriter, AFileThatGrewOrShrankIsStoredAsItIsNow) {
  ChunkWorld world;
  std::string file = random_text(1 * MiB + 5000, 5);
  auto written = world.write_file(file);
  file += random_text(300'000, 6);
  written = world.write_file(file, written->contents[0].blocks);
  EXPECT_EQ(world.read(written->contents[0]).value() == file, true);
  file.resize(700'001);
  written = world.write_file(file, written->contents[0].blocks);
  EXPECT_EQ(world.read(written->contents[0]).value() == file, true);
}

TEST(ExtentWriter, EachFileOfAContentHasExtentsOfItsOwn) {
  ChunkWorld world;
  const std::string small = random_text(8192, 7);
  const std::string large = random_text(2 * MiB, 8);
  const auto chunks = world.writer().value();
  const auto first_files = chunks->begin_extents().value();
  ASSERT_TRUE(first_files->begin_file(std::nullopt).ok());
  ASSERT_TRUE(first_files->write(as_bytes(large)).ok());
  ASSERT_TRUE(first_files->finish().ok());
  const auto first = chunks->finish();
  ASSERT_TRUE(first.ok()) << first.error().to_string();

  // A small file now comes before it: its extents are still found at their place in the file.
  ChunkReader reader(world.store, world.keyring);
  const auto again = world.writer().value();
  const auto files = again->begin_extents(reader.cursor(first->contents[0].blocks)).value();
  ASSERT_TRUE(files->begin_file(std::nullopt).ok());
  ASSERT_TRUE(files->write(as_bytes(small)).ok());
  ASSERT_TRUE(files->begin_file(0).ok());
  ASSERT_TRUE(files->write(as_bytes(large)).ok());
  ASSERT_TRUE(files->finish().ok());
  const auto second = again->finish();
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_EQ(again->counters().taken_over_bytes, large.size());
  EXPECT_EQ(world.read(second->contents[0]).value() == small + large, true);
}

TEST(ExtentWriter, AFileProvenEqualIsNotRead) {
  ChunkWorld world;
  const std::string file = random_text(1 * MiB, 9) + std::string(3 * MiB, '\0') + random_text(100'000, 10);
  const auto first = world.write_file(file);
  ChunkReader reader(world.store, world.keyring);
  const auto chunks = world.writer().value();
  const auto extents = chunks->begin_extents(reader.cursor(first->contents[0].blocks)).value();
  ASSERT_TRUE(extents->begin_file(0).ok());
  ASSERT_TRUE(extents
                  ->take_over(file.size(),
                              [](uint64_t, std::span<std::byte>) -> Result<void> {
                                return Error(Code::kFailed, "read a file that nobody needs to read");
                              })
                  .ok());
  ASSERT_TRUE(extents->finish().ok());
  const auto second = chunks->finish();
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_EQ(second->contents[0].blocks, first->contents[0].blocks);
  EXPECT_EQ(world.read(second->contents[0]).value() == file, true);
}

TEST(ExtentWriter, WhatIsInNoUsablePackIsReadAfterAll) {
  ChunkWorld world;
  const std::string file = random_text(3 * MiB, 11);
  const auto first = world.write_file(file);
  // The log has given the packs up: nobody may refer to them any more.
  ASSERT_TRUE(world.index->sync({}, {}).ok());
  ChunkReader reader(world.store, world.keyring);
  const auto chunks = world.writer().value();
  const auto extents = chunks->begin_extents(reader.cursor(first->contents[0].blocks)).value();
  ASSERT_TRUE(extents->begin_file(0).ok());
  ASSERT_TRUE(extents
                  ->take_over(file.size(),
                              [&](uint64_t offset, std::span<std::byte> bytes) -> Result<void> {
                                std::memcpy(bytes.data(), file.data() + offset, bytes.size());
                                return {};
                              })
                  .ok());
  ASSERT_TRUE(extents->finish().ok());
  const auto second = chunks->finish();
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  for (const PackName& pack : second->contents[0].packs) {
    EXPECT_EQ(std::ranges::count(first->contents[0].packs, pack), 0) << pack.to_string();
  }
  EXPECT_EQ(world.read(second->contents[0]).value() == file, true);
}

// More chunks than a frame may name: its pack's footer would outgrow what a reader accepts.
TEST(ExtentWriter, ManyTinyFilesShareFramesThatStaySmall) {
  ChunkWorld world;
  const auto chunks = world.writer().value();
  const auto files = chunks->begin_extents().value();
  std::string all;
  for (uint32_t i = 0; i < 2 * kMaxFrameChunks + 10; ++i) {
    const std::string file(reinterpret_cast<const char*>(&i), sizeof i);
    ASSERT_TRUE(files->begin_file({}).ok());
    ASSERT_TRUE(files->write(as_bytes(file)).ok());
    all += file;
  }
  ASSERT_TRUE(files->finish().ok());
  const auto written = chunks->finish();
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  EXPECT_EQ(world.read(written->contents[0]).value() == all, true);
  for (const StoredPack& pack : written->packs) {
    const auto footer = read_pack_footer(world.store, world.keyring, pack.name).value();
    for (const PackedFrame& frame : footer.frames) EXPECT_LE(frame.chunks.size(), kMaxFrameChunks);
  }
}

}  // namespace
}  // namespace summit::repository::packed
