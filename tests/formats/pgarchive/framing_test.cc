#include "formats/pgarchive/framing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace summit::pgarchive {
namespace {

std::vector<std::string> chunks_of(std::string_view stream) {
  std::vector<std::string> chunks;
  RowFraming framing;
  while (const size_t size = framing.next(stream)) {
    chunks.emplace_back(stream.substr(0, size));
    stream.remove_prefix(size);
  }
  chunks.emplace_back(stream);
  return chunks;
}

struct Kind {
  std::string name;
  std::function<std::string(uint64_t)> row;
  uint64_t rows;
};

std::string filler(uint64_t seed, size_t size) {
  std::mt19937_64 random(seed);  // NOLINT(cert-msc51-cpp): the same bytes in every run
  std::string text(size, 'a');
  for (char& letter : text) letter = static_cast<char>('a' + random() % 26);
  return text;
}

// What rows look like to a framing: their width, and where they differ.
std::vector<Kind> kinds() {
  const std::string tail = "\tf\tf\t\\N\t2026-01-01 00:00:00+00\n";
  return {
      {"narrow", [](uint64_t i) { return fmt::format("{}\t{}\n", i, i % 7); }, 500'000},
      {"with equal ends", [=](uint64_t i) { return fmt::format("{}{}", i, tail); }, 250'000},
      {"with equal beginnings", [](uint64_t i) { return fmt::format("tenant-acme\tinvestigation\t{}\n", i); },
       250'000},
      {"of 1 KiB", [](uint64_t i) { return filler(i, 1023) + "\n"; }, 10'000},
      {"of 20 KB", [](uint64_t i) { return filler(i, 20'000) + "\n"; }, 500},
      {"of 50 KB", [](uint64_t i) { return filler(i, 50'000) + "\n"; }, 200},
      {"of 100 KB", [](uint64_t i) { return filler(i, 100'000) + "\n"; }, 100},
      {"of 600 KB", [](uint64_t i) { return filler(i, 600'000) + "\n"; }, 20},
      {"of all widths", [](uint64_t i) { return filler(i, i % 100 == 0 ? 90'000 : i * 7919 % 3000) + "\n"; },
       4000},
  };
}

std::string stream_of(const Kind& kind) {
  std::string stream;
  for (uint64_t i = 0; i < kind.rows; ++i) stream += kind.row(i);
  return stream;
}

TEST(Framing, ChunksHaveTheirSizeAndEndWithRows) {
  for (const Kind& kind : kinds()) {
    const std::string stream = stream_of(kind);
    const auto chunks = chunks_of(stream);
    std::string whole;
    size_t at_row_ends = 0;
    for (size_t i = 0; i + 1 < chunks.size(); ++i) {
      EXPECT_GE(chunks[i].size(), RowFraming::kSmallest);
      EXPECT_LE(chunks[i].size(), RowFraming::kLargest);
      at_row_ends += chunks[i].ends_with('\n') ? 1 : 0;
      whole += chunks[i];
    }
    EXPECT_TRUE(whole + chunks.back() == stream) << kind.name;
    if (kind.row(1).size() < RowFraming::kLargest - RowFraming::kSmallest) {
      EXPECT_EQ(at_row_ends, chunks.size() - 1) << "rows " << kind.name;
    }
    const double average = static_cast<double>(stream.size()) / static_cast<double>(chunks.size());
    EXPECT_GT(average, 48.0 * KiB) << "rows " << kind.name;
    EXPECT_LT(average, 210.0 * KiB) << "rows " << kind.name;
  }
}

TEST(Framing, AnInsertedOrDeletedRowMovesTheFramingOnlyNearIt) {
  for (const Kind& kind : kinds()) {
    const std::string stream = stream_of(kind);
    const auto before = chunks_of(stream);
    const std::multiset<std::string> known(before.begin(), before.end());
    for (int place = 1; place <= 3; ++place) {
      const size_t at = stream.find('\n', stream.size() / 4 * static_cast<size_t>(place)) + 1;
      const std::string inserted = stream.substr(0, at) + kind.row(kind.rows + 1) + stream.substr(at);
      const std::string deleted = stream.substr(0, at) + stream.substr(stream.find('\n', at) + 1);
      for (const std::string& changed : {inserted, deleted}) {
        size_t new_bytes = 0;
        for (const std::string& chunk : chunks_of(changed))
          new_bytes += known.contains(chunk) ? 0 : chunk.size();
        EXPECT_LT(new_bytes, 12 * RowFraming::kSpacing + 3 * kind.row(1).size())
            << "rows " << kind.name << ", place " << place;
      }
    }
  }
}

TEST(Framing, EqualRowsAndBytesWithoutRowsAreCutAllTheSame) {
  std::string equal;
  for (int i = 0; i < 100'000; ++i) equal += "\\N\tdefault\n";
  for (const auto& chunk : chunks_of(equal)) EXPECT_TRUE(chunk.ends_with('\n'));
  const auto blank = chunks_of(std::string(MiB, '\0'));
  ASSERT_EQ(blank.size(), 5u) << "and an empty rest";
  EXPECT_EQ(blank.front().size(), RowFraming::kLargest);
}

}  // namespace
}  // namespace summit::pgarchive
