#include "cli/show.h"

#include <gtest/gtest.h>

#include "cli/exit_code.h"

namespace summit::cli {
namespace {

TEST(Table, AlignsColumnsByTheirWidestCellAndEndsNoLineInBlanks) {
  EXPECT_EQ(table({{"ID", "STATUS", "SIZE"}, {"summit-backup-full", "ok", "12 B"}, {"x", "complete", ""}}),
            "ID                  STATUS    SIZE\n"
            "summit-backup-full  ok        12 B\n"
            "x                   complete");
}

TEST(Table, TakesRowsOfDifferentLengths) {
  EXPECT_EQ(table({}), "");
  EXPECT_EQ(table({{"A"}, {"1", "2"}}), "A\n1  2");
}

TEST(ExitCodes, AreThoseOfTheDocumentation) {
  const std::pair<Code, int> rows[] = {
      {Code::kFailed, 1},
      {Code::kUsage, 2},
      {Code::kConfig, 1},
      {Code::kNotFound, 1},
      {Code::kRepositoryMissing, 10},
      {Code::kAlreadyExists, 1},
      {Code::kUnreachable, 1},
      {Code::kDenied, 1},
      {Code::kMissingTool, 1},
      {Code::kNoSpace, 1},
      {Code::kIo, 1},
      {Code::kBusy, 11},
      {Code::kKeyMissing, 1},
      {Code::kWrongKey, 12},
      {Code::kCorrupt, 20},
      {Code::kMismatch, 20},
      {Code::kRefused, 1},
      {Code::kUnsupported, 1},
      {Code::kTimeout, 1},
      {Code::kCancelled, 130},
  };
  for (const auto& [code, expected] : rows) {
    EXPECT_EQ(static_cast<int>(exit_code_of(Error(code, "x"))), expected) << name_of(code);
  }
}

}  // namespace
}  // namespace summit::cli
