#include "repository/packed/manifest_block.h"

#include <gmock/gmock.h>

#include "tests/repository/packed/chunk_world.h"

namespace summit::repository::packed {
namespace {

ChunkId id_of(uint64_t seed) {
  ChunkId id;
  std::memcpy(id.bytes.data(), testing::random_text(32, seed).data(), 32);
  return id;
}

Reference reference_of(uint64_t seed, uint32_t length) {
  const FramePlace frame{.pack = {.epoch = seed / 500, .uuid = {}},
                         .ordinal = static_cast<uint32_t>(seed / 50),
                         .offset = 96 + seed / 50 * 1000,
                         .plain_length = 2 * MiB,
                         .encoded_length = 900,
                         .encoding = Encoding::kZstd};
  return {.id = id_of(seed), .frame = frame, .offset = static_cast<uint32_t>(seed % 50), .length = length};
}

ManifestEntry chunk(uint64_t seed) {
  const Reference reference = reference_of(seed, 4096);
  return {.kind = ManifestEntry::Kind::kChunk, .length = 4096, .id = reference.id, .chunk = reference};
}

std::vector<std::string> blocks_of(const std::vector<ManifestEntry>& entries) {
  std::vector<std::string> blocks;
  ManifestBuilder builder([&](std::string block) -> Result<void> {
    blocks.push_back(std::move(block));
    return {};
  });
  for (const ManifestEntry& entry : entries) EXPECT_TRUE(builder.add(entry).ok());
  EXPECT_TRUE(builder.finish().ok());
  return blocks;
}

TEST(ManifestBlock, GivesItsEntriesBack) {
  std::vector<ManifestEntry> entries;
  for (uint64_t i = 0; i < 100; ++i) entries.push_back(chunk(i));
  entries.push_back({.length = 12345});
  entries.push_back({.kind = ManifestEntry::Kind::kPatched,
                     .length = 4096,
                     .id = id_of(9999),
                     .chunk = reference_of(3, 4096),
                     .patch = reference_of(777, 50)});
  const auto parsed = parse_block(as_bytes(encode_block(entries)));
  ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
  EXPECT_EQ(*parsed, entries);
}

TEST(ManifestBlock, AnInsertionLeavesLaterBlocksAsTheyWere) {
  std::vector<ManifestEntry> entries;
  for (uint64_t i = 0; i < 20'000; ++i) entries.push_back(chunk(i));
  const auto before = blocks_of(entries);
  EXPECT_GT(before.size(), 8U);
  EXPECT_LT(before.size(), 40U);
  entries.insert(entries.begin() + 5000, chunk(1'000'000));
  const auto after = blocks_of(entries);
  size_t fresh = 0;
  for (const std::string& block : after) fresh += static_cast<size_t>(std::ranges::count(before, block) == 0);
  EXPECT_LE(fresh, 3U);
}

TEST(ManifestBlock, NeighbouringZerosAreOneEntry) {
  std::vector<ManifestEntry> entries(3000, ManifestEntry{.length = 256 * KiB});
  entries.push_back(chunk(1));
  const auto blocks = blocks_of(entries);
  ASSERT_EQ(blocks.size(), 1U);
  const auto parsed = parse_block(as_bytes(blocks[0])).value();
  ASSERT_EQ(parsed.size(), 2U);
  EXPECT_EQ(parsed[0].length, 3000 * 256 * KiB);
}

TEST(ManifestBlock, ParsersRefuseDamage) {
  std::vector<ManifestEntry> entries = {chunk(1), {.length = 10}, chunk(600)};
  const std::string block = encode_block(entries);
  for (size_t size = 0; size < block.size(); ++size)
    EXPECT_FALSE(parse_block(as_bytes(block).first(size)).ok()) << size;
  EXPECT_FALSE(parse_block(as_bytes(block + "x")).ok());
  // Anything else is either refused or means something that can be: it never breaks the parser.
  for (size_t i = 0; i < block.size(); ++i) {
    std::string damaged = block;
    damaged[i] = static_cast<char>(damaged[i] ^ 0xff);
    const auto parsed = parse_block(as_bytes(damaged));
    if (parsed.ok()) {
      for (const ManifestEntry& entry : *parsed)
        EXPECT_LE(entry.chunk.offset + entry.chunk.length, entry.chunk.frame.plain_length);
    }
  }
}

}  // namespace
}  // namespace summit::repository::packed
