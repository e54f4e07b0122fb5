#include "masking/number_text.h"

#include <gtest/gtest.h>

namespace summit::masking {
namespace {

TEST(NumberText, KnowsRightCards) {
  for (const char* card : {"4111111111111111", "5500005555555559", "378282246310005"})
    EXPECT_TRUE(is_luhn_right(card)) << card;
  for (const char* card : {"4111111111111112", "", "4", "411111111111111x"})
    EXPECT_FALSE(is_luhn_right(card)) << card;
}

TEST(NumberText, KnowsRightIbans) {
  for (const char* iban : {"GB29NWBK60161331926819", "DE89370400440532013000", "NO9386011117947",
                           "MT84MALT011000012345MTLCAST001S"})
    EXPECT_TRUE(is_iban(iban)) << iban;
  for (const char* iban :
       {"GB29NWBK60161331926818", "gb29nwbk60161331926819", "GB29", "", "12345678901234567"})
    EXPECT_FALSE(is_iban(iban)) << iban;
}

TEST(NumberText, WritesAndReadsNumbersOfManyDigits) {
  std::string text;
  append_number(power_of_ten(30) + 7, 33, text);
  EXPECT_EQ(text, "001000000000000000000000000000007");
  EXPECT_TRUE(number_of(text) == power_of_ten(30) + 7);
}

}  // namespace
}  // namespace summit::masking
