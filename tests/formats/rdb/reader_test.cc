#include "formats/rdb/reader.h"

#include <gtest/gtest.h>

#include "formats/rdb/crc64.h"
#include "formats/rdb/cursor.h"
#include "formats/rdb/payload.h"
#include "rdb_builder.h"

namespace summit::rdb {
namespace {

using Kind = Record::Kind;

TEST(Crc64, GivesThePublishedCheckValueWhateverTheSplit) {
  const std::string digits = "123456789";
  EXPECT_EQ(crc64(0, as_bytes(digits)), 0xe9c6d914c4b8d9caULL);
  for (size_t split = 0; split <= digits.size(); ++split) {
    const uint64_t first = crc64(0, as_bytes(digits).first(split));
    EXPECT_EQ(crc64(first, as_bytes(digits).subspan(split)), 0xe9c6d914c4b8d9caULL);
  }
}

TEST(Lzf, ExpandsLiteralsAndOverlappingCopies) {
  std::string out;
  // "ab", then nine bytes from two back.
  EXPECT_TRUE(decompress_lzf(as_bytes(std::string_view("\x01"
                                                       "ab"
                                                       "\xe0\x00\x01",
                                                       6)),
                             11, out));
  EXPECT_EQ(out, "abababababa");
}

TEST(Lzf, RefusesWhatIsNoStreamOfThatSize) {
  std::string out;
  const auto refuses = [&](std::string_view bytes, uint64_t size) {
    return !decompress_lzf(as_bytes(bytes), size, out);
  };
  EXPECT_TRUE(
      refuses("\x05"
              "ab",
              6));  // literals end
  EXPECT_TRUE(refuses(std::string_view("\x00"
                                       "a"
                                       "\x20\x05",
                                       4),
                      4));  // copies from before the beginning
  EXPECT_TRUE(
      refuses("\x00"
              "a",
              2));  // too short
  EXPECT_TRUE(
      refuses("\x01"
              "ab",
              1));                   // too long
  EXPECT_TRUE(refuses("\xe0", 10));  // ends in a copy
  EXPECT_TRUE(
      refuses("\x00"
              "a",
              uint64_t{1} << 60));  // a claim that would take all memory
  EXPECT_LT(out.capacity(), 1 * MiB);
}

TEST(Reader, GivesEveryRecordOfARealFile) {
  const auto records = read_all(sample_file());
  ASSERT_TRUE(records.ok()) << records.error().message();
  std::map<Kind, int> kinds;
  std::string joined;
  for (const auto& record : *records) {
    ++kinds[record.kind];
    joined += record.raw;
  }
  EXPECT_EQ(kinds[Kind::kEntry], 22);
  EXPECT_EQ(kinds[Kind::kFunction], 1);
  EXPECT_EQ(kinds[Kind::kSelectDb], 2);
  EXPECT_EQ(kinds[Kind::kEnd], 1);
  EXPECT_EQ(joined, sample_file()) << "the records' bytes are the file";
}

TEST(Reader, GivesTheSameRecordsWhereverTheStreamIsSplit) {
  const std::string file = sample_file();
  const auto whole = read_all(file);
  ASSERT_TRUE(whole.ok());
  for (const size_t block : {1, 2, 3, 7, 64, 500}) {
    const auto parts = read_all(file, block);
    ASSERT_TRUE(parts.ok()) << parts.error().message();
    EXPECT_EQ(*parts, *whole) << "blocks of " << block;
  }
}

TEST(Reader, GivesExpiryAndAccessHints) {
  const std::string file =
      rdb_file("\xfe" + length(300) + "\xfc" + fixed(1234567890123, 8) + "\xf8" + length(77) +
               entry(ValueType::kString, "lru", text("v")) + "\xfd" + fixed(1700000000, 4) + "\xf9\x05" +
               entry(ValueType::kString, "lfu", text("v")) + entry(ValueType::kString, "plain", text("v")));
  const auto records = read_all(file);
  ASSERT_TRUE(records.ok()) << records.error().message();
  const auto& lru = (*records)[2];
  EXPECT_EQ(lru.db, 300U);
  EXPECT_EQ(lru.key, "lru");
  EXPECT_EQ(lru.expires_at_ms, 1234567890123);
  EXPECT_EQ(lru.idle_seconds, 77U);
  const auto& lfu = (*records)[3];
  EXPECT_EQ(lfu.expires_at_ms, 1700000000000);
  EXPECT_EQ(lfu.frequency, 5);
  const auto& plain = (*records)[4];
  EXPECT_EQ(plain.expires_at_ms, std::nullopt);
  EXPECT_EQ(plain.idle_seconds, std::nullopt);
  EXPECT_EQ(plain.frequency, std::nullopt);
}

TEST(Reader, SkipsAModulesValueAndItsOwnFields) {
  const std::string parts = length(2) + length(7) + length(1) + length(3) + length(3) + "abcd" + length(4) +
                            "abcdefgh" + length(5) + text("content") + length(0);
  const std::string file = rdb_file("\xf7" + length(123456789) + parts +
                                    entry(ValueType::kModule2, "m", length(987654321) + parts) +
                                    entry(ValueType::kString, "after", text("v")));
  for (const size_t block : {1, 1000}) {
    const auto records = read_all(file, block);
    ASSERT_TRUE(records.ok()) << records.error().message();
    EXPECT_EQ((*records)[1].kind, Kind::kModuleAux);
    EXPECT_EQ((*records)[2].value, length(987654321) + parts);
    EXPECT_EQ((*records)[3].key, "after");
  }
}

TEST(Reader, AcceptsAFileWhoseServerWritesNoChecksum) {
  std::string file = rdb_file(entry(ValueType::kString, "key", text("value")));
  file.replace(file.size() - 8, 8, 8, '\0');
  EXPECT_TRUE(read_all(file).ok());
  EXPECT_TRUE(read_all(rdb_file(entry(ValueType::kString, "key", text("value")), 4)).ok())
      << "version 4 has none";
}

TEST(Reader, RefusesEveryTruncation) {
  const std::string file = sample_file();
  for (size_t size = 0; size < file.size(); ++size) {
    const auto records = read_all(file.substr(0, size));
    ASSERT_FALSE(records.ok()) << size;
    EXPECT_EQ(records.error().code(), Code::kCorrupt) << size << ": " << records.error().message();
  }
}

TEST(Reader, RefusesEveryFlippedBit) {
  const std::string file = sample_file();
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    std::string damaged = file;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    const auto records = read_all(damaged);
    ASSERT_FALSE(records.ok()) << "bit " << bit;
    const Code code = records.error().code();
    // Another version, or a function record of a release candidate.
    EXPECT_TRUE(code == Code::kCorrupt || code == Code::kUnsupported)
        << bit << ": " << records.error().message();
  }
}

TEST(Reader, RefusesBytesAfterTheEnd) {
  const auto records = read_all(sample_file() + "x");
  ASSERT_FALSE(records.ok());
  EXPECT_EQ(records.error().code(), Code::kCorrupt);
}

TEST(Reader, RefusesOtherFilesAndNewerVersions) {
  EXPECT_EQ(read_all("PGDMP and so on").error().code(), Code::kCorrupt);
  EXPECT_EQ(read_all("").error().code(), Code::kCorrupt);
  const auto newer = read_all(rdb_file("", 99));
  EXPECT_EQ(newer.error().code(), Code::kUnsupported);
  EXPECT_FALSE(newer.error().hint().empty());
}

TEST(Reader, FailsAtOnceWhenALengthReachesBeyondAKnownSize) {
  const std::string head = "REDIS0010" + entry(ValueType::kString, "key", length(uint64_t{1} << 40));
  Reader unknown([](const Record&) -> Result<void> { return {}; });
  EXPECT_TRUE(unknown.feed(as_bytes(head)).ok()) << "more may come";
  EXPECT_EQ(unknown.finish().error().code(), Code::kCorrupt);
  Reader known([](const Record&) -> Result<void> { return {}; }, 1 << 20);
  EXPECT_EQ(known.feed(as_bytes(head)).error().code(), Code::kCorrupt);
}

TEST(Reader, PassesTheConsumersErrorOn) {
  Reader reader([](const Record&) -> Result<void> { return Error(Code::kNoSpace, "disk full"); });
  EXPECT_EQ(reader.feed(as_bytes(sample_file())).error().code(), Code::kNoSpace);
}

TEST(Payload, IsWhatDumpGives) {
  // DUMP of "value" on Redis 7.0.
  const std::string payload(
      "\x00\x05"
      "value"
      "\x0a\x00"
      "\x81\xf6\xc1\x38\xc1\xaa\x9b\x6e",
      17);
  const auto parsed = parse_payload(as_bytes(payload));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_EQ(parsed->type, 0);
  EXPECT_EQ(parsed->version, 10);
  EXPECT_EQ(make_payload(parsed->type, parsed->value, parsed->version), payload);
  std::string damaged = payload;
  damaged[3] = 'x';
  EXPECT_EQ(parse_payload(as_bytes(damaged)).error().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace summit::rdb
