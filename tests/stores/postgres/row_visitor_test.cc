#include "stores/postgres/row_visitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "formats/pgarchive/writer.h"
#include "tests/formats/pgarchive/helper/archive.h"
#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using testing::ElementsAre;
using testing::Gt;
using testing::Lt;

constexpr size_t kRows = 400'000;

// "users" and "empty" of the sample; the former with rows enough for many blocks.
std::string rows_of_users() {
  std::string rows;
  for (size_t i = 0; i < kRows; ++i) rows += fmt::format("{}\tname of {}\n", i, i * 7919);
  return rows;
}

ArchiveSource source_of(const std::string& archive) {
  return [&archive](const std::function<Result<void>(ByteView)>& consume) -> Result<void> {
    constexpr size_t kPiece = 64 * KiB;
    for (size_t at = 0; at < archive.size(); at += kPiece)
      RETURN_IF_ERROR(consume(as_bytes(std::string_view(archive).substr(at, kPiece))));
    return {};
  };
}

class Recording final : public RowVisitor {
 public:
  Result<bool> begin(const pgarchive::Entry& entry) override {
    table_ = *entry.tag;
    calls.push_back("begin " + table_);
    return wants;
  }
  Result<bool> rows(std::string_view rows) override {
    if (fails) return Error(Code::kRefused, "not these rows");
    EXPECT_TRUE(rows.ends_with('\n'));
    seen[table_] += rows;
    return seen[table_].size() < enough;
  }
  Result<void> end() override {
    calls.push_back("end " + table_);
    return {};
  }

  bool wants = true;
  bool fails = false;
  size_t enough = std::string::npos;
  std::map<std::string, std::string> seen;
  std::vector<std::string> calls;

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

// Where it is known where a table lies, what nobody wants is not even read.
TEST(VisitRows, ATableThatTheVisitorHasEnoughOfIsLeft) {
  const std::string rows = rows_of_users() + rows_of_users();
  const std::string archive = pgarchive::sample_archive(pgarchive::Compression::kNone, {.users = rows}, MiB);
  const size_t begin = archive.find(pgarchive::block(1, 11));
  const size_t end = archive.find(pgarchive::block(1, 12));
  uint64_t read = 0;
  const auto part = [&](const Extent& extent, const ArchiveSource::Consume& consume) -> Result<void> {
    constexpr size_t kPiece = 64 * KiB;
    const auto bytes = std::string_view(archive).substr(extent.offset, extent.bytes);
    for (size_t at = 0; at < bytes.size(); at += kPiece) {
      read += std::min(kPiece, bytes.size() - at);
      RETURN_IF_ERROR(consume(as_bytes(bytes.substr(at, kPiece))));
    }
    return {};
  };
  const ArchiveSource source(source_of(archive), archive.size(), {{11, {begin, end - begin}}}, part);
  for (const size_t enough : {size_t{0}, 600 * KiB, std::string::npos}) {
    Recording recording;
    recording.wants = enough > 0;
    recording.enough = enough;
    read = 0;
    expect_ok(visit_rows(source, recording, nullptr, Cancellation()));
    EXPECT_EQ(recording.calls.back(), enough > 0 ? "end empty" : "begin empty");
    if (enough == std::string::npos) {
      EXPECT_TRUE(recording.seen["users"] == rows);
      EXPECT_EQ(read, archive.size());
    } else {
      EXPECT_TRUE(rows.starts_with(recording.seen["users"]));
      EXPECT_LT(read, archive.size() / 2);
    }
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
