#include "repository/packed/pack_builder.h"

#include <gtest/gtest.h>

#include "repository/packed/pack_reader.h"
#include "tests/storage/testing/memory_store.h"

namespace summit::repository::packed {
namespace {

// Chunks of one byte each, under names that tell them apart.
std::vector<PackedChunk> tiny_chunks(uint32_t count) {
  std::vector<PackedChunk> chunks(count);
  for (uint32_t i = 0; i < count; ++i) {
    std::memcpy(chunks[i].id.bytes.data(), &i, sizeof i);
    chunks[i].offset = i;
    chunks[i].length = 1;
  }
  return chunks;
}

// Adds such frames until there is no room for another one, and stores the pack.
struct FullPack {
  storage::MemoryStore store;
  Keyring keyring = Keyring::create(RepositoryId::random()).value();
  size_t frames = 0;
  FinishedPack pack;

  FullPack(uint64_t capacity, uint32_t chunks_per_frame) {
    const auto builder = PackBuilder::create(keyring, 7, capacity).value();
    const auto encoder = FrameEncoder::create(1).value();
    const auto chunks = tiny_chunks(chunks_per_frame);
    const EncodedFrame frame = encoder->encode(as_bytes(std::string(chunks_per_frame, 'x'))).value();
    for (; builder->has_room(frame.bytes.size(), chunks.size()); ++frames)
      EXPECT_TRUE(builder->add(frame, chunks).ok());
    pack = builder->finish().value();
    store.set(pack.stored.name.key(), pack.content);
  }
};

TEST(PackBuilder, AFooterOfManyChunksCountsToItsSize) {
  const FullPack full(4 * MiB, 1000);
  EXPECT_GT(full.frames, 50U);
  EXPECT_LE(full.pack.content.size(), 4 * MiB + 256 * KiB);
}

TEST(PackBuilder, NoFooterGrowsBeyondWhatReadersAccept) {
  FullPack full(64 * MiB, kMaxFrameChunks);
  EXPECT_GT(full.frames, 20U);
  EXPECT_LT(full.pack.content.size(), 17 * MiB);
  const auto footer = read_pack_footer(full.store, full.keyring, full.pack.stored.name);
  ASSERT_TRUE(footer.ok()) << footer.error().to_string();
  EXPECT_EQ(footer->frames.size(), full.frames);
}

TEST(PackBuilder, TheFirstFrameAlwaysHasRoom) {
  const Keyring keyring = Keyring::create(RepositoryId::random()).value();
  EXPECT_TRUE(PackBuilder::create(keyring, 7, 1 * MiB).value()->has_room(8 * MiB, kMaxFrameChunks));
}

}  // namespace
}  // namespace summit::repository::packed
