#include "formats/pgarchive/compressor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

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

// As rows come: one at a time, of every width, and larger than what is gathered.
TEST(Compressor, WritesOfAnySizeGiveTheBytesBack) {
  const std::string plain = rows(2'000'000);
  for (const auto& choice : {kGzip, kZstd}) {
    auto compressor = std::move(PartCompressor::create(choice)).value();
    for (const size_t size : {size_t{1}, size_t{57}, 127 * KiB, 128 * KiB, 128 * KiB + 1, 1 * MiB}) {
      const size_t length = size == 1 ? 300'000 : plain.size();
      std::string output = stream_begin(choice);
      ASSERT_TRUE(compressor->begin(&output).ok());
      for (size_t at = 0; at < length; at += size)
        ASSERT_TRUE(
            compressor->write(as_bytes(std::string_view(plain).substr(at, std::min(size, length - at))))
                .ok());
      const auto total = compressor->finish();
      ASSERT_TRUE(total.ok());
      EXPECT_EQ(total->length, length);
      output += large_object_end(choice, *total);
      std::string back(length, '\0');
      if (choice.algorithm == Compression::kGzip) {
        back = inflated(output, length);
      } else {
        ZSTD_decompress(back.data(), back.size(), output.data(), output.size());
      }
      EXPECT_TRUE(back == plain.substr(0, length)) << name_of(choice.algorithm) << " by " << size;
    }
  }
}

TEST(Compressor, APartInOneGoGivesTheBytesBack) {
  const std::string plain = rows(3'000'000);
  for (const auto& choice : {kGzip, kZstd, CompressionChoice{Compression::kNone, 0}}) {
    auto compressor = std::move(PartCompressor::create(choice)).value();
    // The second part is shorter: nothing of the first may be left in it.
    for (const size_t length : {plain.size(), size_t{100}, size_t{0}}) {
      std::string output = stream_begin(choice);
      const auto total = compressor->compress_part(as_bytes(plain).first(length), &output);
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
    ASSERT_TRUE(compressor->begin(&output).ok());
    EXPECT_EQ(compressor->finish()->length, 0u);
    EXPECT_EQ(output, "before");
  }
}

TEST(Compressor, APartThatWasGivenUpLeavesNoTrace) {
  for (const auto& choice : {kGzip, kZstd}) {
    auto compressor = std::move(PartCompressor::create(choice)).value();
    std::string given_up;
    ASSERT_TRUE(compressor->begin(&given_up).ok());
    ASSERT_TRUE(compressor->write(as_bytes(rows(500'000))).ok());
    std::string output;
    ASSERT_TRUE(compressor->begin(&output).ok());
    ASSERT_TRUE(compressor->write(as_bytes("1\tada\n")).ok());
    const auto total = compressor->finish();
    EXPECT_EQ(output, compressed_large_object(choice, "1\tada\n", 100)[1]);
    EXPECT_EQ(total->length, 6u);
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
