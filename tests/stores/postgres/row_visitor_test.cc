#include "stores/postgres/row_visitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "formats/pgarchive/writer.h"
#include "stores/postgres/archive_reading.h"
#include "tests/formats/pgarchive/helper/archive.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using testing::ElementsAre;
using testing::Gt;
using testing::Lt;
using testing::UnorderedElementsAre;

constexpr size_t kRows = 400'000;

// "users" and "empty" of the sample; the former with rows enough for many blocks.
std::string rows_of_users() {
  std::string rows;
  for (size_t i = 0; i < kRows; ++i) rows += fmt::format("{}\tname of {}\n", i, i * 7919);
  return rows;
}

ArchiveSource source_of(const std::string& archive, size_t piece = 64 * KiB) {
  return [&archive, piece](const std::function<Result<void>(ByteView)>& consume) -> Result<void> {
    for (size_t at = 0; at < archive.size(); at += piece)
      RETURN_IF_ERROR(consume(as_bytes(std::string_view(archive).substr(at, piece))));
    return {};
  };
}

class Recording final : public RowVisitor {
 public:
  ~Recording() override {
    if (leaving) leaving(*this);
  }
  Result<bool> begin(const pgarchive::Entry& entry) override {
    table_ = *entry.tag;
    calls.push_back("begin " + table_);
    return wants;
  }
  bool wants_sample() const override { return samples; }
  void begin_sample() override { calls.push_back("sample of " + table_); }
  Result<bool> rows(std::string_view rows) override {
    if (fails) return Error(Code::kRefused, "not these rows");
    EXPECT_TRUE(rows.ends_with('\n'));
    seen[table_] += rows;
    blocks.push_back(rows.size());
    return seen[table_].size() < enough;
  }
  Result<void> end() override {
    calls.push_back("end " + table_);
    return {};
  }

  bool wants = true;
  bool fails = false;
  bool samples = false;
  size_t enough = std::string::npos;
  std::map<std::string, std::string> seen;
  std::vector<std::string> calls;
  std::vector<size_t> blocks;
  std::function<void(const Recording&)> leaving;

 private:
  std::string table_;
};

Result<void> visit(const std::string& archive, RowVisitor& visitor) {
  return visit_rows(source_of(archive), visitor, nullptr, Cancellation());
}

TEST(VisitRows, EveryRowOfEveryTableComesOnce) {
  const std::string rows = rows_of_users();
  Recording recording;
  expect_ok(visit(pgarchive::sample_archive(pgarchive::Compression::kZstd, {.users = rows}, MiB), recording));
  EXPECT_TRUE(recording.seen["users"] == rows);
  EXPECT_THAT(recording.calls, ElementsAre("begin users", "end users", "begin empty", "end empty"));
}

TEST(VisitRows, OfATableThatTheVisitorDoesNotWantNothingComesNotEvenItsEnd) {
  Recording recording;
  recording.wants = false;
  expect_ok(visit(pgarchive::sample_archive(pgarchive::Compression::kZstd, {.users = rows_of_users()}, MiB),
                  recording));
  EXPECT_TRUE(recording.seen.empty());
  EXPECT_THAT(recording.calls, ElementsAre("begin users", "begin empty"));
}

TEST(VisitRows, OnceTheVisitorHasEnoughTheRestIsPassedOverAndTheEndComes) {
  for (const auto compression : {pgarchive::Compression::kNone, pgarchive::Compression::kZstd}) {
    Recording recording;
    recording.enough = 600 * KiB;
    const std::string rows = rows_of_users();
    expect_ok(visit(pgarchive::sample_archive(compression, {.users = rows}, MiB), recording));
    EXPECT_THAT(recording.seen["users"].size(), testing::AllOf(Gt(recording.enough - 1), Lt(2 * MiB)));
    EXPECT_TRUE(rows.starts_with(recording.seen["users"]));
    EXPECT_THAT(recording.calls, ElementsAre("begin users", "end users", "begin empty", "end empty"));
  }
}

// Rows of 80 bytes, so that parts end within them.
std::string numbered_rows(size_t bytes) {
  std::string rows;
  rows.reserve(bytes + 80);
  for (size_t i = 0; rows.size() < bytes; ++i) rows += fmt::format("{:<79}\n", i);
  return rows;
}

std::string of_our_own(const std::string& rows) {
  return pgarchive::sample_archive(pgarchive::Compression::kZstd, {.users = rows}, 2 * MiB);
}

Recording sample_of(const std::string& archive) {
  Recording recording;
  recording.samples = true;
  expect_ok(visit(archive, recording));
  return recording;
}

