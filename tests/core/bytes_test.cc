#include "core/bytes.h"

#include <gtest/gtest.h>

#include <random>

namespace summit {
namespace {

TEST(Bytes, AreShownWithThreeSignificantDigits) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1), "1 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes(37 * GiB), "37 GiB");
  EXPECT_EQ(human_bytes(1234567), "1.18 MiB");
  EXPECT_EQ(human_bytes(UINT64_MAX), "16 EiB");
}

TEST(Bytes, JustBelowTheNextUnitAreRoundedIntoIt) {
  EXPECT_EQ(human_bytes(MiB - 1), "1 MiB");
  EXPECT_EQ(human_bytes(GiB - 1), "1 GiB");
}

TEST(Bytes, SizesAreReadInDecimalAndBinaryUnits) {
  const std::pair<const char*, uint64_t> cases[] = {
      {"1024", 1024},
      {"40 GB", 40'000'000'000},
      {"500MB", 500'000'000},
      {"12 KiB", 12 * KiB},
      {"1.5 KiB", 1536},
      {"64k", 64 * KiB},
      {"2M", 2 * MiB},
      {" 7 tb ", 7'000'000'000'000},
      {"0.5 kib", 512},
      {"10 bytes", 10},
      {"3PiB", 3 * 1024 * 1024 * GiB},
      {"18446744073709551615", UINT64_MAX},
  };
  for (const auto& [text, expected] : cases) {
    uint64_t bytes = 0;
    EXPECT_TRUE(parse_bytes(text, bytes)) << text;
    EXPECT_EQ(bytes, expected) << text;
  }
}

TEST(Bytes, WhatIsNoSizeIsRefusedAndLeavesTheValueAlone) {
  for (const char* text :
       {"", " ", "GB", "-1", "+1", "1,5 GB", "1.", ".5", "1 2", "12 parsecs", "1e3", "0x10",
        "18446744073709551616", "20000000000 GiB", "99999999999999.5 TiB", "5 GB later"}) {
    uint64_t bytes = 77;
    EXPECT_FALSE(parse_bytes(text, bytes)) << text;
    EXPECT_EQ(bytes, 77U) << text;
  }
}

TEST(Bytes, ShownSizesAreReadBackWithinTheirPrecision) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t original = random() >> random() % 64;
    uint64_t read = 0;
    const std::string shown = human_bytes(original);
    if (shown.ends_with("EiB")) continue;  // not a unit of configuration files
    ASSERT_TRUE(parse_bytes(shown, read)) << shown;
    EXPECT_NEAR(static_cast<double>(read), static_cast<double>(original),
                static_cast<double>(original) * 0.006)
        << shown;
  }
}

TEST(Hex, GoesThereAndBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  std::string back;
  ASSERT_TRUE(from_hex(to_hex(as_bytes(all)), back));
  EXPECT_EQ(back, all);
  ASSERT_TRUE(from_hex("DEADbeef", back));
  EXPECT_EQ(back, "\xde\xad\xbe\xef");
}

TEST(Hex, OddOrForeignDigitsAreRefused) {
  std::string untouched = "before";
  for (const char* text : {"a", "abc", "0g", "0x", " 0", "0 "})
    EXPECT_FALSE(from_hex(text, untouched)) << text;
  EXPECT_EQ(untouched, "before");
}

}  // namespace
}  // namespace summit
