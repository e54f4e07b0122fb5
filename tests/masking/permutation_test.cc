#include "masking/permutation.h"

#include <gtest/gtest.h>

#include <set>

#include "core/bytes.h"
#include "core/digest.h"
#include "tests/masking/make_rules.h"

namespace summit::masking {
namespace {

KeyedCipher cipher(char key = 'k') { return KeyedCipher::create(test_key(key), "test").value(); }

TEST(Permutation, MapsEachOfManySmallRangesOntoItself) {
  auto keyed = cipher();
  for (uint64_t size = 1; size <= 300; ++size) {
    std::set<uint64_t> seen;
    for (uint64_t value = 0; value < size; ++value) {
      const auto mapped = permute(keyed, 7, value, size);
      ASSERT_TRUE(mapped && *mapped < size) << size;
      seen.insert(static_cast<uint64_t>(*mapped));
    }
    EXPECT_EQ(seen.size(), size);
  }
}

TEST(Permutation, MapsAWholeRangeOfFiveDigitsOntoItself) {
  auto keyed = cipher();
  constexpr uint64_t kSize = 100'000;
  std::vector<bool> seen(kSize);
  uint64_t fixed = 0;
  for (uint64_t value = 0; value < kSize; ++value) {
    const auto mapped = static_cast<uint64_t>(permute(keyed, 1, value, kSize).value());
    ASSERT_FALSE(seen[mapped]);
    seen[mapped] = true;
    fixed += mapped == value ? 1 : 0;
  }
  // A random permutation has one fixed point on average.
  EXPECT_LT(fixed, 10U);
}

TEST(Permutation, WideRangesKeepTheirLimit) {
  auto keyed = cipher();
  const Wide size = (Wide{1} << 126) - 12345;
  for (uint64_t i = 0; i < 2000; ++i) {
    const auto mapped = permute(keyed, 1, size - 1 - i, size);
    ASSERT_TRUE(mapped && *mapped < size);
  }
}

TEST(Permutation, AnotherKeyOrDomainIsAnotherPermutation) {
  auto first = cipher('a');
  auto second = cipher('b');
  constexpr uint64_t kSize = 1'000'000'000'000;
  for (uint64_t value = 0; value < 200; ++value) {
    EXPECT_NE(permute(first, 1, value, kSize).value(), permute(second, 1, value, kSize).value());
    EXPECT_NE(permute(first, 1, value, kSize).value(), permute(first, 2, value, kSize).value());
  }
}

TEST(Permutation, OfTextsIsOneToOneForAllOfOneAndTwoBytes) {
  auto keyed = cipher();
  for (const size_t length : {1U, 2U}) {
    std::set<std::string> seen;
    const size_t count = length == 1 ? 256 : 65536;
    for (size_t value = 0; value < count; ++value) {
      std::string text(1, static_cast<char>(value & 0xff));
      if (length == 2) text += static_cast<char>(value >> 8);
      std::string permuted;
      ASSERT_TRUE(permute_text(keyed, text, permuted));
      ASSERT_EQ(permuted.size(), length);
      seen.insert(permuted);
    }
    EXPECT_EQ(seen.size(), count);
  }
}

// Texts that differ in one byte, at each place: no two meet, none stays, and both halves change.
TEST(Permutation, OfLongerTextsSpreadsEveryByteOverTheWhole) {
  auto keyed = cipher();
  for (size_t length = 16; length <= kLongestPermutedText; ++length) {
    std::set<std::string> seen;
    const std::string base(length, 'x');
    std::string of_base;
    ASSERT_TRUE(permute_text(keyed, base, of_base));
    for (size_t at = 0; at < length; ++at) {
      std::string text = base;
      text[at] = 'y';
      std::string permuted;
      ASSERT_TRUE(permute_text(keyed, text, permuted));
      EXPECT_NE(permuted.substr(0, length / 2), of_base.substr(0, length / 2));
      EXPECT_NE(permuted.substr(length / 2), of_base.substr(length / 2));
      seen.insert(permuted);
    }
    EXPECT_EQ(seen.size(), length);
  }
}

// What one version has masked, the next must mask alike.
TEST(Permutation, OfTextsIsTheSameInEveryVersion) {
  auto keyed = cipher();
  std::string all;
  for (size_t length = 1; length <= kLongestPermutedText; ++length) {
    std::string text(length, '\0');
    for (size_t i = 0; i < length; ++i) text[i] = static_cast<char>(i * 31 + length * 7);
    std::string permuted;
    ASSERT_TRUE(permute_text(keyed, text, permuted));
    all += permuted;
  }
  EXPECT_EQ(to_hex(sha256(as_bytes(all))),
            "1713e4908ad838c7820ac10fd73a4766aa258f90540c7ef7ae62ce3d459c74b2");
}

TEST(KeyedCipher, RefusesAKeyThatIsTooShort) {
  const auto made = KeyedCipher::create(Secret("fifteen bytes.."), "test");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code(), Code::kKeyMissing);
  EXPECT_EQ(made.error().message().find("fifteen"), std::string::npos);
}

}  // namespace
}  // namespace summit::masking
