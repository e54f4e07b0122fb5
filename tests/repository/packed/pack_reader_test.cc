#include "repository/packed/pack_reader.h"

#include <gmock/gmock.h>

#include "core/task_group.h"
#include "repository/packed/pack_builder.h"
#include "tests/repository/packed/chunk_world.h"

namespace summit::repository::packed {
namespace {

using ::testing::HasSubstr;
using testing::random_text;
using testing::rows;

// A pack of three frames: compressible, incompressible, and one with two chunks.
struct PackWorld {
  storage::MemoryStore store;
  Keyring keyring = Keyring::create(RepositoryId::random()).value();
  std::vector<std::string> plain = {rows(200, 1), random_text(3000, 2), rows(60, 3)};
  StoredPack stored;
  std::string content;

  PackWorld() {
    const auto builder = PackBuilder::create(keyring, 7, 1 * MiB).value();
    const auto encoder = FrameEncoder::create(3).value();
    ChunkNamer namer = ChunkNamer::create(keyring.subkey(1, Purpose::kChunkId).value()).value();
    for (size_t i = 0; i < plain.size(); ++i) {
      std::vector<PackedChunk> chunks;
      const auto middle = static_cast<uint32_t>(i == 2 ? 1000 : 0);
      const ByteView bytes = as_bytes(plain[i]);
      if (middle != 0)
        chunks.push_back({namer.name(bytes.first(middle)).value(), 0, middle, ChunkKind::kData});
      const auto rest = static_cast<uint32_t>(bytes.size()) - middle;
      chunks.push_back({namer.name(bytes.subspan(middle)).value(), middle, rest, ChunkKind::kManifest});
      EXPECT_TRUE(builder->add(encoder->encode(bytes).value(), chunks).ok());
    }
    FinishedPack finished = builder->finish().value();
    stored = finished.stored;
    content = finished.content;
    store.set(stored.name.key(), content);
  }

  Result<PackContent> read() { return read_whole_pack(store, keyring, stored.name); }
};

TEST(Pack, HoldsWhatWasPutIntoIt) {
  PackWorld world;
  size_t next = 0;
  const auto content = read_whole_pack(world.store, world.keyring, world.stored.name,
                                       [&](const PackedFrame& frame, ByteView plain) -> Result<void> {
                                         EXPECT_EQ(frame.place.ordinal, next);
                                         EXPECT_EQ(as_text(plain), world.plain[next++]);
                                         return {};
                                       });
  ASSERT_TRUE(content.ok()) << content.error().to_string();
  EXPECT_EQ(next, 3U);
  EXPECT_EQ(content->stored, world.stored);
  EXPECT_EQ(content->frames[0].place.encoding, Encoding::kZstd);
  EXPECT_EQ(content->frames[1].place.encoding, Encoding::kRaw);
  EXPECT_EQ(content->frames[2].chunks.size(), 2U);
}

TEST(Pack, ItsFooterIsReadAlone) {
  PackWorld world;
  const auto footer = read_pack_footer(world.store, world.keyring, world.stored.name);
  ASSERT_TRUE(footer.ok()) << footer.error().to_string();
  EXPECT_EQ(footer->size, world.stored.size);
  EXPECT_EQ(footer->frames.size(), 3U);
}

TEST(Pack, AnyByteThatFlipsIsAnErrorThatNamesThePack) {
  PackWorld world;
  for (size_t i = 0; i < world.content.size(); ++i) {
    std::string damaged = world.content;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    world.store.set(world.stored.name.key(), damaged);
    const auto content = world.read();
    ASSERT_FALSE(content.ok()) << "byte " << i;
    EXPECT_EQ(content.error().code() == Code::kCorrupt || content.error().code() == Code::kWrongKey, true)
        << "byte " << i;
    EXPECT_THAT(content.error().message(), HasSubstr(world.stored.name.to_string())) << "byte " << i;
  }
}

TEST(Pack, AnyTruncationIsAnErrorThatNamesThePack) {
  PackWorld world;
  for (size_t size = 0; size < world.content.size(); size += 7) {
    world.store.set(world.stored.name.key(), world.content.substr(0, size));
    const auto content = world.read();
    ASSERT_FALSE(content.ok()) << size;
    EXPECT_EQ(content.error().code(), Code::kCorrupt) << size;
    EXPECT_THAT(content.error().message(), HasSubstr(world.stored.name.to_string())) << size;
  }
}

TEST(Pack, UnderAnothersNameItIsRefused) {
  PackWorld world;
  PackWorld other;
  const PackName name{.epoch = 7, .uuid = random_bytes<16>()};
  world.store.set(name.key(), world.content);
  const auto renamed = read_whole_pack(world.store, world.keyring, name);
  ASSERT_FALSE(renamed.ok());
  EXPECT_THAT(renamed.error().message(), HasSubstr("the header says that this is pack"));
  world.store.set(other.stored.name.key(), other.content);
  const auto foreign = read_whole_pack(world.store, world.keyring, other.stored.name);
  ASSERT_FALSE(foreign.ok());
  EXPECT_THAT(foreign.error().message(), HasSubstr("belongs to another repository"));
}

TEST(Pack, AMissingOneIsNotFound) {
  PackWorld world;
  EXPECT_TRUE(world.store.remove(world.stored.name.key()).ok());
  EXPECT_EQ(world.read().error().code(), Code::kNotFound);
}

TEST(PackFormat, ParsersRefuseEveryShortenedInput) {
  PackWorld world;
  const auto frames = read_pack_footer(world.store, world.keyring, world.stored.name).value().frames;
  const std::string footer = encode_footer(frames);
  const uint64_t end = frames.back().place.offset + frames.back().place.encoded_length + 16;
  ASSERT_TRUE(parse_footer(as_bytes(footer), world.stored.name, 3, end).ok());
  EXPECT_FALSE(parse_footer(as_bytes(footer), world.stored.name, 2, end).ok());
  EXPECT_FALSE(parse_footer(as_bytes(footer), world.stored.name, 3, end + 1).ok());
  for (size_t size = 0; size < footer.size(); ++size)
    EXPECT_FALSE(parse_footer(as_bytes(footer).first(size), world.stored.name, 3, end).ok()) << size;
}

}  // namespace
}  // namespace summit::repository::packed
