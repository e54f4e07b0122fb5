#include "formats/pgarchive/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <functional>

#include "tests/formats/pgarchive/helper/archive.h"

namespace summit::pgarchive {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr Compression kAll[] = {Compression::kNone, Compression::kGzip, Compression::kZstd};

void expect_sample(const Recorder& recorder, const std::string& what) {
  EXPECT_THAT(recorder.calls, ElementsAre("contents", "begin users", "end", "begin empty", "end",
                                          "begin 16400", "end", "begin 4294967295", "end"))
      << what;
  EXPECT_EQ(recorder.rows.at("users"), SampleData{}.users) << what;
  EXPECT_EQ(recorder.rows.at("empty"), "") << what;
  EXPECT_EQ(recorder.large_objects, SampleData{}.large_objects) << what;
}

// An archive whose only data are the chunks of table "users".
std::string archive_of(Compression compression, const std::vector<std::string>& chunks) {
  Contents contents = sample_contents(compression);
  for (Entry& entry : contents.entries) entry.has_data = entry.id == 11;
  std::string archive = write_contents(contents) + block(1, 11);
  for (const std::string& bytes : chunks) archive += chunk(bytes);
  return archive + integer(0);
}

std::string zlib_of(std::string_view plain) {
  std::string stream(compressBound(plain.size()), '\0');
  uLongf size = stream.size();
  compress(reinterpret_cast<Bytef*>(stream.data()), &size, reinterpret_cast<const Bytef*>(plain.data()),
           plain.size());
  stream.resize(size);
  return stream;
}

Error error_of(std::string_view archive) {
  Recorder recorder;
  auto parsed = parse(archive, recorder);
  if (parsed.ok()) return Error(Code::kFailed, "no error");
  return std::move(parsed).error();
}

TEST(Parser, BlocksOfAnySizeGiveTheSame) {
  for (const Compression compression : kAll) {
    const std::string archive = sample_archive(compression);
    for (const size_t size : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{64}, archive.size()}) {
      Recorder recorder;
      const auto parsed = parse(archive, recorder, size);
      const std::string what = fmt::format("{} in blocks of {}", name_of(compression), size);
      ASSERT_TRUE(parsed.ok()) << what << ": " << parsed.error().to_string();
      expect_sample(recorder, what);
    }
  }
}

TEST(Parser, TheContentsComeWithTheirLastByte) {
  const std::string head = write_contents(sample_contents(Compression::kZstd));
  Recorder recorder;
  Parser parser(recorder);
  ASSERT_TRUE(parser.feed(as_bytes(std::string_view(head).substr(0, head.size() - 1))).ok());
  EXPECT_EQ(parser.contents(), nullptr);
  ASSERT_TRUE(parser.feed(as_bytes(head.substr(head.size() - 1))).ok());
  ASSERT_NE(parser.contents(), nullptr);
  EXPECT_EQ(parser.contents()->database, "summit");
  EXPECT_THAT(recorder.calls, ElementsAre("contents"));
}

// The block of table "users" within the sample's archive.
struct Place {
  size_t begin;
  size_t end;
};
Place users_in(const std::string& archive) {
  const size_t begin = archive.find(block(1, 11));
  return {begin, archive.find(block(1, 12), begin)};
}

TEST(Parser, ASingleBlockIsReadBehindContentsThatAreKnown) {
  for (const Compression compression : kAll) {
    const std::string archive = sample_archive(compression);
    const Place users = users_in(archive);
    const std::string_view of_users = std::string_view(archive).substr(users.begin, users.end - users.begin);
    const Contents contents = sample_contents(compression);
    const auto entry = [&](int64_t id) -> const Entry& {
      return *std::ranges::find(contents.entries, id, &Entry::id);
    };
    Recorder recorder;
    Parser parser(recorder, contents);
    for (int i = 0; i < 2; ++i) {
      recorder.rows.clear();
      parser.expect(entry(11), users.begin);
      ASSERT_TRUE(parser.feed(as_bytes(of_users)).ok());
      ASSERT_TRUE(parser.finish().ok());
      EXPECT_EQ(recorder.rows.at("users"), SampleData{}.users);
    }
    parser.expect(entry(12), users.begin);
    EXPECT_THAT(parser.feed(as_bytes(of_users)).error().message(), HasSubstr("entry 11"));
    Parser cut(recorder, contents);
    cut.expect(entry(11), users.begin);
    ASSERT_TRUE(cut.feed(as_bytes(of_users.substr(0, of_users.size() - 1))).ok());
    EXPECT_THAT(cut.finish().error().message(), HasSubstr("ends within a block"));
    Parser nothing(recorder, contents);
    nothing.expect(entry(11), users.begin);
    EXPECT_THAT(nothing.finish().error().message(), HasSubstr("its data are missing"));
  }
}