TEST(VisitRows, ASampleIsTheFirstRowsAndBlocksFromAllOverTheTable) {
  constexpr size_t kParts = 70;
  const std::string rows = numbered_rows(kParts * 2 * MiB);
  auto recording = sample_of(of_our_own(rows));
  const auto& sample = recording.seen["users"];
  EXPECT_THAT(recording.calls,
              ElementsAre("begin users", "sample of users", "end users", "begin empty", "end empty"));
  EXPECT_TRUE(sample.starts_with(rows.substr(0, rows.rfind('\n', 2 * MiB - 1) + 1)));
  std::vector<size_t> sampled;
  for (size_t part = 1; part < kParts; ++part) {
    const auto beginning = rows.substr(rows.find('\n', part * 2 * MiB) + 1, 100 * KiB);
    if (sample.find(beginning) != std::string::npos) sampled.push_back(part);
  }
  EXPECT_THAT(sampled, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 26,
                                   28, 30, 32, 36, 40, 44, 48, 52, 56, 60, 64));
  EXPECT_TRUE(sample.ends_with(rows.substr(rows.size() - 100 * KiB)));
  EXPECT_LT(sample.size(), 2 * MiB + (sampled.size() + 2) * 128 * KiB);
}

TEST(VisitRows, BeforeASampleComesAThousandRows) {
  std::string wide;
  for (size_t i = 0; i < 1200; ++i) wide += fmt::format("{}\t{}\n", i, std::string(20 * KiB, 'x'));
  auto recording = sample_of(of_our_own(wide));
  EXPECT_TRUE(recording.seen["users"].starts_with(wide.substr(0, wide.find("\n1000\t") + 1)));
  EXPECT_LT(recording.seen["users"].size(), wide.size());

  std::string wider;
  for (size_t i = 0; i < 12; ++i) wider += fmt::format("{}\t{}\n", i, std::string(5 * MiB, 'x'));
  EXPECT_TRUE(sample_of(of_our_own(wider)).seen["users"] == wider) << "rows longer than a part";
}

// Where much was deleted, parts are short.
TEST(VisitRows, ShortPartsMakeBlocksTogether) {
  const std::string rows = numbered_rows(MiB);
  const auto archive = pgarchive::sample_archive(pgarchive::Compression::kZstd, {.users = rows}, 8 * KiB);
  EXPECT_GT(sample_of(archive).seen["users"].size(), rows.size() / 2);
}

TEST(VisitRows, ASampleEndsWithWholeRows) {
  for (const size_t parts : {3, 17, 18, 41}) {
    const std::string rows = numbered_rows(parts * 64 * KiB);
    const auto archive = pgarchive::sample_archive(pgarchive::Compression::kZstd, {.users = rows}, 64 * KiB);
    auto recording = sample_of(archive);
    const auto& sample = recording.seen["users"];
    ASSERT_EQ(sample.size() % 80, 0U) << parts;
    for (size_t at = 0; at < sample.size(); at += 80) ASSERT_EQ(sample[at + 79], '\n') << parts;
    EXPECT_TRUE(sample.ends_with(rows.substr(rows.size() - 160))) << parts;
  }
}

// Whether a restore reads single tables or `mask audit` everything in order, they come to the same verdict.
TEST(VisitRows, BlocksDoNotDependOnThePiecesInWhichTheArchiveComes) {
  const std::string rows = numbered_rows(9 * MiB) + std::string(700 * KiB, 'x') + '\n' + numbered_rows(MiB);
  for (const auto compression : {pgarchive::Compression::kNone, pgarchive::Compression::kZstd}) {
    const auto archive = pgarchive::sample_archive(compression, {.users = rows}, 300 * KiB);
    std::vector<size_t> expected;
    for (const size_t piece : {size_t{10'007}, 64 * KiB, size_t{300'001}, archive.size()}) {
      Recording recording;
      recording.samples = true;
      expect_ok(visit_rows(source_of(archive, piece), recording, nullptr, Cancellation()));
      if (expected.empty()) expected = recording.blocks;
      EXPECT_EQ(recording.blocks, expected) << pgarchive::name_of(compression) << " by " << piece;
    }
    EXPECT_GT(expected.size(), 4U);
  }
}

TEST(VisitRows, SmallTablesAreTheirOwnSample) {
  for (const std::string& rows : {std::string("1\tada\n"), numbered_rows(2 * MiB - 80)})
    EXPECT_TRUE(sample_of(of_our_own(rows)).seen["users"] == rows) << rows.size();
}

