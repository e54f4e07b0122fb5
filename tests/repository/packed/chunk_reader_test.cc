#include "repository/packed/chunk_reader.h"

#include <gmock/gmock.h>

#include <fstream>

#include "repository/packed/pack_builder.h"
#include "tests/repository/packed/chunk_world.h"

namespace summit::repository::packed {
namespace {

using testing::ChunkWorld;
using ::testing::HasSubstr;
using testing::random_text;
using testing::rows;

TEST(ChunkReader, EveryByteThatFlipsGivesTheRightBytesOrAnErrorThatNamesThePack) {
  ChunkWorld world;
  const std::string text = rows(300, 1);
  const auto written = world.write_stream(text);
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  ASSERT_EQ(written->packs.size(), 1U);
  const std::string key = written->packs[0].name.key();
  const std::string intact = world.store.contents().at(key);
  size_t refused = 0;
  for (size_t i = 0; i < intact.size(); ++i) {
    std::string damaged = intact;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    world.store.set(key, damaged);
    const auto read = world.read(written->contents[0], {.workers = 1});
    if (read.ok()) {
      ASSERT_EQ(*read == text, true) << "byte " << i;  // footer and trailer are not needed for reading
      continue;
    }
    ++refused;
    EXPECT_THAT(read.error().message(), HasSubstr(written->packs[0].name.to_string())) << "byte " << i;
  }
  EXPECT_GT(refused, intact.size() / 2);
}

TEST(ChunkReader, AMissingPackIsNamed) {
  ChunkWorld world;
  const auto written = world.write_stream(random_text(9 * MiB, 2));
  const PackName lost = written->packs.front().name;
  ASSERT_TRUE(world.store.remove(lost.key()).ok());
  const auto read = world.read(written->contents[0]);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), Code::kNotFound);
  EXPECT_THAT(read.error().message(), HasSubstr(lost.to_string()));
}

TEST(ChunkReader, PacksSwappedInTheStoreAreNoticed) {
  ChunkWorld world;
  const auto written = world.write_stream(random_text(9 * MiB, 3));
  ASSERT_GE(written->packs.size(), 2U);
  const auto contents = world.store.contents();
  world.store.set(written->packs[0].name.key(), contents.at(written->packs[1].name.key()));
  EXPECT_EQ(world.read(written->contents[0]).error().code(), Code::kCorrupt);
}

// Copies every frame of a pack to a new one, in the reverse order.
PackName relocate(ChunkWorld& world, const PackName& from) {
  std::vector<std::pair<PackedFrame, std::string>> frames;
  EXPECT_TRUE(read_whole_pack(world.store, world.keyring, from,
                              [&](const PackedFrame& frame, ByteView plain) -> Result<void> {
                                frames.emplace_back(frame, as_text(plain));
                                return {};
                              })
                  .ok());
  const auto builder = PackBuilder::create(world.keyring, 9).value();
  const auto encoder = FrameEncoder::create(1).value();
  for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame)
    EXPECT_TRUE(builder->add(encoder->encode(as_bytes(frame->second)).value(), frame->first.chunks).ok());
  const FinishedPack finished = builder->finish().value();
  world.store.set(finished.stored.name.key(), finished.content);
  EXPECT_TRUE(world.store.remove(from.key()).ok());
  return finished.stored.name;
}

TEST(ChunkReader, FollowsRelocationsByTheChunksIds) {
  ChunkWorld world;
  const std::string text = random_text(9 * MiB, 4);
  const auto written = world.write_stream(text);
  std::map<PackName, PackName> moved;
  for (const StoredPack& pack : written->packs) moved[pack.name] = relocate(world, pack.name);
  const auto relocated = [&](const PackName& pack) -> std::optional<std::vector<PackName>> {
    const auto found = moved.find(pack);
    if (found == moved.end()) return std::nullopt;
    return std::vector<PackName>{found->second};
  };
  const auto read = world.read(written->contents[0], {.relocated = relocated});
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(*read == text, true);
}

TEST(ChunkReader, AConsumersErrorEndsTheRead) {
  ChunkWorld world;
  const auto written = world.write_stream(random_text(20 * MiB, 5));
  ChunkReader reader(world.store, world.keyring);
  const auto result = reader.read(written->contents[0].blocks, [](ByteView) -> Result<void> {
    return Error(Code::kNoSpace, "the disk is full");
  });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Code::kNoSpace);
}

TEST(ChunkReader, IsAsGoodAsNewAfterACancelledRead) {
  ChunkWorld world;
  const std::string text = random_text(20 * MiB, 6);
  const auto written = world.write_stream(text);
  ChunkReader reader(world.store, world.keyring);
  Cancellation cancellation;
  const auto cancelled = reader.read(
      written->contents[0].blocks,
      [&](ByteView) -> Result<void> {
        cancellation.request();
        return {};
      },
      cancellation);
  EXPECT_EQ(cancelled.error().code(), Code::kCancelled);
  std::string read;
  const auto again = reader.read(written->contents[0].blocks, [&](ByteView bytes) -> Result<void> {
    read += as_text(bytes);
    return {};
  });
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  EXPECT_EQ(read == text, true);
}

// Takes everything and keeps nothing.
class DiscardingStore final : public storage::ObjectStore {
 public:
  std::string describe() const override { return "nowhere"; }
  storage::Capabilities capabilities() const override { return {}; }
  Result<void> put(std::string_view, ByteView, const storage::PutOptions&, const Cancellation&) override {
    return {};
  }
  Result<std::unique_ptr<storage::ObjectUpload>> upload(std::string_view, const storage::PutOptions&,
                                                        const Cancellation&) override {
    return Error(Code::kUnsupported, "nowhere");
  }
  Result<void> get(std::string_view key, storage::ByteRange, const std::function<Result<void>(ByteView)>&,
                   const Cancellation&) override {
    return Error(Code::kNotFound, "{} was discarded", key);
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

uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t pages = 0;
  uint64_t resident = 0;
  file >> pages >> resident;
  return resident * 4096;
}

TEST(ChunkWriter, MemoryDoesNotGrowWithTheData) {
  ChunkWorld world;
  DiscardingStore nowhere;
  const auto chunks =
      ChunkWriter::create(nowhere, world.keyring, *world.index, 1, testing::small_options()).value();
  const auto stream = chunks->begin_stream().value();
  // Cheap to make, never the same twice, and hardly worth compressing.
  std::string block = random_text(4 * MiB, 7);
  uint64_t counter = 0;
  const auto write = [&](uint64_t bytes) {
    for (uint64_t done = 0; done < bytes; done += block.size()) {
      for (size_t at = 0; at + 8 <= block.size(); at += 4096) std::memcpy(block.data() + at, &++counter, 8);
      ASSERT_TRUE(stream->write(as_bytes(block)).ok());
    }
  };
  write(200 * MiB);
  const uint64_t early = resident_bytes();
  write(1800 * MiB);
  const uint64_t late = resident_bytes();
  EXPECT_LT(late, early + 48 * MiB);
  ASSERT_TRUE(stream->finish().ok());
  ASSERT_TRUE(chunks->finish().ok());
}

}  // namespace
}  // namespace summit::repository::packed
