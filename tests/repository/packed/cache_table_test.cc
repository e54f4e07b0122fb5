#include "repository/packed/cache_table.h"

#include <fstream>

#include "tests/repository/packed/chunk_world.h"

namespace summit::repository::packed {
namespace {

using testing::random_text;

struct TableWorld {
  TemporaryDirectory directory = TemporaryDirectory::create(fs::temp_directory_path(), "table-").value();
  fs::path file = directory.path() / "table";
  Secret key{std::string(32, 'k')};
  CacheTable::Options options{.value_size = 24, .initial_slots = 64};

  std::unique_ptr<CacheTable> open(CacheTable::Keep keep = {}) {
    return CacheTable::open(file, key, options, std::move(keep)).value();
  }

  static CacheTable::Key key_of(uint64_t seed) {
    CacheTable::Key result;
    std::memcpy(result.data(), random_text(32, seed).data(), 32);
    return result;
  }
  static std::string value_of(uint64_t seed) { return random_text(24, ~seed); }

  // What the table says of the entry; empty when it has none.
  static std::string find(CacheTable& table, uint64_t seed) {
    std::string value(24, '\0');
    return table.find(key_of(seed), std::as_writable_bytes(std::span(value))) ? value : "";
  }
  static void insert(CacheTable& table, uint64_t seed) {
    table.insert(key_of(seed), as_bytes(value_of(seed)));
  }
};

TEST(CacheTable, FindsWhatWasInsertedAlsoAfterGrowingAndOpeningAgain) {
  TableWorld world;
  {
    const auto table = world.open();
    for (uint64_t i = 0; i < 5000; ++i) TableWorld::insert(*table, i);
    EXPECT_GT(table->slots(), 5000U);
    for (uint64_t i = 0; i < 5000; ++i) ASSERT_EQ(TableWorld::find(*table, i), TableWorld::value_of(i)) << i;
  }
  const auto again = world.open();
  for (uint64_t i = 0; i < 5000; ++i) ASSERT_EQ(TableWorld::find(*again, i), TableWorld::value_of(i)) << i;
  EXPECT_EQ(TableWorld::find(*again, 5000), "");
}

TEST(CacheTable, ADamagedEntryIsLostAndNeverWrong) {
  TableWorld world;
  constexpr uint64_t kEntries = 40;
  {
    const auto table = world.open();
    for (uint64_t i = 0; i < kEntries; ++i) TableWorld::insert(*table, i);
  }
  const std::string intact = read_file(world.file).value();
  for (size_t at = 0; at < intact.size(); at += 5) {
    std::string damaged = intact;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    std::ofstream(world.file, std::ios::binary) << damaged;
    const auto table = world.open();
    for (uint64_t i = 0; i < kEntries; ++i) {
      const std::string found = TableWorld::find(*table, i);
      ASSERT_TRUE(found.empty() || found == TableWorld::value_of(i)) << at << ' ' << i;
    }
  }
}

TEST(CacheTable, UnderAnotherKeyItIsEmpty) {
  TableWorld world;
  TableWorld::insert(*world.open(), 1);
  world.key = Secret(std::string(32, 'x'));
  EXPECT_EQ(TableWorld::find(*world.open(), 1), "");
}

TEST(CacheTable, WhatIsNoTableIsReplaced) {
  TableWorld world;
  std::ofstream(world.file) << "not a table";
  const auto table = world.open();
  TableWorld::insert(*table, 1);
  EXPECT_EQ(TableWorld::find(*table, 1), TableWorld::value_of(1));
}

TEST(CacheTable, GrowingForgetsWhatIsNotWorthKeeping) {
  TableWorld world;
  const auto table = world.open(
      [](const CacheTable::Key& key, ByteView) { return (key[31] & std::byte{1}) == std::byte{0}; });
  for (uint64_t i = 0; i < 2000; ++i) TableWorld::insert(*table, i);
  size_t odd = 0;
  for (uint64_t i = 0; i < 2000; ++i) {
    const bool even = (TableWorld::key_of(i)[31] & std::byte{1}) == std::byte{0};
    const bool found = !TableWorld::find(*table, i).empty();
    EXPECT_TRUE(found || !even) << i;
    odd += static_cast<size_t>(!even && found);
  }
  EXPECT_LT(odd, 1000U);
}

TEST(CacheTable, BeyondItsLimitItBeginsAnew) {
  TableWorld world;
  world.options.max_bytes = 64 * KiB;
  const auto table = world.open();
  for (uint64_t i = 0; i < 20'000; ++i) TableWorld::insert(*table, i);
  EXPECT_LE(fs::file_size(world.file), 2 * world.options.max_bytes);
  EXPECT_EQ(TableWorld::find(*table, 19'999), TableWorld::value_of(19'999));
}

}  // namespace
}  // namespace summit::repository::packed
