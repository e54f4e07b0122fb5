#include "masking/national_id.h"

#include <gtest/gtest.h>

namespace summit::masking {
namespace {

// Those that the states themselves give as examples, or made up with right check digits.
TEST(NationalId, OfEachStateIsKnown) {
  for (const std::string id :
       {"01010750160", "010107 50160", "811218-9876", "19811218-9876", "811218+9876", "070761-4285",
        "131052-308T", "AB123456C", "AB 12 34 56 C", "185057800608491", "1 85 05 78 006 084 91",
        "RSSMRA85T10A562S", "RSSMRA85T50A562S", "12345678Z", "X1234567L", "529.982.247-25"}) {
    EXPECT_TRUE(is_national_id(id)) << id;
    EXPECT_FALSE(is_national_id("x" + id)) << id;
    EXPECT_FALSE(is_national_id(id + "9")) << id;
  }
}

TEST(NationalId, WithAnotherCheckDigitOrNoSuchDateIsNone) {
  for (const char* text :
       {"01010750161", "01130750160", "811218-9875", "811318-9876", "410761-4285", "071361-4285",
        "131052-308S", "DB123456C", "GB123456A", "AB123456E", "185057800608492", "RSSMRA85Z10A562S",
        "RSSMRA85T90A562S", "12345678A", "X1234567A", "529.982.247-24", "111.111.111-11"})
    EXPECT_FALSE(is_national_id(text)) << text;
}

TEST(NationalId, IsNotWhatColumnsOrdinarilyHold) {
  for (const char* text : {"", "2026-11-21", "2026-11-21 10:49:20+00", "2024-01-15T10:30:00.103045-0500",
                           "10.24.1.200", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "INV-2026-000123",
                           "00000000000", "1763722160", "1763722160123", "deadbeefdeadbeef",
                           "10.209010804156286", "+47 912 34 567", "backup_20240115-1028.sql"})
    EXPECT_FALSE(is_national_id(text)) << text;
}

}  // namespace
}  // namespace summit::masking
