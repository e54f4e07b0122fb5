#include "formats/pgarchive/decompressor.h"

#include <gtest/gtest.h>

#include "tests/formats/pgarchive/helper/archive.h"

namespace summit::pgarchive {
namespace {

// The pieces of a large object as one stream.
std::string stream_of(Compression compression, std::string_view plain, size_t part) {
  std::string stream;
  for (const auto& piece : compressed_large_object({compression, 3}, plain, part)) stream += piece;
  return stream;
}

std::string rows(size_t size) {
  std::string text;
  for (uint64_t i = 0; text.size() < size; ++i) text += fmt::format("{}\tvalue {}\n", i, i * 7919 % 1009);
  return text;
}

// Counts, and keeps what it gets.
struct Output {
  std::string bytes;
  std::vector<size_t> views;
  Result<void> take(ByteView view) {
    bytes.append(as_text(view));
    views.push_back(view.size());
    return {};
  }
};

TEST(Decompressor, AFewBytesThatHoldALotComeInFullViews) {
  const std::string plain(50 * MiB + 77, 'a');
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    const std::string stream = stream_of(compression, plain, plain.size());
    ASSERT_LT(stream.size(), 1 * MiB);
    for (const size_t block : {size_t{1000}, stream.size()}) {
      Output output;
      auto decompressor = std::move(Decompressor::create(compression, [&](ByteView view) {
                            return output.take(view);
                          })).value();
      ASSERT_TRUE(decompressor->begin().ok());
      for (size_t at = 0; at < stream.size(); at += block)
        ASSERT_TRUE(decompressor->write(as_bytes(std::string_view(stream).substr(at, block))).ok());
      ASSERT_TRUE(decompressor->end().ok());
      EXPECT_TRUE(output.bytes == plain) << name_of(compression);
      ASSERT_EQ(output.views.size(), 201u);
      for (size_t i = 0; i < 200; ++i) EXPECT_EQ(output.views[i], 256 * KiB);
    }
  }
}

TEST(Decompressor, IsGoodAsNewAfterAnError) {
  const std::string plain = rows(600'000);
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    const std::string stream = stream_of(compression, plain, 100'000);
    Output output;
    auto decompressor = std::move(Decompressor::create(compression, [&](ByteView view) {
                          return output.take(view);
                        })).value();
    std::string damaged = stream;
    for (size_t at = damaged.size() / 2; at < damaged.size() / 2 + 50; ++at) damaged[at] = '\x55';
    ASSERT_TRUE(decompressor->begin().ok());
    const auto written = decompressor->write(as_bytes(damaged));
    ASSERT_FALSE(written.ok()) << name_of(compression);
    EXPECT_EQ(written.error().code(), Code::kCorrupt);
    output = {};
    ASSERT_TRUE(decompressor->begin().ok());
    ASSERT_TRUE(decompressor->write(as_bytes(stream)).ok());
    ASSERT_TRUE(decompressor->end().ok());
    EXPECT_TRUE(output.bytes == plain) << name_of(compression);
  }
}

TEST(Decompressor, LargeUncompressedBytesAreNotCopied) {
  const std::string large(64 * KiB, 'x');
  const char* seen = nullptr;
  size_t views = 0;
  auto decompressor = std::move(Decompressor::create(Compression::kNone, [&](ByteView view) -> Result<void> {
                        seen = as_text(view).data();
                        ++views;
                        return {};
                      })).value();
  ASSERT_TRUE(decompressor->begin().ok());
  ASSERT_TRUE(decompressor->write(as_bytes("small")).ok());
  EXPECT_EQ(views, 0u);
  ASSERT_TRUE(decompressor->write(as_bytes(large)).ok());
  EXPECT_EQ(views, 2u) << "the small one went before it";
  EXPECT_EQ(seen, large.data());
}

}  // namespace
}  // namespace summit::pgarchive