TEST(Parser, ABlockThatIsLeftOutIsNotMissed) {
  std::string archive = sample_archive(Compression::kZstd);
  const Place users = users_in(archive);
  archive.erase(users.begin, users.end - users.begin);
  Recorder recorder;
  Parser parser(recorder, std::set<int64_t>{11});
  ASSERT_TRUE(parser.feed(as_bytes(archive)).ok());
  EXPECT_TRUE(parser.finish().ok());
  EXPECT_EQ(recorder.rows.count("users"), 0u);
  EXPECT_EQ(recorder.rows.count("empty"), 1u);
  EXPECT_THAT(error_of(archive).message(), HasSubstr("its data are missing"));
}

TEST(Parser, OfATableThatIsPassedOverTheRestNeedsNotBeFed) {
  const std::string archive = sample_archive(Compression::kZstd);
  const Place users = users_in(archive);
  Recorder recorder;
  recorder.wants = [](const std::string& table) { return table != "users"; };
  Parser parser(recorder);
  ASSERT_TRUE(parser.feed(as_bytes(archive.substr(0, users.begin))).ok());
  EXPECT_FALSE(*parser.leave_table(users.end)) << "no table is in hand";
  ASSERT_TRUE(parser.feed(as_bytes(archive.substr(users.begin, 16))).ok());
  EXPECT_TRUE(*parser.leave_table(users.end));
  ASSERT_TRUE(parser.feed(as_bytes(archive.substr(users.end))).ok());
  ASSERT_TRUE(parser.finish().ok());
  EXPECT_THAT(recorder.calls, testing::Contains("begin empty"));
  EXPECT_EQ(recorder.rows["users"], "");
}

TEST(Parser, FramesOfZstdMayShareAChunkAndChunksAFrame) {
  const CompressionChoice zstd{Compression::kZstd, 3};
  std::string frames;
  for (const auto& part : compressed_table(zstd, "1\tada\n2\tgrace\n3\thedy\n", 7)) frames += part;
  std::vector<std::string> single_bytes;
  for (const char byte : frames) single_bytes.emplace_back(1, byte);
  for (const auto& chunks : {std::vector{frames}, single_bytes, {frames.substr(0, 30), frames.substr(30)}}) {
    Recorder recorder;
    const auto parsed = parse(archive_of(Compression::kZstd, chunks), recorder);
    ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
    EXPECT_EQ(recorder.rows["users"], "1\tada\n2\tgrace\n3\thedy\n");
  }
}

TEST(Parser, ATableWithoutChunksIsEmptyExceptInAZlibStream) {
  for (const Compression compression : {Compression::kNone, Compression::kZstd}) {
    Recorder recorder;
    EXPECT_TRUE(parse(archive_of(compression, {}), recorder).ok());
    EXPECT_EQ(recorder.rows["users"], "");
  }
  EXPECT_THAT(error_of(archive_of(Compression::kGzip, {})).message(), HasSubstr("zlib stream has no end"));
}

TEST(Parser, StreamsOfZlibAreReadAndTheirChecksumIsLookedAt) {
  std::string rows;
  for (int i = 0; i < 100000; ++i) rows += fmt::format("{}\tname {}\n", i, i * 7919 % 1000);
  const std::string stream = zlib_of(rows);
  for (const size_t size : {size_t{1000}, size_t{4096}, stream.size()}) {
    std::vector<std::string> chunks;
    for (size_t at = 0; at < stream.size(); at += size) chunks.push_back(stream.substr(at, size));
    Recorder recorder;
    const auto parsed = parse(archive_of(Compression::kGzip, chunks), recorder, 10007);
    ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
    EXPECT_EQ(recorder.rows["users"], rows);
  }
  std::string wrong = stream;
  wrong.back() = static_cast<char>(wrong.back() ^ 1);
  EXPECT_THAT(error_of(archive_of(Compression::kGzip, {wrong})).message(), HasSubstr("checksum"));
  EXPECT_THAT(error_of(archive_of(Compression::kGzip, {stream, "more"})).message(),
              HasSubstr("follow the end"));
  EXPECT_THAT(error_of(archive_of(Compression::kGzip, {stream.substr(0, stream.size() - 1)})).message(),
              HasSubstr("no end"));
}

