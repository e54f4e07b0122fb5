#include "formats/pgarchive/contents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/formats/pgarchive/helper/archive.h"

namespace summit::pgarchive {
namespace {

using testing::HasSubstr;

Head must_read(std::string_view bytes) {
  auto head = read_contents(bytes);
  if (!head.ok()) throw std::runtime_error(head.error().to_string());
  if (!head->has_value()) throw std::runtime_error("the head is not complete");
  return **std::move(head);
}

TEST(Contents, WritingWhatWasReadGivesTheSameBytesInEveryVersion) {
  for (int minor = 12; minor <= 16; ++minor) {
    for (const int integer_size : {4, 8}) {
      Contents contents = sample_contents(minor < 15 ? Compression::kGzip : Compression::kZstd);
      contents.minor = minor;
      contents.integer_size = integer_size;
      contents.level = minor < 15 ? -1 : 0;
      contents.created[6] = -1;
      if (minor < 14) {
        for (Entry& entry : contents.entries) entry.access_method.reset();
      }
      if (minor == 16) contents.entries[2].relation_kind = 'p';
      const std::string bytes = write_contents(contents);
      const Head head = must_read(bytes + "what follows");
      EXPECT_EQ(head.length, bytes.size());
      EXPECT_EQ(write_contents(head.contents), bytes) << "1." << minor;
      EXPECT_EQ(head.contents.entries[2].access_method.has_value(), minor >= 14);
      EXPECT_EQ(head.contents.compression, contents.compression);
    }
  }
}

TEST(Contents, AbsentAndEmptyTextsStayApart) {
  const Head head = must_read(write_contents(sample_contents(Compression::kNone)));
  EXPECT_EQ(head.contents.entries[0].schema, std::nullopt);
  EXPECT_EQ(head.contents.entries[0].definition, "");
  EXPECT_EQ(head.contents.entries[2].dependencies, (std::vector<std::string>{"2", "1"}));
}

TEST(Contents, LargeObjectsAreMadeOneByOneOrSinceVersion17InGroups) {
  Entry entry;
  entry.description = "BLOB";
  entry.tag = "4711";
  entry.definition = "SELECT pg_catalog.lo_create('4711');\n";
  EXPECT_THAT(large_objects_made_by(entry), testing::ElementsAre(4711));
  entry.description = "BLOB METADATA";
  entry.tag = "7..4294967295";
  entry.definition = "7\n4711\n4294967295\n";
  EXPECT_THAT(large_objects_made_by(entry), testing::ElementsAre(7, 4711, 4294967295));
  for (const auto& nothing : {Text("many\n"), Text(""), Text()}) {
    entry.definition = nothing;
    EXPECT_THAT(large_objects_made_by(entry), testing::IsEmpty());
  }
  entry.description = "TABLE";
  entry.definition = "7\n";
  EXPECT_THAT(large_objects_made_by(entry), testing::IsEmpty());
}

TEST(Contents, OffsetsOfDataAreForgottenAndOthersKept) {
  Contents contents = sample_contents(Compression::kNone);
  contents.entries[3].offset_state = 2;
  contents.entries[3].offset = {1, 2, 3, 4, 5, 6, 7, 8};
  contents.entries[0].offset_state = 0;
  const Head head = must_read(write_contents(contents));
  EXPECT_EQ(head.contents.entries[3].offset_state, 1);
  EXPECT_EQ(head.contents.entries[3].offset, std::vector<uint8_t>(8, 0));
  EXPECT_EQ(head.contents.entries[0].offset_state, Entry::kNoData) << "of an entry that somebody made";
}

TEST(Contents, ALevelBeforeVersion15SaysWhetherThereIsCompression) {
  Contents contents = sample_contents(Compression::kGzip);
  contents.minor = 14;
  contents.level = 6;
  EXPECT_EQ(must_read(write_contents(contents)).contents.level, 6);
  contents.compression = Compression::kNone;
  EXPECT_EQ(must_read(write_contents(contents)).contents.compression, Compression::kNone);
  contents.level = 0;
  contents.compression = Compression::kGzip;
  EXPECT_EQ(must_read(write_contents(contents)).contents.level, -1);
}

TEST(Contents, AHeadThatEndsEarlyAsksForMore) {
  const std::string bytes = write_contents(sample_contents(Compression::kZstd));
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto head = read_contents(std::string_view(bytes).substr(0, size));
    ASSERT_TRUE(head.ok()) << size << ": " << head.error().to_string();
    EXPECT_FALSE(head->has_value()) << size;
  }
}

TEST(Contents, DamagedHeadsAreErrorsOrComeBackTheSame) {
  const std::string whole = write_contents(sample_contents(Compression::kZstd));
  std::mt19937_64 random(20261121);  // NOLINT(cert-msc51-cpp): the same cases in every run
  int refused = 0;
  for (int round = 0; round < 40000; ++round) {
    std::string damaged = whole;
    for (uint64_t changes = 1 + random() % 3; changes > 0; --changes)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto head = read_contents(damaged);
    if (!head.ok()) {
      ++refused;
      EXPECT_TRUE(head.error().code() == Code::kCorrupt || head.error().code() == Code::kUnsupported);
    } else if (head->has_value()) {
      const Head& read = **head;
      const std::string again = write_contents(read.contents);
      ASSERT_EQ(again.size(), read.length);
      EXPECT_EQ(write_contents(must_read(again).contents), again);
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(Contents, ImpossibleNumbersAreRefusedBeforeTheyCostMemory) {
  const std::string empty = [] {
    Contents contents = sample_contents(Compression::kNone);
    contents.entries.clear();
    return write_contents(contents);
  }();
  const std::string head = empty.substr(0, empty.size() - 5);
  EXPECT_EQ(read_contents(head + integer(-1)).error().code(), Code::kCorrupt);
  const auto endless = read_contents(head + integer(INT32_MAX));
  ASSERT_TRUE(endless.ok());
  EXPECT_FALSE(endless->has_value());
  const std::string one_entry = head + integer(1) + integer(7) + integer(0);
  EXPECT_THAT(read_contents(one_entry + integer(INT32_MAX)).error().message(),
              HasSubstr("impossible length"));
  EXPECT_THAT(read_contents(one_entry + integer(-2)).error().message(), HasSubstr("impossible length"));
  EXPECT_THAT(read_contents(head + integer(1) + integer(0) + std::string(200, '\0')).error().message(),
              HasSubstr("number of an entry is out of range"));
}

TEST(Contents, OtherVersionsAndFormatsAreNamed) {
  const std::string bytes = write_contents(sample_contents(Compression::kZstd));
  std::string future = bytes;
  future[6] = 17;
  EXPECT_EQ(read_contents(future).error().code(), Code::kUnsupported);
  EXPECT_THAT(read_contents(future).error().message(), HasSubstr("1.17"));
  std::string directory = bytes;
  directory[10] = 5;
  EXPECT_THAT(read_contents(directory).error().message(), HasSubstr("format is not custom"));
  std::string brotli = bytes;
  brotli[11] = 4;
  EXPECT_EQ(read_contents(brotli).error().code(), Code::kUnsupported);
  EXPECT_EQ(read_contents("PK\x03\x04 something else altogether").error().code(), Code::kCorrupt);
  EXPECT_EQ(read_contents("PX").error().code(), Code::kCorrupt);
}

TEST(Contents, EntriesAreFoundAndCounted) {
  const Contents contents = sample_contents(Compression::kNone);
  EXPECT_EQ(contents.short_server_version(), "16.15");
  EXPECT_EQ(contents.count("TABLE DATA"), 2u);
  EXPECT_TRUE(contents.has_extension("hstore"));
  EXPECT_FALSE(contents.has_extension("users"));
  ASSERT_NE(contents.find(12), nullptr);
  EXPECT_EQ(contents.find(12)->tag, "empty");
  EXPECT_EQ(contents.find(4), nullptr);
}

}  // namespace
}  // namespace summit::pgarchive
