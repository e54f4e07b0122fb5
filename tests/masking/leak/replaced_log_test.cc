#include "masking/leak/replaced_log.h"

#include <fstream>
#include <random>

#include "core/task_group.h"
#include "masking/leak/value_shape.h"
#include "tests/masking/leak/leak_world.h"

namespace summit::masking {
namespace {

// Of Aumasson's and Bernstein's reference: the key is 00 01 … 0f, the text 00 01 … 0e.
TEST(KeyedDigest, IsSipHashOfThePublishedVectors) {
  const DigestKey key({0x0706050403020100, 0x0f0e0d0c0b0a0908, 1, 2, 3, 4});
  std::string text;
  for (char c = 0; c < 15; ++c) text += c;
  EXPECT_EQ(digest_of(key, text), (ValueDigest{0x11a8b03399e99354, 0xd9c3cf970fec087e}));
  EXPECT_EQ(digest_of(key, ""), (ValueDigest{0xe6a825ba047f81a3, 0x930255c71472f66d}));
}

TEST(KeyedDigest, OfGrowingBeginningsIsThatOfEach) {
  const DigestKey key({1, 2, 3, 4, 5, 6});
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 31);
  BeginningDigest growing(key, text.data());
  for (size_t length = 0; length <= text.size(); length += 1 + length / 9)
    EXPECT_EQ(growing.of(length), digest_of(key, std::string_view(text).substr(0, length))) << length;
}

TEST(ValueShape, SaysWhereAValueIsSought) {
  for (const char* text :
       {"ada@mail.org", "+1-555-0123", "8.8.8.8:53", "hunter22", "2001:db8::7", "1990-05-0x"})
    EXPECT_EQ(reach_of(text), Reach::kAnywhere) << text;
  for (const char* text : {"ada", "10.20.30.40", "127.0.0.1/8", "172.16.0.1", "192.168.100.7", "000000000"})
    EXPECT_EQ(reach_of(text), Reach::kOwnPlace) << text;
  for (const char* text : {"", "1990-05-01", "1990-05-0110:00:00+00", "1990-05-01t10:00:00.123z"})
    EXPECT_EQ(reach_of(text), Reach::kNowhere) << text;
  EXPECT_FALSE(is_local_address("172.32.0.1"));
  EXPECT_FALSE(is_local_address("10.1.2.3.4"));
  EXPECT_FALSE(is_local_address("10.1.2"));
}

// More than memory keeps, from several threads, many of them again and again.
TEST_F(LeakTest, CountsEachValueOnceWhateverWasSpilled) {
  constexpr size_t kValues = 300000;
  const auto name = [](size_t i) { return fmt::format("person{:07}@mail.org", i); };
  const auto add = [&](size_t worker) -> Result<void> {
    for (size_t i = worker; i < kValues; i += 2) {
      log().add(name(i), "[GONE FOR EVER]", "postgresql:public.users.email");
      log().add(name(i / 2), "[GONE FOR EVER]", "neo4j:User.email");
    }
    return {};
  };
  ASSERT_TRUE(parallel_for(2, 2, add).ok());
  const auto& table = seal();
  EXPECT_EQ(table.counts(), (ReplacedCounts{.anywhere = kValues}));
  for (size_t i = 0; i < kValues; i += 997) EXPECT_TRUE(holds("<" + name(i) + ">")) << i;
  EXPECT_FALSE(holds(name(kValues)));
  EXPECT_FALSE(holds("[GONE FOR EVER]"));
}

TEST_F(LeakTest, ToldPlaceByPlaceItIsTheSame) {
  constexpr size_t kValues = 5000;
  const auto tell = [&](size_t worker) -> Result<void> {
    const auto mail = log().at("postgresql:public.users.email");
    const auto name = log().at("postgresql:public.users.name");
    for (size_t i = worker; i < kValues; i += 2) {
      mail->add(fmt::format("person{:07}@mail.org", i), "[GONE FOR EVER]");
      name->add(fmt::format("n{:06}", i / 10), "stand-in of a name");
      // Also a stand-in: told of the same text twice, each time as something else.
      name->add("Robin Kestrel", "Robin Kestrel the Second");
      name->add("somebody else", "Robin Kestrel");
    }
    return {};
  };
  ASSERT_TRUE(parallel_for(2, 2, tell).ok());
  const auto& table = seal();
  EXPECT_EQ(table.counts(),
            (ReplacedCounts{.anywhere = kValues + 1, .own_place = kValues / 10, .also_stand_in = 1}));
  EXPECT_TRUE(holds("person0000007@mail.org"));
  EXPECT_FALSE(holds("Robin Kestrel"));
  const auto number = table.place_number("postgresql:public.users.name");
  ASSERT_TRUE(number);
  EXPECT_NE(text_search().find_in_place(*number, "n000012"), nullptr);
  EXPECT_EQ(text_search().find_in_place(*table.place_number("postgresql:public.users.email"), "n000012"),
            nullptr);
}

TEST(BitFilter, ShrunkItStillKnowsWhatWasSetAndLittleElse) {
  BitFilter filter(1'000'000, 32, uint64_t{1} << 30);
  std::mt19937 random(3);
  std::vector<uint32_t> set;
  for (int i = 0; i < 1000; ++i) set.push_back(static_cast<uint32_t>(random()));
  for (const uint32_t fingerprint : set) filter.set(fingerprint);
  filter.shrink(32);
  EXPECT_EQ(filter.bytes(), 4096U);
  for (const uint32_t fingerprint : set) EXPECT_TRUE(filter.test(fingerprint));
  size_t others = 0;
  for (int i = 0; i < 10000; ++i) others += filter.test(static_cast<uint32_t>(random())) ? 1 : 0;
  EXPECT_LT(others, 100U);
  filter.set(7);
  EXPECT_TRUE(filter.test(7));
}

TEST_F(LeakTest, NoNamedFileHoldsWhatWasReplaced) {
  for (size_t i = 0; i < 500000; ++i) replaced(fmt::format("person{}@mail.org", i));
  EXPECT_TRUE(fs::is_empty(directory()));
  seal();
  EXPECT_TRUE(fs::is_empty(directory()));
}

TEST_F(LeakTest, AnEmptyLogFindsNothing) {
  seal();
  EXPECT_FALSE(holds("whatever stands here"));
}

}  // namespace
}  // namespace summit::masking
