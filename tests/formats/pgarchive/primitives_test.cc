#include "formats/pgarchive/primitives.h"

#include <gtest/gtest.h>

namespace summit::pgarchive {
namespace {

std::string stored(int64_t value, int size) {
  std::string bytes;
  write_integer(bytes, value, size);
  return bytes;
}

TEST(Primitives, IntegersComeBackInEverySize) {
  for (const int size : {4, 8}) {
    for (const int64_t value :
         {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{255}, int64_t{256}, int64_t{INT32_MAX},
          int64_t{INT32_MIN}, size == 8 ? INT64_MAX : 7, size == 8 ? -INT64_MAX : 7}) {
      const std::string bytes = stored(value, size);
      EXPECT_EQ(bytes.size(), static_cast<size_t>(size) + 1);
      Cursor cursor(bytes, 0, size);
      EXPECT_EQ(cursor.integer(), value);
      EXPECT_FALSE(cursor.stopped());
      EXPECT_EQ(cursor.position(), bytes.size());
    }
  }
  EXPECT_EQ(stored(-2, 4), std::string("\1\2\0\0\0", 5));
}

TEST(Primitives, WhatNobodyWritesIsDamage) {
  for (const std::string& bytes : {std::string("\2\1\0\0\0", 5), std::string("\1\0\0\0\0", 5)}) {
    Cursor cursor(bytes, 0, 4);
    EXPECT_EQ(cursor.integer(), 0);
    EXPECT_FALSE(cursor.damage().empty());
  }
  const std::string too_large = std::string(1, '\0') + std::string(8, '\xff');
  Cursor cursor(too_large, 0, 8);
  EXPECT_EQ(cursor.integer(), 0);
  EXPECT_FALSE(cursor.damage().empty());
}

TEST(Primitives, AnEarlyEndSaysHowManyBytesAreWanted) {
  std::string bytes;
  write_text(bytes, "twelve bytes", 4);
  for (size_t size = 0; size < bytes.size(); ++size) {
    Cursor cursor(std::string_view(bytes).substr(0, size), 0, 4);
    cursor.text();
    EXPECT_TRUE(cursor.stopped());
    EXPECT_EQ(cursor.wanted(), size < 5 ? 5 : bytes.size());
    EXPECT_EQ(cursor.integer(), 0) << "it stays where it stopped";
    EXPECT_EQ(cursor.wanted(), size < 5 ? 5 : bytes.size());
  }
}

}  // namespace
}  // namespace summit::pgarchive
