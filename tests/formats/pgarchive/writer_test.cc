#include "formats/pgarchive/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/formats/pgarchive/helper/archive.h"

namespace summit::pgarchive {
namespace {

std::string rows(size_t size) {
  std::string text;
  for (uint64_t i = 0; text.size() < size; ++i)
    text += fmt::format("{}\tuser{}@example.com\n", i, i * 7919 % 100003);
  return text;
}

// The data of one table, written in pieces, as its chunks.
struct Written {
  std::string archive;
  uint64_t counted = 0;
  std::vector<std::string> chunks;
};

Written write_table(Compression compression, const std::vector<std::string>& pieces) {
  Contents contents = sample_contents(compression);
  for (Entry& entry : contents.entries) entry.has_data = entry.id == 11;
  Written written;
  ArchiveWriter writer([&](ByteView bytes) -> Result<void> {
    written.archive.append(as_text(bytes));
    return {};
  });
  EXPECT_TRUE(writer.write_contents(contents).ok());
  const size_t begin = written.archive.size();
  EXPECT_TRUE(writer.begin_table(*contents.find(11)).ok());
  for (const std::string& piece : pieces) EXPECT_TRUE(writer.piece(as_bytes(piece)).ok());
  EXPECT_TRUE(writer.end_table().ok());
  written.counted = writer.bytes();
  std::string_view rest = std::string_view(written.archive).substr(begin + 6);
  for (;;) {
    size_t length = 0;
    for (size_t i = 4; i > 0; --i) length = length << 8 | static_cast<uint8_t>(rest[i]);
    rest.remove_prefix(5);
    if (length == 0) break;
    written.chunks.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  EXPECT_TRUE(rest.empty());
  return written;
}

TEST(Writer, CompressedPiecesBecomeChunksOfTheirOwn) {
  const Written written =
      write_table(Compression::kZstd, {std::string(600 * KiB, 'a'), "b", std::string(256 * KiB, 'c')});
  std::vector<std::pair<char, size_t>> chunks;
  for (const auto& chunk : written.chunks) chunks.emplace_back(chunk[0], chunk.size());
  EXPECT_THAT(chunks, testing::ElementsAre(std::pair('a', 256 * KiB), std::pair('a', 256 * KiB),
                                           std::pair('a', 88 * KiB), std::pair('b', size_t{1}),
                                           std::pair('c', 256 * KiB)));
  EXPECT_EQ(written.counted, written.archive.size());
}

// A chunk of length 0 would end the table.
TEST(Writer, EmptyPiecesAreNoEndOfATable) {
  EXPECT_THAT(write_table(Compression::kZstd, {"", "a", "", "b", ""}).chunks, testing::ElementsAre("a", "b"));
  EXPECT_THAT(write_table(Compression::kNone, {"", "a\n", "", "b\n", ""}).chunks,
              testing::ElementsAre("a\nb\n"));
}

TEST(Writer, TheFramingOfRowsDoesNotDependOnThePieces) {
  const std::string all = rows(2'000'000);
  const auto whole = write_table(Compression::kNone, {all});
  EXPECT_GT(whole.chunks.size(), 8u);
  for (const size_t size : {size_t{1}, size_t{100}, size_t{40'000}, size_t{100'000}, size_t{1'000'000}}) {
    std::vector<std::string> pieces;
    const std::string_view part = std::string_view(all).substr(0, size == 1 ? 400'000 : all.size());
    for (size_t at = 0; at < part.size(); at += size) pieces.emplace_back(part.substr(at, size));
    const auto expected = size == 1 ? write_table(Compression::kNone, {std::string(part)}) : whole;
    EXPECT_TRUE(write_table(Compression::kNone, pieces).chunks == expected.chunks) << size;
  }
}

TEST(Writer, OneStreamEndsBeforeTheNextBegins) {
  Recorder recorder;
  SampleData data;
  data.users = rows(500'000);
  data.large_objects[5] = rows(300'000);
  data.large_objects[6] = std::string(MiB, '\n');
  for (const Compression compression : {Compression::kNone, Compression::kGzip, Compression::kZstd}) {
    ASSERT_TRUE(parse(sample_archive(compression, data, 99'999), recorder).ok());
    EXPECT_TRUE(recorder.rows["users"] == data.users);
    EXPECT_TRUE(recorder.large_objects == data.large_objects);
    recorder = Recorder();
  }
}

TEST(Writer, AVersionThatCannotNameTheCompressionIsRefused) {
  Contents contents = sample_contents(Compression::kZstd);
  contents.minor = 14;
  size_t bytes = 0;
  ArchiveWriter writer([&](ByteView view) -> Result<void> {
    bytes += view.size();
    return {};
  });
  const auto written = writer.write_contents(contents);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code(), Code::kUnsupported);
  EXPECT_EQ(bytes, 0u);
}

TEST(Writer, AnErrorOfTheSinkEndsTheWriting) {
  ArchiveWriter writer([](ByteView) -> Result<void> { return Error(Code::kNoSpace, "no space left"); });
  EXPECT_EQ(writer.write_contents(sample_contents(Compression::kNone)).error().code(), Code::kNoSpace);
  EXPECT_TRUE(writer.piece(as_bytes("short\n")).ok()) << "waits for the chunk to be whole";
  EXPECT_EQ(writer.end_table().error().code(), Code::kNoSpace);
}

}  // namespace
}  // namespace summit::pgarchive