TEST(Parser, RowsComeInLargeViewsWhateverTheFraming) {
  std::string row(99, 'x');
  row += '\n';
  const std::vector<std::string> row_by_row(20000, row);
  Recorder recorder;
  ASSERT_TRUE(parse(archive_of(Compression::kNone, row_by_row), recorder, 1 * MiB).ok());
  EXPECT_EQ(recorder.rows["users"].size(), 2000000u);
  for (size_t i = 0; i + 1 < recorder.views.size(); ++i) EXPECT_GE(recorder.views[i], 64 * KiB);
  EXPECT_EQ(recorder.views.size(), 8u);
}

// The mark that closes the rows is no row; a value that looks like it is.
TEST(Parser, TheEndOfRowsIsTakenOffHoweverItIsCut) {
  const std::vector<std::string> tables = {
      "", "1\tada\n", "\\\\.\n\n\n", "\n\n", "\\\\.\n\n\n\\\\.\n\n\n", "a\\\\\n", "\\N\n"};
  for (const std::string& rows : tables) {
    for (const bool marked : {true, false}) {
      const std::string data = rows + (marked ? std::string(kEndOfRows) : "");
      for (size_t first = 0; first <= data.size(); ++first) {
        for (size_t second = first; second <= data.size(); ++second) {
          std::vector<std::string> chunks;
          for (const auto& part :
               {data.substr(0, first), data.substr(first, second - first), data.substr(second)}) {
            if (!part.empty()) chunks.push_back(part);
          }
          Recorder recorder;
          ASSERT_TRUE(parse(archive_of(Compression::kNone, chunks), recorder).ok());
          EXPECT_EQ(recorder.rows["users"], rows) << marked;
        }
      }
    }
  }
}

TEST(Parser, TheEndOfRowsIsTakenOffAcrossLargeViews) {
  std::string rows(64 * KiB - 1, 'x');
  rows += '\n';
  const std::string data = rows + rows + "\\\\.\n\n\n" + std::string(kEndOfRows);
  for (size_t cut = data.size() - 12; cut <= data.size(); ++cut) {
    std::vector<std::string> chunks = {data.substr(0, cut)};
    if (cut < data.size()) chunks.push_back(data.substr(cut));
    Recorder recorder;
    ASSERT_TRUE(parse(archive_of(Compression::kNone, chunks), recorder).ok());
    EXPECT_TRUE(recorder.rows["users"] == data.substr(0, data.size() - 5)) << cut;
  }
}

TEST(Parser, AnArchiveCutAnywhereIsDamaged) {
  for (const Compression compression : kAll) {
    const std::string archive = sample_archive(compression);
    for (size_t size = 0; size < archive.size(); ++size) {
      const Error error = error_of(std::string_view(archive).substr(0, size));
      ASSERT_EQ(error.code(), Code::kCorrupt)
          << name_of(compression) << " cut at " << size << ": " << error.message();
    }
  }
}

// The format has no checksum of its own: of uncompressed rows, and of texts and numbers in the table of
// contents, a flipped bit cannot be told from another value.
TEST(Parser, AFlippedBitAnywhereIsAnErrorOrLeavesCompressedRowsAsTheyWere) {
  constexpr size_t kCompressionByte = 11;
  for (const Compression compression : kAll) {
    const std::string archive = sample_archive(compression);
    int refused = 0;
    for (size_t at = 0; at < archive.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string damaged = archive;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
        Recorder recorder;
        const auto parsed = parse(damaged, recorder);
        if (!parsed.ok()) {
          ++refused;
          ASSERT_TRUE(parsed.error().code() == Code::kCorrupt || parsed.error().code() == Code::kUnsupported)
              << parsed.error().message();
        } else if (compression != Compression::kNone && at != kCompressionByte) {
          std::vector<std::string> kept;
          for (const auto& [table, rows] : recorder.rows) kept.push_back(rows);
          for (const auto& [oid, bytes] : recorder.large_objects) kept.push_back(bytes);
          EXPECT_THAT(kept, testing::IsSupersetOf({SampleData{}.users, std::string("the last oid")}))
              << name_of(compression) << ", bit " << bit << " of byte " << at;
        }
      }
    }
    EXPECT_GT(refused, 1000) << name_of(compression);
  }
}

TEST(Parser, ATableThatIsNotWantedIsPassedOver) {
  for (const Compression compression : kAll) {
    const std::string archive = sample_archive(compression);
    for (const size_t size : {size_t{1}, size_t{7}, archive.size()}) {
      Recorder recorder;
      recorder.wants = [](const std::string& table) { return table != "users"; };
      const auto parsed = parse(archive, recorder, size);
      ASSERT_TRUE(parsed.ok()) << name_of(compression) << ": " << parsed.error().to_string();
      EXPECT_THAT(recorder.calls, ElementsAre("contents", "begin users", "end", "begin empty", "end",
                                              "begin 16400", "end", "begin 4294967295", "end"));
      EXPECT_EQ(recorder.rows.at("users"), "");
      EXPECT_EQ(recorder.large_objects, SampleData{}.large_objects);
    }
  }
}

