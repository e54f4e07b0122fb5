#include "repository/packed/chunk_writer.h"

#include <gmock/gmock.h>

#include <thread>

#include "core/task_group.h"
#include "tests/repository/packed/chunk_world.h"

namespace summit::repository::packed {
namespace {

using testing::ChunkWorld;
using testing::random_text;
using testing::rows;

TEST(ChunkWriter, WhatWasWrittenIsReadBack) {
  ChunkWorld world;
  const std::string text = rows(200'000, 1) + random_text(5 * MiB + 17, 2);
  const auto written = world.write_stream(text);
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  EXPECT_EQ(written->contents.at(0).size, text.size());
  const auto read = world.read(written->contents[0]);
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(*read == text, true);
}

TEST(ChunkWriter, AnEmptyContentHasNoBlocksAndReadsEmpty) {
  ChunkWorld world;
  const auto written = world.write_stream("");
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  EXPECT_TRUE(written->contents.at(0).blocks.empty());
  EXPECT_TRUE(written->packs.empty());
  EXPECT_EQ(world.read(written->contents[0]).value(), "");
}

TEST(ChunkWriter, TheSecondBackupOfTheSameBytesStoresNothing) {
  ChunkWorld world;
  const std::string text = rows(300'000, 3);
  const auto first = world.write_stream(text);
  ASSERT_TRUE(first.ok()) << first.error().to_string();
  const uint64_t stored = world.stored_bytes();
  const auto second = world.write_stream(text);
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_EQ(world.stored_bytes(), stored);
  EXPECT_TRUE(second->packs.empty());
  EXPECT_EQ(second->contents[0].blocks, first->contents[0].blocks);
  EXPECT_EQ(second->contents[0].packs, first->contents[0].packs);
}

TEST(ChunkWriter, AnInsertionStoresOnlyWhatIsNearIt) {
  ChunkWorld world;
  std::string text = random_text(16 * MiB, 4);
  ASSERT_TRUE(world.write_stream(text).ok());
  const uint64_t stored = world.stored_bytes();
  text.insert(7 * MiB, "a few more bytes");
  const auto second = world.write_stream(text);
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_LT(world.stored_bytes() - stored, 1 * MiB);
  EXPECT_EQ(world.read(second->contents[0]).value() == text, true);
}

TEST(ChunkWriter, APartIsCutAsIfItStoodAlone) {
  ChunkWorld world;
  const std::string table = rows(100'000, 9);
  const auto alone = world.write_stream(table);
  ASSERT_TRUE(alone.ok()) << alone.error().to_string();
  const std::string before = random_text(777'777, 10);

  const auto chunks = world.writer().value();
  const auto stream = chunks->begin_stream().value();
  ASSERT_TRUE(stream->begin_part().ok()) << "of nothing";
  ASSERT_TRUE(stream->write(as_bytes(before)).ok());
  ASSERT_TRUE(stream->begin_part().ok());
  ASSERT_TRUE(stream->write(as_bytes(table)).ok());
  ASSERT_TRUE(stream->finish().ok());
  const auto written = chunks->finish();
  ASSERT_TRUE(written.ok()) << written.error().to_string();

  EXPECT_EQ(chunks->counters().new_bytes, before.size());
  EXPECT_EQ(world.read(written->contents[0]).value() == before + table, true);
}

TEST(ChunkWriter, EqualBytesWithinOneBackupAreStoredOnce) {
  ChunkWorld world;
  const std::string text = random_text(3 * MiB, 5);
  const auto chunks = world.writer().value();
  constexpr size_t kStreams = 4;
  std::vector<size_t> numbers(kStreams);
  const auto done = parallel_for(kStreams, kStreams, [&](size_t i) -> Result<void> {
    ASSIGN_OR_RETURN(const auto stream, chunks->begin_stream());
    for (int again = 0; again < 3; ++again) RETURN_IF_ERROR(stream->write(as_bytes(text)));
    ASSIGN_OR_RETURN(numbers[i], stream->finish());
    return {};
  });
  ASSERT_TRUE(done.ok()) << done.error().to_string();
  const auto written = chunks->finish();
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  // Each copy but the first begins with other chunk boundaries; a chunk or two at each seam differ.
  EXPECT_LT(world.stored_bytes(), 2 * text.size());
  for (const size_t number : numbers)
    EXPECT_EQ(world.read(written->contents.at(number)).value() == text + text + text, true);
}

TEST(ChunkWriter, ZerosAreNotStored) {
  ChunkWorld world;
  const std::string text = random_text(1 * MiB, 6) + std::string(64 * MiB, '\0') + random_text(1 * MiB, 7);
  const auto written = world.write_file(text);
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  EXPECT_LT(world.stored_bytes(), 2 * MiB + 64 * KiB);
  EXPECT_EQ(world.read(written->contents[0]).value() == text, true);
}

TEST(ChunkWriter, PacksAndBlocksThatItReportsAreThoseInTheStore) {
  ChunkWorld world;
  const auto written = world.write_stream(random_text(9 * MiB, 8));
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  const auto contents = world.store.contents();
  ASSERT_EQ(written->packs.size(), contents.size());
  EXPECT_GE(written->packs.size(), 2u);
  std::vector<PackName> names;
  for (const StoredPack& pack : written->packs) {
    const std::string& object = contents.at(pack.name.key());
    EXPECT_EQ(pack.size, object.size());
    EXPECT_EQ(pack.sha256, sha256(as_bytes(object)));
    EXPECT_EQ(pack.name.epoch, world.epoch);
    names.push_back(pack.name);
  }
  EXPECT_THAT(written->contents[0].packs, ::testing::UnorderedElementsAreArray(names));
}

TEST(ChunkWriter, AContentGivenUpLeavesTheOthersWhole) {
  ChunkWorld world;
  const std::string text = random_text(2 * MiB, 9);
  const auto chunks = world.writer().value();
  auto given_up = chunks->begin_stream().value();
  ASSERT_TRUE(given_up->write(as_bytes(text)).ok());
  ASSERT_TRUE(given_up->write(as_bytes(text)).ok());
  const auto kept = chunks->begin_stream().value();
  ASSERT_TRUE(kept->write(as_bytes(text)).ok());
  given_up.reset();
  ASSERT_TRUE(kept->finish().ok());
  const auto written = chunks->finish();
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  ASSERT_EQ(written->contents.size(), 1u);
  EXPECT_EQ(world.read(written->contents[0]).value() == text, true);
}

class FullStore final : public storage::ObjectStore {
 public:
  std::string describe() const override { return "full"; }
  storage::Capabilities capabilities() const override { return {}; }
  Result<void> put(std::string_view key, ByteView, const storage::PutOptions&, const Cancellation&) override {
    return Error(Code::kNoSpace, "no room for {}", key);
  }
  Result<std::unique_ptr<storage::ObjectUpload>> upload(std::string_view, const storage::PutOptions&,
                                                        const Cancellation&) override {
    return Error(Code::kNoSpace, "full");
  }
  Result<void> get(std::string_view, storage::ByteRange, const std::function<Result<void>(ByteView)>&,
                   const Cancellation&) override {
    return Error(Code::kNotFound, "nothing there");
  }
  Result<std::optional<storage::ObjectInfo>> head(std::string_view, const Cancellation&) override {
    return std::optional<storage::ObjectInfo>();
  }
  Result<void> list(std::string_view, std::string_view,
                    const std::function<Result<bool>(const storage::ObjectInfo&)>&,
                    const Cancellation&) override {
    return {};
  }
  Result<void> remove(std::string_view, const Cancellation&) override { return {}; }
  Result<void> lock_until(std::string_view, Instant, const Cancellation&) override { return {}; }
  Result<size_t> remove_leftovers(std::chrono::seconds, const Cancellation&) override { return size_t{0}; }
};

TEST(ChunkWriter, AFullStoreIsTheErrorOfWhoeverWrites) {
  ChunkWorld world;
  FullStore full;
  const auto chunks =
      ChunkWriter::create(full, world.keyring, *world.index, 1, testing::small_options()).value();
  const auto stream = chunks->begin_stream().value();
  Result<void> result;
  for (uint64_t i = 0; i < 200 && result.ok(); ++i) result = stream->write(as_bytes(random_text(1 * MiB, i)));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Code::kNoSpace);
  EXPECT_EQ(chunks->finish().error().code(), Code::kNoSpace);
}

TEST(ChunkWriter, CancellationEndsAWriteThatWaits) {
  ChunkWorld world;
  Cancellation cancellation;
  const auto chunks =
      ChunkWriter::create(world.store, world.keyring, *world.index, 1, testing::small_options(), cancellation)
          .value();
  const auto stream = chunks->begin_stream().value();
  ASSERT_TRUE(stream->write(as_bytes(random_text(2 * MiB, 1))).ok());
  cancellation.request();
  Result<void> result;
  for (int i = 0; i < 100 && result.ok(); ++i) result = stream->write(as_bytes(random_text(1 * MiB, 2)));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Code::kCancelled);
}

}  // namespace
}  // namespace summit::repository::packed
