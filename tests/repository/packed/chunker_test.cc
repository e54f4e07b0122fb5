#include "repository/packed/chunker.h"

#include <gmock/gmock.h>

#include <numeric>
#include <set>

#include "repository/packed/key_derivation.h"
#include "tests/repository/packed/chunk_world.h"

namespace summit::repository::packed {
namespace {

using testing::random_text;
using testing::rows;

Secret key_of(char seed) { return Secret(std::string(32, seed)); }

std::vector<size_t> sizes_of(const Chunker& chunker, std::string_view text) {
  std::vector<size_t> sizes;
  ByteView rest = as_bytes(text);
  while (const auto size = chunker.next_boundary(rest, EndOfStream::kYes)) {
    sizes.push_back(*size);
    rest = rest.subspan(*size);
  }
  return sizes;
}

std::set<size_t> boundaries_of(const Chunker& chunker, std::string_view text) {
  std::set<size_t> boundaries;
  size_t offset = 0;
  for (const size_t size : sizes_of(chunker, text)) boundaries.insert(offset += size);
  return boundaries;
}

// The hash as docs/formats/chunking.md writes it, place by place.
size_t first_boundary_by_the_book(const Secret& key, std::string_view text) {
  std::array<uint64_t, 256> table{};
  for (size_t row = 0; row < 64; ++row) {
    const std::string bytes = derive_key(key, {}, "gear " + std::to_string(row)).value().reveal();
    for (size_t i = 0; i < 4; ++i) std::memcpy(&table[4 * row + i], bytes.data() + 8 * i, 8);
  }
  for (size_t p = 16 * KiB; p < 256 * KiB && p < text.size(); ++p) {
    uint64_t hash = 0;
    for (size_t i = 0; i < 64; ++i) hash += table[static_cast<unsigned char>(text[p - 1 - i])] << i;
    if (hash >> (p < 64 * KiB ? 46 : 50) == 0) return p;
  }
  return std::min<size_t>(text.size(), 256 * KiB);
}

TEST(Chunker, CutsAsTheFormatSays) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const std::string text = random_text(300 * KiB, seed);
    const Secret key = key_of(static_cast<char>(seed));
    EXPECT_EQ(sizes_of(Chunker::create(key).value(), text).front(), first_boundary_by_the_book(key, text))
        << seed;
  }
}

TEST(Chunker, SizesLieWithinTheLimitsAndGatherAroundTheTarget) {
  const Chunker chunker = Chunker::create(key_of('k')).value();
  auto sizes = sizes_of(chunker, random_text(64 * MiB, 1));
  sizes.pop_back();
  for (const size_t size : sizes) {
    EXPECT_GE(size, chunker.limits().min_size);
    EXPECT_LE(size, chunker.limits().max_size);
  }
  const double mean = std::accumulate(sizes.begin(), sizes.end(), 0.0) / static_cast<double>(sizes.size());
  EXPECT_GT(mean, 60.0 * KiB);
  EXPECT_LT(mean, 85.0 * KiB);
  const auto large = std::ranges::count_if(sizes, [](size_t size) { return size > 160 * KiB; });
  EXPECT_LT(large, static_cast<ptrdiff_t>(sizes.size() / 100));
}

TEST(Chunker, TheWindowsLengthDoesNotMoveABoundary) {
  const Chunker chunker = Chunker::create(key_of('k')).value();
  const std::string text = random_text(1 * MiB, 2);
  const size_t whole = *chunker.next_boundary(as_bytes(text), EndOfStream::kNo);
  for (size_t length = 1; length < 300 * KiB; length += 977) {
    const auto part = chunker.next_boundary(as_bytes(text).first(length), EndOfStream::kNo);
    if (length > whole) {
      EXPECT_EQ(part, whole) << length;
    } else {
      EXPECT_EQ(part, std::nullopt) << length;
    }
  }
}

TEST(Chunker, AnInsertionMovesFewBoundaries) {
  const Chunker chunker = Chunker::create(key_of('k')).value();
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::string text = random_text(4 * MiB, 100 + seed);
    const auto before = boundaries_of(chunker, text);
    const size_t place = 1 * MiB + seed * 50'000;
    const std::string inserted = "some bytes that were not there before";
    text.insert(place, inserted);
    size_t moved = 0;
    for (const size_t boundary : boundaries_of(chunker, text))
      moved += before.contains(boundary > place ? boundary - inserted.size() : boundary) ? 0U : 1U;
    EXPECT_LE(moved, 6U) << seed;
  }
}

TEST(Chunker, AnotherKeyMovesTheBoundaries) {
  const std::string text = random_text(8 * MiB, 3);
  const auto one = boundaries_of(Chunker::create(key_of('a')).value(), text);
  const auto other = boundaries_of(Chunker::create(key_of('b')).value(), text);
  std::vector<size_t> common;
  std::ranges::set_intersection(one, other, std::back_inserter(common));
  EXPECT_LE(common.size(), 2U);  // the end, and perhaps one by chance
}

TEST(Chunker, BytesWithoutVarietyAreCutAtTheMaximum) {
  const Chunker chunker = Chunker::create(key_of('k')).value();
  EXPECT_THAT(sizes_of(chunker, std::string(600 * KiB, '\0')),
              ::testing::ElementsAre(256 * KiB, 256 * KiB, 88 * KiB));
}

TEST(Chunker, AShortStreamIsOneChunkAndAnEmptyOneNone) {
  const Chunker chunker = Chunker::create(key_of('k')).value();
  EXPECT_THAT(sizes_of(chunker, "short"), ::testing::ElementsAre(5));
  EXPECT_TRUE(sizes_of(chunker, "").empty());
}

TEST(Chunker, ImpossibleLimitsAreRefused) {
  EXPECT_FALSE(Chunker::create(key_of('k'), {.min_size = 16, .target_size = 64, .max_size = 256}).ok());
  EXPECT_FALSE(Chunker::create(key_of('k'), {.min_size = 1024, .target_size = 3000, .max_size = 9000}).ok());
  EXPECT_FALSE(Chunker::create(key_of('k'), {.min_size = 1024, .target_size = 4096, .max_size = 2048}).ok());
}

}  // namespace
}  // namespace summit::repository::packed