TEST(Parser, TheRestOfATableThatIsNotWantedAnyMoreIsNotDecompressed) {
  const std::string rows(2 * MiB, '\n');
  for (const Compression compression : kAll) {
    auto chunks = compressed_table({compression, 1}, rows, 256 * KiB);
    std::erase(chunks, "");  // would end the table
    chunks.emplace_back("no stream of any kind");
    Recorder recorder;
    recorder.wants = [&](const std::string& table) { return recorder.rows[table].size() < 512 * KiB; };
    const auto parsed = parse(archive_of(compression, chunks), recorder);
    ASSERT_TRUE(parsed.ok()) << name_of(compression) << ": " << parsed.error().to_string();
    EXPECT_THAT(recorder.calls, ElementsAre("contents", "begin users", "end"));
    EXPECT_LT(recorder.rows["users"].size(), rows.size() / 2);
  }
}

// Parts of our own archives begin with a chunk, whatever the pieces in which the archive comes.
TEST(Parser, FramesThatAreNotWantedArePassedOver) {
  const std::string rows = "first\nsecond\nthird\nfourth\n";
  const std::string archive = sample_archive(Compression::kZstd, {.users = rows}, 7);
  for (const size_t size : {size_t{1}, size_t{3}, size_t{7}, archive.size()}) {
    Recorder recorder;
    recorder.wants_frame_of = [](size_t frame) { return frame != 1 && frame != 3; };
    const auto parsed = parse(archive, recorder, size);
    ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
    EXPECT_EQ(recorder.rows["users"], rows.substr(7, 7) + rows.substr(21)) << size;
    EXPECT_THAT(recorder.calls, Not(Contains("last frames"))) << "it has come";
  }
}

TEST(Parser, TheLastFramesComeOnceMoreWhereTheyAreWanted) {
  const std::string rows = "first\nsecond\nthird\nfourth\n";
  const std::string archive = sample_archive(Compression::kZstd, {.users = rows}, 7);
  for (const size_t size : {size_t{1}, size_t{3}, archive.size()}) {
    for (const size_t wanted : {0, 1, 4, 5}) {  // the fifth is the mark of the end
      Recorder recorder;
      recorder.again = true;
      recorder.wants_frame_of = [wanted](size_t frame) { return frame == wanted; };
      const auto parsed = parse(archive, recorder, size);
      ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
      const auto before = wanted == 1 ? rows.substr(0, 7) : wanted == 4 ? rows.substr(21) : "";
      EXPECT_EQ(recorder.rows["users"], before + rows.substr(14));
      EXPECT_EQ(recorder.rows["empty"], "");
      EXPECT_EQ(recorder.large_objects, SampleData{}.large_objects) << "they have no frames to pass over";
      EXPECT_THAT(recorder.calls,
                  ElementsAre("contents", "begin users", "last frames", "end", "begin empty", "last frames",
                              "end", "begin 16400", "end", "begin 4294967295", "end"));
    }
  }
}

// Its text is doubled, "\\\\.", and looks like the mark's beginning behind the first backslash.
TEST(Parser, AValueThatEndsInBackslashAndDotIsNotHeldBack) {
  const std::string rows = "1\ta\\\\.\n2\tb\n";
  Recorder recorder;
  const size_t part = rows.find('2');
  recorder.wants_frame_of = [](size_t frame) { return frame == 1; };
  ASSERT_TRUE(parse(sample_archive(Compression::kZstd, {.users = rows + rows}, part), recorder).ok());
  EXPECT_TRUE(recorder.rows["users"].starts_with("1\ta\\\\.\n")) << recorder.rows["users"];
}

TEST(Parser, OfAFrameTheRestIsNotDecompressedOnceItIsNotWanted) {
  const std::string rows(4 * MiB, '\n');
  auto pieces = compressed_table({Compression::kZstd, 1}, rows, 2 * MiB);
  // Behind its first chunks the first frame is no frame any more.
  std::string& first = pieces[1];
  std::vector<std::string> chunks{first, "no stream of any kind", pieces[2], pieces[3]};
  Recorder recorder;
  recorder.wants_frame_of = [&](size_t frame) { return frame > 1 || recorder.rows["users"].empty(); };
  const auto parsed = parse(archive_of(Compression::kZstd, chunks), recorder);
  ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
  EXPECT_GE(recorder.rows["users"].size(), 2 * MiB + 256 * KiB);
  EXPECT_THAT(recorder.calls, Not(Contains("last frames")));
}

