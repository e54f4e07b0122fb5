#include "masking/leak/normalized_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/text.h"

namespace summit::masking {
namespace {

using Separators = NormalizedText::Separators;

bool is_spacing(char c, Separators separators) {
  const bool separator = c == '\t' || c == '\n';
  if (separator) return separators == Separators::kNone;
  return c == '\0' || c == ' ' || c == '\r' || c == '\v' || c == '\f';
}

struct Expected {
  std::string text;
  std::vector<size_t> gaps;
};

Expected byte_by_byte(const std::string& text, Separators separators) {
  Expected expected;
  for (const char c : text) {
    if (is_spacing(c, separators))
      expected.gaps.push_back(expected.text.size());
    else
      expected.text += to_lower(c);
  }
  return expected;
}

// Eight bytes are looked at at once: what each of them may be must not depend on where it stands.
TEST(NormalizedText, EveryByteIsTheSameWhereverItStands) {
  NormalizedText normalized;
  const std::string plain = "Abc-[Zz`{@/09~_xyz.,:MNO";
  for (unsigned byte = 0; byte < 0x80; ++byte) {
    for (size_t at = 0; at < plain.size(); ++at) {
      std::string text = plain;
      text[at] = static_cast<char>(byte);
      for (const auto separators : {Separators::kNone, Separators::kTabAndBreak}) {
        const auto expected = byte_by_byte(text, separators);
        normalized.assign(text, separators);
        ASSERT_EQ(normalized.text(), expected.text) << byte << " at " << at;
        for (const size_t gap : expected.gaps)
          EXPECT_TRUE(normalized.gap_before(gap)) << byte << " at " << at;
        if (!expected.gaps.empty()) continue;
        EXPECT_FALSE(normalized.gap_before(at == 0 ? 1 : at)) << byte << " at " << at;
      }
    }
  }
}

TEST(NormalizedText, AByteThatIsNoAsciiIsNeverFoldedWithItsNeighbours) {
  NormalizedText normalized;
  for (unsigned byte = 0x80; byte < 0x100; ++byte) {
    for (size_t at = 0; at < 16; ++at) {
      std::string text(16, 'Q');
      text[at] = static_cast<char>(byte);
      std::string expected(16, 'q');
      expected[at] = static_cast<char>(byte);
      normalized.assign(text, Separators::kNone);
      ASSERT_EQ(normalized.text(), expected) << byte << " at " << at;
    }
  }
}

// Texts are taken in pieces of 4 KiB, and a character may reach beyond.
TEST(NormalizedText, LongTextsAreTheSameHoweverTheirPiecesFall) {
  NormalizedText normalized;
  for (const size_t front : {4090, 4093, 4095, 4096, 4097}) {
    const std::string text = std::string(front, 'X') + "\xC3\x85\xE2\x82\xACwords AND more";
    normalized.assign(text, Separators::kNone);
    EXPECT_EQ(normalized.text(), std::string(front, 'x') + "\xC3\xA5\xE2\x82\xACwordsandmore");
    EXPECT_TRUE(normalized.gap_before(front + 10));
    EXPECT_FALSE(normalized.gap_before(front + 11));
  }
}

}  // namespace
}  // namespace summit::masking