TEST(VisitRows, AnArchiveWithoutPartsIsReadThrough) {
  const std::string rows = numbered_rows(6 * MiB);
  for (const auto compression :
       {pgarchive::Compression::kNone, pgarchive::Compression::kGzip, pgarchive::Compression::kZstd}) {
    const size_t part = compression == pgarchive::Compression::kZstd ? rows.size() : 2 * MiB;
    auto recording = sample_of(pgarchive::sample_archive(compression, {.users = rows}, part));
    EXPECT_TRUE(recording.seen["users"] == rows) << pgarchive::name_of(compression);
    EXPECT_THAT(recording.calls, ElementsAre("begin users", "end users", "begin empty", "end empty"));
  }
}

TEST(VisitRows, ALastRowWithoutEndIsDamage) {
  Recording recording;
  auto archive = pgarchive::sample_archive(pgarchive::Compression::kNone, {.users = "1\tada\n2\tgra"}, MiB);
  const std::string mark(pgarchive::kEndOfRows);
  archive.replace(archive.find("gra" + mark) + 3, mark.size(), "cious");
  const auto visited = visit(archive, recording);
  ASSERT_FALSE(visited.ok());
  EXPECT_EQ(visited.error().code(), Code::kCorrupt);
}

std::string archive_of(const std::string& rows) {
  return pgarchive::sample_archive(pgarchive::Compression::kNone, {.users = rows}, MiB);
}

// An archive in memory that knows where its large table lies, and counts what is read of it.
class KnownPlaces {
 public:
  explicit KnownPlaces(const std::string& rows) : archive_(archive_of(rows)) {}

  ArchiveSource source() {
    const size_t begin = archive_.find(pgarchive::block(1, 11));
    const size_t end = archive_.find(pgarchive::block(1, 12));
    return source({{11, {begin, end - begin}}});
  }
  ArchiveSource source(TableExtents tables) {
    const auto part = [this](const Extent& extent, const ArchiveSource::Consume& consume) -> Result<void> {
      constexpr size_t kPiece = 64 * KiB;
      const auto bytes = std::string_view(archive_).substr(extent.offset, extent.bytes);
      for (size_t at = 0; at < bytes.size(); at += kPiece) {
        read_ += std::min(kPiece, bytes.size() - at);
        RETURN_IF_ERROR(consume(as_bytes(bytes.substr(at, kPiece))));
      }
      return {};
    };
    return {source_of(archive_), archive_.size(), std::move(tables), part};
  }
  const std::string& archive() const { return archive_; }
  uint64_t take_read() { return read_.exchange(0); }

 private:
  const std::string archive_;
  std::atomic<uint64_t> read_ = 0;
};

// Where it is known where a table lies, what nobody wants is not even read.
TEST(VisitRows, ATableThatTheVisitorHasEnoughOfIsLeft) {
  const std::string rows = rows_of_users() + rows_of_users();
  KnownPlaces known(rows);
  const auto source = known.source();
  for (const size_t enough : {size_t{0}, 600 * KiB, std::string::npos}) {
    Recording recording;
    recording.wants = enough > 0;
    recording.enough = enough;
    expect_ok(visit_rows(source, recording, nullptr, Cancellation()));
    EXPECT_EQ(recording.calls.back(), enough > 0 ? "end empty" : "begin empty");
    if (enough == std::string::npos) {
      EXPECT_TRUE(recording.seen["users"] == rows);
      EXPECT_EQ(known.take_read(), known.archive().size());
    } else {
      EXPECT_TRUE(rows.starts_with(recording.seen["users"]));
      EXPECT_LT(known.take_read(), known.archive().size() / 2);
    }
  }
}

// What several visitors saw together, and how many there were.
class Gathered {
 public:
  // Each has enough of a table after so many bytes.
  MakeVisitor visitor(size_t enough = std::string::npos) {
    return [this, enough] {
      auto visitor = std::make_unique<Recording>();
      visitor->enough = enough;
      visitor->leaving = [this](const Recording& recording) {
        const std::lock_guard lock(mutex_);
        ++visitors;
        for (const auto& [table, rows] : recording.seen) seen[table] += rows;
        calls.insert(calls.end(), recording.calls.begin(), recording.calls.end());
      };
      return visitor;
    };
  }

  size_t visitors = 0;
  std::map<std::string, std::string> seen;
  std::vector<std::string> calls;

 private:
  std::mutex mutex_;
};

pgarchive::Contents contents_of(const ArchiveSource& source) { return expect_ok(read_contents(source)); }

