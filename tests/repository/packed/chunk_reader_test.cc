#include "repository/packed/chunk_reader.h"

#include <gmock/gmock.h>

#include <fstream>
#include <limits>
#include <random>
#include <set>

#include "core/task_group.h"
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

Result<std::string> range_of(ChunkReader& reader, const Content& content, uint64_t offset, uint64_t size) {
  std::string text;
  RETURN_IF_ERROR(reader.read_range(content.blocks, offset, size, [&](ByteView bytes) -> Result<void> {
    text += as_text(bytes);
    return {};
  }));
  return text;
}

// A file with entries of every kind, and zeros over several of them.
struct MixedFile {
  ChunkWorld world;
  std::string text = random_text(1 * MiB, 8) + std::string(3 * MiB, '\0') + rows(20'000, 9) +
                     std::string(700'001, '\0') + random_text(600'000, 10);
  Content content;

  MixedFile() {
    const auto first = world.write_file(text).value();
    for (const size_t at : {300'000UL, 5'000'000UL}) text.replace(at, 7, "CHANGED");
    content = world.write_file(text, first.contents[0].blocks).value().contents[0];
  }
};

TEST(ChunkReader, ARangeIsThoseBytesOfTheWhole) {
  MixedFile file;
  ChunkReader reader(file.world.store, file.world.keyring);
  std::set<uint64_t> edges{0, file.text.size()};
  std::set<ManifestEntry::Kind> kinds;
  const auto cursor = reader.cursor(file.content.blocks);
  uint64_t offset = 0;
  while (const auto entry = cursor->next().value()) {
    if (kinds.insert(entry->kind).second || offset % 7 == 0) edges.insert({offset, offset + entry->length});
    offset += entry->length;
  }
  ASSERT_EQ(kinds.size(), 3U);

  const auto compare = [&](uint64_t from, uint64_t to) {
    const auto read = range_of(reader, file.content, from, to - from);
    ASSERT_TRUE(read.ok()) << from << " to " << to << ": " << read.error().to_string();
    ASSERT_EQ(*read == file.text.substr(from, to - from), true) << from << " to " << to;
  };
  for (const uint64_t edge : edges) {
    compare(edge - std::min<uint64_t>(edge, 1), edge);
    compare(edge, std::min<uint64_t>(edge + 1, file.text.size()));
    compare(edge - std::min<uint64_t>(edge, 70'000), std::min<uint64_t>(edge + 70'000, file.text.size()));
  }
  std::mt19937_64 generator(11);
  for (int i = 0; i < 200; ++i) {
    const uint64_t from = generator() % file.text.size();
    const uint64_t longest = i % 4 == 0 ? file.text.size() : 100'000;
    compare(from, from + generator() % std::min<uint64_t>(longest, file.text.size() - from));
  }
}

TEST(ChunkReader, ARangeThatTheContentDoesNotHoldIsDamage) {
  ChunkWorld world;
  const std::string text = rows(300, 12);
  const auto written = world.write_stream(text);
  ChunkReader reader(world.store, world.keyring);
  const Content& content = written->contents[0];
  EXPECT_EQ(range_of(reader, content, text.size() - 5, 6).error().code(), Code::kCorrupt);
  EXPECT_EQ(range_of(reader, content, text.size(), 1).error().code(), Code::kCorrupt);
  EXPECT_EQ(range_of(reader, content, text.size() + 100, 1).error().code(), Code::kCorrupt);
  EXPECT_EQ(range_of(reader, content, 1, std::numeric_limits<uint64_t>::max()).error().code(),
            Code::kCorrupt);
}

TEST(ChunkReader, RangesMayBeReadAtTheSameTime) {
  MixedFile file;
  // Little memory, so that frames are brought again and again.
  ChunkReader reader(file.world.store, file.world.keyring, {.workers = 2, .memory = 1 * MiB});
  const auto result = parallel_for(4, 4, [&](size_t thread) -> Result<void> {
    std::mt19937_64 generator(thread);
    for (int i = 0; i < 40; ++i) {
      const uint64_t from = generator() % file.text.size();
      const uint64_t size = generator() % std::min<uint64_t>(file.text.size() - from, 1 * MiB);
      ASSIGN_OR_RETURN(const std::string read, range_of(reader, file.content, from, size));
      if (read != file.text.substr(from, size)) return Error(Code::kFailed, "{} bytes from {}", size, from);
    }
    return {};
  });
  EXPECT_TRUE(result.ok()) << result.error().to_string();
}

TEST(ChunkReader, ARangeNeedsNoPackButThoseThatHoldIt) {
  ChunkWorld world;
  const std::string text = random_text(13 * MiB, 13);
  const auto written = world.write_stream(text);
  ASSERT_GE(written->packs.size(), 3U);
  ChunkReader whole(world.store, world.keyring);
  const Content& content = written->contents[0];
  const auto first = whole.cursor(content.blocks)->next().value();
  ASSERT_TRUE(world.store.remove(first->chunk.frame.pack.key()).ok());

  ChunkReader reader(world.store, world.keyring);
  EXPECT_EQ(range_of(reader, content, 0, 1).error().code(), Code::kNotFound);
  const auto rest = range_of(reader, content, 9 * MiB, 4 * MiB);
  ASSERT_TRUE(rest.ok()) << rest.error().to_string();
  EXPECT_EQ(*rest == text.substr(9 * MiB), true);
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