TEST(Parser, OnlyFramesOfTablesAreTold) {
  for (const Compression compression : kAll) {
    Recorder recorder;
    ASSERT_TRUE(parse(sample_archive(compression, {}, 9), recorder).ok());
    EXPECT_EQ(recorder.frames, compression == Compression::kZstd ? 1u : 0u) << "the end of the last table";
  }
}

TEST(Parser, BlocksThatFitNoEntryAreDamage) {
  const std::string head = write_contents(sample_contents(Compression::kNone));
  const std::string table = block(1, 11) + chunk("1\tada\n") + integer(0);
  EXPECT_THAT(error_of(head).message(), HasSubstr("TABLE DATA users: its data are missing"));
  EXPECT_THAT(error_of(head + table).message(), HasSubstr("TABLE DATA empty: its data are missing"));
  EXPECT_THAT(error_of(head + table + table).message(),
              HasSubstr("entry 11, which has none or had it before"));
  EXPECT_THAT(error_of(head + block(1, 3) + integer(0)).message(), HasSubstr("entry 3, which has none"));
  EXPECT_THAT(error_of(head + block(1, 99) + integer(0)).message(), HasSubstr("entry 99"));
  EXPECT_THAT(error_of(head + block(2, 11)).message(), HasSubstr("unknown type 2"));
  EXPECT_THAT(error_of(head + block(3, 11)).message(), HasSubstr("type of another kind"));
  EXPECT_THAT(error_of(head + block(1, 11) + integer(-5)).message(), HasSubstr("impossible length"));
  EXPECT_THAT(error_of(head + block(1, 11) + integer(INT32_MAX)).message(), HasSubstr("impossible length"));
}

TEST(Parser, AnErrorSaysWhereAndWhatToDo) {
  std::string archive = sample_archive(Compression::kZstd);
  const size_t rows = write_contents(sample_contents(Compression::kZstd)).size() + 20;
  archive[rows] = static_cast<char>(archive[rows] ^ 0x10);
  const Error error = error_of(archive);
  EXPECT_THAT(error.message(), HasSubstr("TABLE DATA users"));
  EXPECT_THAT(error.message(), HasSubstr("near byte"));
  EXPECT_THAT(error.hint(), HasSubstr("summit-dr verify"));
}

TEST(Parser, TwoEntriesWithOneNumberAreDamage) {
  Contents contents = sample_contents(Compression::kNone);
  contents.entries[4].id = 11;
  EXPECT_THAT(error_of(write_contents(contents)).message(), HasSubstr("two entries have the number 11"));
}

TEST(Parser, Lz4IsRefusedBeforeAnythingHappens) {
  Recorder recorder;
  const auto parsed = parse(write_contents(sample_contents(Compression::kLz4)), recorder);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code(), Code::kUnsupported);
  EXPECT_THAT(parsed.error().hint(), HasSubstr("pg_restore"));
  EXPECT_TRUE(recorder.calls.empty());
}

// Fails in the call of that number.
class Failing final : public Consumer {
 public:
  explicit Failing(int call) : left_(call) {}
  Result<void> on_contents(const Contents& /*contents*/) override { return next(); }
  Result<void> on_table_begin(const Entry& /*entry*/) override { return next(); }
  Result<void> on_rows(ByteView /*bytes*/) override { return next(); }
  Result<void> on_table_end() override { return next(); }
  Result<void> on_large_object_begin(const Entry& /*entry*/, uint32_t /*oid*/) override { return next(); }
  Result<void> on_large_object(ByteView /*bytes*/) override { return next(); }
  Result<void> on_large_object_end() override { return next(); }

 private:
  Result<void> next() {
    if (left_-- > 0) return {};
    return Error(Code::kCorrupt, "the disk of the target is full of mice").hint("get a cat");
  }
  int left_;
};

TEST(Parser, AnErrorOfTheConsumerComesThroughAsItIs) {
  for (const Compression compression : kAll) {
    int call = 0;
    for (;; ++call) {
      Failing consumer(call);
      const auto parsed = parse(sample_archive(compression), consumer);
      if (parsed.ok()) break;
      EXPECT_EQ(parsed.error().message(), "the disk of the target is full of mice");
      EXPECT_EQ(parsed.error().hint(), "get a cat");
    }
    EXPECT_EQ(call, compression == Compression::kZstd ? 14 : 11) << "calls that the sample takes";
  }
}

}  // namespace
}  // namespace summit::pgarchive