TEST(VisitTables, EveryRowOfEveryTableComesOnceToAVisitorOfItsOwnForEachKnownTable) {
  const std::string rows = rows_of_users();
  KnownPlaces known(rows);
  const auto source = known.source();
  for (const size_t jobs : {1, 2, 5}) {
    Gathered gathered;
    expect_ok(visit_tables(source, contents_of(source), jobs, gathered.visitor(), nullptr, Cancellation()));
    EXPECT_TRUE(gathered.seen["users"] == rows);
    EXPECT_EQ(gathered.visitors, 2U);
    EXPECT_THAT(gathered.calls, UnorderedElementsAre("begin users", "end users", "begin empty", "end empty"));
  }
}

TEST(VisitTables, WithoutKnownPlacesOneVisitorSeesAllInOrder) {
  const std::string rows = rows_of_users();
  KnownPlaces known(rows);
  const auto source = source_of(known.archive());
  Gathered gathered;
  expect_ok(visit_tables(source, contents_of(source), 4, gathered.visitor(), nullptr, Cancellation()));
  EXPECT_TRUE(gathered.seen["users"] == rows);
  EXPECT_EQ(gathered.visitors, 1U);
  EXPECT_THAT(gathered.calls, ElementsAre("begin users", "end users", "begin empty", "end empty"));
}

TEST(VisitTables, ATableThatItsVisitorHasEnoughOfIsLeft) {
  const std::string rows = rows_of_users() + rows_of_users();
  KnownPlaces known(rows);
  const auto source = known.source();
  Gathered gathered;
  expect_ok(
      visit_tables(source, contents_of(source), 2, gathered.visitor(600 * KiB), nullptr, Cancellation()));
  EXPECT_TRUE(rows.starts_with(gathered.seen["users"]));
  EXPECT_GE(gathered.seen["users"].size(), 600 * KiB);
  EXPECT_LT(known.take_read(), known.archive().size() / 2);
  EXPECT_THAT(gathered.calls, UnorderedElementsAre("begin users", "end users", "begin empty", "end empty"));
}

TEST(VisitTables, AnErrorOfOneVisitorEndsTheOthers) {
  KnownPlaces known(rows_of_users());
  const auto source = known.source();
  const MakeVisitor failing = [] {
    auto visitor = std::make_unique<Recording>();
    visitor->fails = true;
    return visitor;
  };
  const auto visited = visit_tables(source, contents_of(source), 2, failing, nullptr, Cancellation());
  ASSERT_FALSE(visited.ok());
  EXPECT_EQ(visited.error().message(), "not these rows");
  EXPECT_LT(known.take_read(), known.archive().size()) << "the rest was read in vain";
}

TEST(VisitTables, PlacesThatAreNotThoseOfTheArchiveAreDamage) {
  KnownPlaces known(rows_of_users());
  const size_t begin = known.archive().find(pgarchive::block(1, 11));
  const size_t bytes = known.archive().find(pgarchive::block(1, 12)) - begin;
  const std::vector<TableExtents> wrong = {
      {{99, {begin, bytes}}},      // no entry
      {{13, {begin, bytes}}},      // large objects
      {{12, {begin, bytes}}},      // another table's
      {{11, {begin + 1, bytes}}},  // one byte off
      {{11, {begin, bytes - 100}}}, {{11, {begin, bytes + 100}}},
  };
  for (const auto& tables : wrong) {
    const auto source = known.source(tables);
    Gathered gathered;
    const auto visited =
        visit_tables(source, contents_of(source), 2, gathered.visitor(), nullptr, Cancellation());
    ASSERT_FALSE(visited.ok()) << to_text(tables);
    EXPECT_EQ(visited.error().code(), Code::kCorrupt) << visited.error().to_string();
  }
}

// The part of the rows that has no end was never asked for.
TEST(VisitRows, DamageBehindWhatTheVisitorWantsIsNotMet) {
  std::string archive =
      pgarchive::sample_archive(pgarchive::Compression::kZstd, {.users = rows_of_users()}, MiB);
  const size_t far = archive.size() * 3 / 4;
  archive.replace(far, 1000, std::string(1000, 'x'));
  Recording all;
  EXPECT_FALSE(visit(archive, all).ok());
  Recording some;
  some.enough = 300 * KiB;
  expect_ok(visit(archive, some));
}

TEST(VisitRows, AnErrorOfTheVisitorEndsIt) {
  Recording recording;
  recording.fails = true;
  const auto visited = visit(
      pgarchive::sample_archive(pgarchive::Compression::kZstd, {.users = rows_of_users()}, MiB), recording);
  ASSERT_FALSE(visited.ok());
  EXPECT_EQ(visited.error().message(), "not these rows");
  EXPECT_THAT(recording.calls, ElementsAre("begin users"));
}

}  // namespace
}  // namespace summit::postgres
