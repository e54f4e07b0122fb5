#include "formats/pgarchive/compressor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <random>

#include "tests/formats/pgarchive/helper/archive.h"

namespace summit::pgarchive {
namespace {

using testing::HasSubstr;

constexpr CompressionChoice kGzip{Compression::kGzip, 3};
constexpr CompressionChoice kZstd{Compression::kZstd, 3};

// Rows that compress as real ones do; `random` bytes that do not at all.
std::string rows(size_t size) {
  std::string text;
  for (uint64_t i = 0; text.size() < size; ++i)
    text += fmt::format("{}\tuser{}@example.com\t2026-01-{:02}\t{{\"k\": {}}}\n", i, i * 7919 % 100003,
                        i % 28 + 1, i % 17);
  text.resize(size);
  return text;
}
std::string noise(size_t size) {
  std::mt19937_64 random(7);  // NOLINT(cert-msc51-cpp): the same bytes in every run
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string whole;
  for (const std::string& part : parts) whole += part;
  return whole;
}

// What zlib itself makes of a stream; it looks at the checksum.
std::string inflated(std::string_view stream, size_t size) {
  std::string plain(size + 1, '\0');
  uLongf made = plain.size();
  const int status = uncompress(reinterpret_cast<Bytef*>(plain.data()), &made,
                                reinterpret_cast<const Bytef*>(stream.data()), stream.size());
  if (status != Z_OK) return fmt::format("zlib says {}", status);
  plain.resize(made);
  return plain;
}

TEST(Compressor, ZlibReadsPartsOfSeveralCompressorsAsOneStream) {
  for (const std::string& plain :
       {rows(3'000'000), noise(1'000'000), std::string(2'000'000, 'a'), std::string("x\n")}) {
    for (const size_t part : {size_t{100'000}, size_t{131'072}, size_t{700'001}, plain.size()}) {
      const std::string stream = joined(compressed_large_object(kGzip, plain, part));
      EXPECT_TRUE(inflated(stream, plain.size()) == plain) << plain.size() << " bytes in parts of " << part;
    }
  }
}

TEST(Compressor, ManyTinyPartsAreOneStreamToo) {
  const std::string plain = rows(20'000);
  EXPECT_TRUE(inflated(joined(compressed_large_object(kGzip, plain, 1)), plain.size()) == plain);
}

TEST(Compressor, AStreamWithoutPartsIsAWholeStream) {
  const std::string stream = stream_begin(kGzip) + large_object_end(kGzip, {});
  EXPECT_EQ(inflated(stream, 0), "");
  EXPECT_EQ(stream_begin(kZstd) + large_object_end(kZstd, {}), "");
}

TEST(Compressor, ATableEndsWithTheMarkOfItsEnd) {
  const std::string plain = rows(300'000);
  const std::string marked = plain + "\\.\n\n\n";
  EXPECT_TRUE(inflated(joined(compressed_table(kGzip, plain, 70'000)), marked.size()) == marked);
  EXPECT_EQ(inflated(joined(compressed_table(kGzip, "", 1)), 5), "\\.\n\n\n");
  const std::string frames = joined(compressed_table(kZstd, plain, 70'000));
  std::string back(marked.size(), '\0');
  ASSERT_EQ(ZSTD_decompress(back.data(), back.size(), frames.data(), frames.size()), marked.size());
  EXPECT_TRUE(back == marked);
  EXPECT_EQ(joined(compressed_table({Compression::kNone, 0}, "1\n", 1)), "1\n\\.\n\n\n");
}

TEST(Compressor, PartsOfZstdAreWholeFramesWithAChecksum) {
  const std::string plain = rows(1'000'000);
  const auto parts = compressed_large_object(kZstd, plain, 300'000);
  ASSERT_EQ(parts.size(), 6u) << "with the empty beginning and end";
  std::string back(plain.size(), '\0');
  const std::string frames = joined(parts);
  ASSERT_EQ(ZSTD_decompress(back.data(), back.size(), frames.data(), frames.size()), plain.size());
  EXPECT_TRUE(back == plain);
  for (size_t i = 1; i <= 4; ++i) {
    EXPECT_EQ(ZSTD_findFrameCompressedSize(parts[i].data(), parts[i].size()), parts[i].size());
    EXPECT_EQ(parts[i][4] & 4, 4) << "the descriptor's flag of a checksum";
  }
}

TEST(Compressor, APartGivesItsBytesBack) {
  const std::string plain = rows(3'000'000);
  for (const auto& choice : {kGzip, kZstd, CompressionChoice{Compression::kNone, 0}}) {
    auto compressor = std::move(PartCompressor::create(choice)).value();
    // The second part is shorter: nothing of the first may be left in it.
    for (const size_t length : {plain.size(), size_t{100}, size_t{0}}) {
      std::string output = stream_begin(choice);
      const auto total = compressor->compress(as_bytes(plain).first(length), &output);
      ASSERT_TRUE(total.ok());
      EXPECT_EQ(total->length, length);
      output += large_object_end(choice, *total);
      std::string back(length, '\0');
      if (choice.algorithm == Compression::kGzip) {
        back = inflated(output, length);
      } else if (choice.algorithm == Compression::kNone) {
        back = output;
      } else {
        ZSTD_decompress(back.data(), back.size(), output.data(), output.size());
      }
      EXPECT_TRUE(back == plain.substr(0, length)) << name_of(choice.algorithm) << " of " << length;
      if (length == 0 && choice.algorithm != Compression::kGzip) {
        EXPECT_EQ(output, "");
      }
    }
  }
}

TEST(Compressor, APartWithoutBytesAppendsNothing) {
  for (const auto& choice : {kGzip, kZstd, CompressionChoice{Compression::kNone, 0}}) {
    auto compressor = std::move(PartCompressor::create(choice)).value();
    std::string output = "before";
    EXPECT_EQ(compressor->compress({}, &output)->length, 0u);
    EXPECT_EQ(output, "before");
  }
}

TEST(Compressor, APartIsTheSameWhateverCameBefore) {
  for (const auto& choice : {kGzip, kZstd}) {
    auto compressor = std::move(PartCompressor::create(choice)).value();
    std::string before;
    ASSERT_TRUE(compressor->compress(as_bytes(rows(500'000)), &before).ok());
    std::string output;
    const auto total = compressor->compress(as_bytes(std::string_view("1\tada\n")), &output);
    EXPECT_EQ(output, compressed_large_object(choice, "1\tada\n", 100)[1]);
    EXPECT_EQ(total->length, 6u);
  }
}

constexpr size_t kPart = 2 * MiB;

// Identifiers and measurements, as most tables have them.
std::string digits() {
  std::mt19937_64 random(3);  // NOLINT(cert-msc51-cpp): the same bytes in every run
  std::string text;
  for (uint64_t i = 0; text.size() < kPart; ++i)
    text += fmt::format("{}\t{:016x}{:016x}\t{:.9f}\n", i, random(), random(), double(random()) / 0x1p64);
  text.resize(kPart);
  return text;
}

// Words follow on one another as in a language: each has few that come after it, and ends as others do.
std::string prose() {
  std::mt19937_64 random(5);  // NOLINT(cert-msc51-cpp): the same bytes in every run
  constexpr std::array kStems = {"count", "report", "hold", "turn", "mark", "light", "act", "port"};
  constexpr std::array kEnds = {"", "s", "ed", "ing", "er", "ion", "able", "ful"};
  std::string text;
  for (uint64_t word = 1; text.size() < kPart;) {
    word = word * 5 + random() % 3 + (random() % 7 == 0 ? random() : 0);
    text += kStems[word % 8];
    text += kEnds[word / 8 % 8];
    text += random() % 9 == 0 ? ", " : " ";
  }
  text.resize(kPart);
  return text;
}

size_t part_size(PartCompressor& compressor, const std::string& plain) {
  std::string output;
  EXPECT_TRUE(compressor.compress(as_bytes(plain), &output).ok());
  std::string back(plain.size(), '\0');
  EXPECT_EQ(ZSTD_decompress(back.data(), back.size(), output.data(), output.size()), plain.size());
  EXPECT_TRUE(back == plain);
  return output.size();
}

// What zstd itself makes of it; a checksum has four bytes.
size_t zstd_size(const std::string& plain, int level) {
  std::string frame(ZSTD_compressBound(plain.size()), '\0');
  return ZSTD_compress(frame.data(), frame.size(), plain.data(), plain.size(), level) + 4;
}

TEST(Compressor, DigitsBecomeSmallerThanTheLevelMakesThem) {
  for (const int level : {0, 3, 4}) {
    auto compressor = std::move(PartCompressor::create({Compression::kZstd, level})).value();
    const size_t asked = zstd_size(digits(), level);
    EXPECT_EQ(part_size(*compressor, digits()), asked) << "a table of one part is not compressed twice";
    const size_t second = part_size(*compressor, digits());
    EXPECT_LT(second, asked) << level;
    EXPECT_EQ(part_size(*compressor, digits()), second) << "what the second part has shown";
  }
}

TEST(Compressor, ProseIsCompressedAsTheLevelDoesIt) {
  auto compressor = std::move(PartCompressor::create(kZstd)).value();
  for (int part = 0; part < 3; ++part) EXPECT_EQ(part_size(*compressor, prose()), zstd_size(prose(), 3));
}

TEST(Compressor, WhatOneTableHasShownIsNotUsedForTheNext) {
  auto compressor = std::move(PartCompressor::create(kZstd)).value();
  for (int part = 0; part < 2; ++part) part_size(*compressor, digits());
  const size_t asked = zstd_size(prose(), 3);
  EXPECT_GT(part_size(*compressor, prose()), asked) << "as the digits before it";
  compressor->next_table();
  EXPECT_EQ(part_size(*compressor, prose()), asked);
}

TEST(Compressor, RowsThatChangeInTheCourseOfATableAreNoticed) {
  auto compressor = std::move(PartCompressor::create(kZstd)).value();
  for (int part = 0; part < 2; ++part) part_size(*compressor, digits());
  for (int part = 0; part < 31; ++part) EXPECT_GT(part_size(*compressor, prose()), zstd_size(prose(), 3));
  EXPECT_EQ(part_size(*compressor, prose()), zstd_size(prose(), 3));
}

TEST(Compressor, SmallAndHugePartsAreNotCompressedTwice) {
  auto compressor = std::move(PartCompressor::create(kZstd)).value();
  std::string huge;
  while (huge.size() <= 8 * MiB) huge += digits();
  const auto small = digits().substr(0, 512 * KiB - 1);
  for (int part = 0; part < 2; ++part) EXPECT_EQ(part_size(*compressor, huge), zstd_size(huge, 3));
  for (int part = 0; part < 2; ++part) EXPECT_EQ(part_size(*compressor, small), zstd_size(small, 3));
}

TEST(Compressor, TheFastestLevelsAreTakenAtTheirWord) {
  for (const int level : {-5, 1}) {
    auto compressor = std::move(PartCompressor::create({Compression::kZstd, level})).value();
    for (int part = 0; part < 3; ++part)
      EXPECT_EQ(part_size(*compressor, digits()), zstd_size(digits(), level));
  }
}

TEST(Compressor, WhatCannotBeWrittenIsSaid) {
  EXPECT_EQ(PartCompressor::create({Compression::kLz4, 1}).error().code(), Code::kUnsupported);
  const auto level = PartCompressor::create({Compression::kZstd, 23});
  ASSERT_FALSE(level.ok());
  EXPECT_EQ(level.error().code(), Code::kUsage);
  EXPECT_THAT(level.error().hint(), HasSubstr("to 22"));
}

}  // namespace
}  // namespace summit::pgarchive
