#include "core/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

#include "core/result.h"

namespace summit {
namespace {

TEST(Error, SaysWhatAndThenWhatToDo) {
  const Error error = Error(Code::kKeyMissing, "no key for set {}", "full").hint("run `summit-dr key init`");
  EXPECT_EQ(error.to_string(), "no key for set full\nhint: run `summit-dr key init`");
  EXPECT_EQ(Error(Code::kIo, "short read").to_string(), "short read");
}

TEST(Error, KeepsCodeAndHintWhenCallersAddWhereTheyWere) {
  const Error error = Error(Code::kIo, "short read").hint("look at the disk").at("while reading pack 7");
  EXPECT_EQ(error.message(), "while reading pack 7: short read");
  EXPECT_EQ(error.code(), Code::kIo);
  EXPECT_EQ(error.hint(), "look at the disk");
}

TEST(Error, NumbersOfTheSystemBecomeKinds) {
  EXPECT_EQ(errno_error(ENOSPC, "cannot write x").code(), Code::kNoSpace);
  EXPECT_EQ(errno_error(EDQUOT, "cannot write x").code(), Code::kNoSpace);
  EXPECT_EQ(errno_error(EACCES, "cannot open x").code(), Code::kDenied);
  EXPECT_EQ(errno_error(ENOENT, "cannot open x").code(), Code::kNotFound);
  EXPECT_EQ(errno_error(EIO, "cannot read x").code(), Code::kIo);
  EXPECT_EQ(errno_error(ENOENT, "cannot open x").message(), "cannot open x: No such file or directory");
  EXPECT_FALSE(errno_error(ENOSPC, "cannot write x").hint().empty());
  EXPECT_FALSE(errno_error(EACCES, "cannot open x").hint().empty());
}

TEST(Error, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Code::kCancelled); ++code)
    names.insert(name_of(static_cast<Code>(code)));
  EXPECT_EQ(names.size(), static_cast<size_t>(Code::kCancelled) + 1);
}

Result<int> half_of(int number) {
  if (number % 2 != 0) return Error(Code::kUsage, "{} is odd", number);
  return number / 2;
}

Result<int> quarter_of(int number) {
  ASSIGN_OR_RETURN(const int half, half_of(number));
  ASSIGN_OR_RETURN(const int quarter, half_of(half), "while halving {} twice", number);
  return quarter;
}

Result<void> require_multiple_of_four(int number) {
  RETURN_IF_ERROR(quarter_of(number), "while checking {}", number);
  return {};
}

TEST(Result, MacrosPassValuesOnAndLocateErrors) {
  EXPECT_EQ(*quarter_of(12), 3);
  EXPECT_EQ(quarter_of(3).error().message(), "3 is odd");
  EXPECT_EQ(quarter_of(6).error().message(), "while halving 6 twice: 3 is odd");
  EXPECT_TRUE(require_multiple_of_four(8).ok());
  EXPECT_EQ(require_multiple_of_four(6).error().message(),
            "while checking 6: while halving 6 twice: 3 is odd");
  EXPECT_EQ(half_of(3).value_or(7), 7);
}

TEST(Result, HoldsWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  const std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 5);
}

}  // namespace
}  // namespace summit
