#include "repository/packed/chunk_index.h"

#include <atomic>
#include <fstream>
#include <set>

#include "tests/repository/packed/chunk_world.h"

namespace summit::repository::packed {
namespace {

using testing::ChunkWorld;
using testing::random_text;

// Another machine's index, which knows the packs by their footers alone.
Result<std::unique_ptr<ChunkIndex>> index_from_footers(ChunkWorld& world, const std::vector<PackName>& packs,
                                                       size_t* read = nullptr) {
  ASSIGN_OR_RETURN(auto index, ChunkIndex::open(world.cache.path() / "elsewhere", world.keyring));
  std::atomic<size_t> count = 0;
  RETURN_IF_ERROR(index->sync(packs, [&](const PackName& pack) {
    ++count;
    return read_pack_footer(world.store, world.keyring, pack);
  }));
  if (read != nullptr) *read = count;
  return index;
}

std::vector<Reference> chunks_of(ChunkWorld& world, const std::vector<StoredPack>& packs) {
  std::vector<Reference> chunks;
  for (const StoredPack& pack : packs) {
    const PackFooter footer = read_pack_footer(world.store, world.keyring, pack.name).value();
    for (const PackedFrame& frame : footer.frames) {
      for (const PackedChunk& chunk : frame.chunks) chunks.push_back(reference_to(frame, chunk));
    }
  }
  return chunks;
}

std::vector<PackName> names_of(const std::vector<StoredPack>& packs) {
  std::vector<PackName> names;
  for (const StoredPack& pack : packs) names.push_back(pack.name);
  return names;
}

TEST(ChunkIndex, LearnsFromFootersWhatItDidNotWriteAndReadsEachOnce) {
  ChunkWorld world;
  const auto packs = world.write_stream(random_text(9 * MiB, 1)).value().packs;
  size_t read = 0;
  {
    const auto index = index_from_footers(world, names_of(packs), &read).value();
    EXPECT_EQ(read, packs.size());
    for (const Reference& chunk : chunks_of(world, packs)) EXPECT_EQ(index->find(chunk.id), chunk);
  }
  const auto again = index_from_footers(world, names_of(packs), &read).value();
  EXPECT_EQ(read, 0U);
  for (const Reference& chunk : chunks_of(world, packs)) EXPECT_EQ(again->find(chunk.id), chunk);
}

TEST(ChunkIndex, NamesOnlyPacksThatMayBeReferenced) {
  ChunkWorld world;
  const auto packs = world.write_stream(random_text(9 * MiB, 2)).value().packs;
  ASSERT_GE(packs.size(), 2U);
  const PackName given_up = packs[0].name;
  auto usable = names_of(packs);
  std::erase(usable, given_up);
  ASSERT_TRUE(world.index->sync(usable, {}).ok());
  for (const Reference& chunk : chunks_of(world, packs)) {
    const auto found = world.index->find(chunk.id);
    EXPECT_EQ(found.has_value(), chunk.frame.pack != given_up);
  }
  EXPECT_FALSE(world.index->usable(given_up));
}

TEST(ChunkIndex, ADamagedCacheCostsSpaceAndNothingElse) {
  ChunkWorld world;
  const std::string text = random_text(3 * MiB, 3);
  const auto first = world.write_stream(text).value();
  world.index.reset();
  for (const auto& entry : fs::recursive_directory_iterator(world.cache.path())) {
    if (!entry.is_regular_file()) continue;
    std::string bytes = read_file(entry.path()).value();
    for (size_t i = 40; i < bytes.size(); i += 50) bytes[i] = static_cast<char>(bytes[i] ^ 0x55);
    std::ofstream(entry.path(), std::ios::binary) << bytes;
  }
  world.index = ChunkIndex::open(world.cache.path(), world.keyring).value();
  ASSERT_TRUE(
      world.index
          ->sync(names_of(first.packs),
                 [&](const PackName& pack) { return read_pack_footer(world.store, world.keyring, pack); })
          .ok());
  const auto second = world.write_stream(text);
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_EQ(world.read(second->contents[0]).value() == text, true);
}

TEST(ChunkIndex, RemembersTheNameOfBytesByTheirFingerprint) {
  ChunkWorld world;
  auto fingerprinter = Fingerprinter::create(world.keyring).value();
  const std::string text = random_text(100'000, 4);
  const Fingerprint fingerprint = fingerprinter.of(as_bytes(text)).value();
  EXPECT_EQ(world.index->remembered_name(fingerprint), std::nullopt);
  ChunkId id;
  id.bytes[5] = std::byte{7};
  world.index->remember_name(fingerprint, id);
  EXPECT_EQ(world.index->remembered_name(fingerprinter.of(as_bytes(text)).value()), id);
}

TEST(Fingerprinter, DiffersForOtherBytesOtherLengthsAndOtherKeys) {
  ChunkWorld world;
  ChunkWorld other;
  auto fingerprinter = Fingerprinter::create(world.keyring).value();
  std::set<Fingerprint> seen;
  std::string text(5000, '\0');
  for (size_t length = 0; length < 64; ++length)
    seen.insert(fingerprinter.of(as_bytes(text).first(length)).value());
  for (size_t i = 0; i < text.size(); i += 7) {
    text[i] = 1;
    seen.insert(fingerprinter.of(as_bytes(text)).value());
    text[i] = 0;
  }
  EXPECT_EQ(seen.size(), 64U + (text.size() + 6) / 7);
  EXPECT_NE(fingerprinter.of(as_bytes(text)).value(),
            Fingerprinter::create(other.keyring).value().of(as_bytes(text)).value());
}

}  // namespace
}  // namespace summit::repository::packed
