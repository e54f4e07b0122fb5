#include "masking/pseudonym.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>
#include <set>

#include "masking/number_text.h"
#include "tests/masking/make_rules.h"

namespace summit::masking {
namespace {

using config::Pseudonym;

constexpr Pseudonym kAll[] = {Pseudonym::kEmail, Pseudonym::kPhone, Pseudonym::kCard,
                              Pseudonym::kIban,  Pseudonym::kIp,    Pseudonym::kName};

class Maker {
 public:
  explicit Maker(Pseudonym kind, char key = 'k')
      : maker_(PseudonymMaker::create(test_key(key), kind).value()) {}
  std::string operator()(std::string_view text) {
    std::string out;
    EXPECT_TRUE(maker_.append(text, out));
    return out;
  }

 private:
  PseudonymMaker maker_;
};

bool matches(const std::string& text, const std::string& pattern) {
  return std::regex_match(text, std::regex(pattern));
}

const std::vector<std::string> kTexts = {
    "x",
    "ada@lovelace.org",
    "Ada Lovelace",
    "+4791234567",
    "(415) 555-2671",
    "4111 1111 1111 1111",
    "DE89370400440532013000",
    "192.168.1.20",
    "2a00:1450:400f::200e",
    "a text of far more than thirty-nine bytes, which is no number, address or account",
    std::string("\0\xff\n", 3),
    "тест"};

TEST(Pseudonym, EqualTextsGiveEqualStandInsAndAnotherKeyGivesOthers) {
  for (const auto kind : kAll) {
    Maker one(kind);
    Maker same(kind);
    Maker other(kind, 'o');
    for (const auto& text : kTexts) {
      EXPECT_EQ(one(text), same(text));
      EXPECT_NE(one(text), other(text)) << name_of(kind) << " " << text;
      EXPECT_NE(one(text), text);
      if (text.size() > 3) {
        EXPECT_EQ(one(text).find(text), std::string::npos);
      }
    }
    EXPECT_EQ(one(""), "");
  }
}

TEST(Pseudonym, LooksLikeWhatItStandsForAndLiesInAReservedRange) {
  EXPECT_TRUE(matches(Maker(Pseudonym::kEmail)("ada@lovelace.org"), "[a-z2-7]+@example\\.com"));
  EXPECT_TRUE(matches(Maker(Pseudonym::kPhone)("+4791234567"), "\\+1-555-[0-9]{11}"));
  EXPECT_TRUE(matches(Maker(Pseudonym::kIp)("10.1.2.3"), "2001:db8:4:ff::[0-9a-f]{1,4}:[0-9a-f]{1,4}"));
  EXPECT_TRUE(matches(Maker(Pseudonym::kIp)("2a00::1"), "2001:db8:6(:[0-9a-f]{1,4}){5}"));
  EXPECT_TRUE(matches(Maker(Pseudonym::kName)("Ada Lovelace"), "[A-Z][a-z]+ [A-Z][a-z]+ [a-z2-7]+"));
  const auto card = Maker(Pseudonym::kCard)("4111-1111-1111-1111");
  EXPECT_TRUE(matches(card, "[01789][0-9]{3}(-[0-9]{4}){3}")) << card;
  EXPECT_TRUE(is_luhn_right(compact(card)));
  const auto iban = Maker(Pseudonym::kIban)("GB29 NWBK 6016 1331 9268 19");
  EXPECT_TRUE(matches(iban, "XX[0-9]{2} [A-Z]{4}( [A-Z0-9]{1,4})+")) << iban;
  EXPECT_TRUE(is_iban(compact(iban)));
}

// What is read back is compared as text: one in 65,536 has a run of zeros to be left out.
TEST(Pseudonym, AddressesAreWrittenAsPostgresqlWritesThem) {
  Maker maker(Pseudonym::kIp);
  size_t shortened = 0;
  for (unsigned i = 0; i < 400'000; ++i) {
    const auto made = maker(fmt::format("10.{}.{}.{}", i >> 16, i >> 8 & 255, i & 255));
    in6_addr address{};
    std::array<char, INET6_ADDRSTRLEN> canonical{};
    ASSERT_EQ(::inet_pton(AF_INET6, made.c_str(), &address), 1) << made;
    ASSERT_NE(::inet_ntop(AF_INET6, &address, canonical.data(), canonical.size()), nullptr);
    ASSERT_EQ(made, canonical.data());
    shortened += std::count(made.begin(), made.end(), ':') == 5 ? 1 : 0;
  }
  EXPECT_GT(shortened, 0U) << "none had zeros";
}

// The local part of an address has at most 64 characters.
TEST(Pseudonym, OfAnEmailOfAnyLengthIsAnAddress) {
  Maker maker(Pseudonym::kEmail);
  for (size_t length = 1; length < 300; ++length) EXPECT_LE(maker(std::string(length, 'a')).find('@'), 64U);
}

// All phone numbers of up to five digits, with and without +; all pairs of separators: no two meet.
TEST(Pseudonym, OfPhonesIsUniqueOverWholeSmallRanges) {
  Maker maker(Pseudonym::kPhone);
  std::set<std::string> seen;
  size_t count = 0;
  const auto add = [&](const std::string& text) {
    seen.insert(maker(text));
    ++count;
  };
  for (int width = 1, end = 10; width <= 4; ++width, end *= 10) {
    for (int number = 0; number < end; ++number) {
      add(fmt::format("{:0{}}", number, width));
      add(fmt::format("+{:0{}}", number, width));
    }
  }
  for (const char a : std::string(" -().")) {
    for (const char b : std::string(" -().")) {
      for (int number = 0; number < 100; ++number) add(fmt::format("{}12{}{:02}", a, b, number));
    }
  }
  EXPECT_EQ(seen.size(), count);
  for (const auto& phone : seen) EXPECT_NE(phone.size(), std::string("+1-555-0000007").size());
}

TEST(Pseudonym, OfCardsIsUniqueOverAWholeRange) {
  Maker maker(Pseudonym::kCard);
  std::set<std::string> seen;
  for (int number = 0; number < 20000; ++number) {
    std::string card = fmt::format("{}{:010}", 2 + number % 5, number / 5);
    card += luhn_digit(card);
    seen.insert(maker(card));
    seen.insert(maker(card.substr(0, 4) + " " + card.substr(4)));
  }
  EXPECT_EQ(seen.size(), 40000U);
}

TEST(Pseudonym, OfAddressesAndAccountsIsUniqueOverAWholeRange) {
  Maker ip(Pseudonym::kIp);
  std::set<std::string> addresses;
  for (int i = 0; i < 65536; ++i) addresses.insert(ip(fmt::format("10.0.{}.{}", i >> 8, i & 255)));
  addresses.insert(ip("10.0.0.0/8"));
  addresses.insert(ip("10.0.0.0/32"));
  EXPECT_EQ(addresses.size(), 65538U);
  Maker iban(Pseudonym::kIban);
  std::set<std::string> accounts;
  for (int i = 0; i < 5000; ++i) {
    std::string account = fmt::format("NO00{:011}", i);
    const unsigned check = 98 - iban_remainder(account);
    account[2] = static_cast<char>('0' + check / 10);
    account[3] = static_cast<char>('0' + check % 10);
    ASSERT_TRUE(is_iban(account));
    accounts.insert(iban(account));
  }
  EXPECT_EQ(accounts.size(), 5000U);
}

TEST(Pseudonym, OfTextsThatArePartsOfOneAnotherIsUnique) {
  for (const auto kind : kAll) {
    Maker maker(kind);
    std::set<std::string> seen;
    for (size_t length = 1; length <= 100; ++length) {
      seen.insert(maker(std::string(length, 'a')));
      seen.insert(maker(std::string(length, '1')));
    }
    EXPECT_EQ(seen.size(), 200U) << name_of(kind);
  }
}

}  // namespace
}  // namespace summit::masking
