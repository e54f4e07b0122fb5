#include "core/fingerprint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace summit {
namespace {

SetHash hash_of(const std::vector<std::string>& elements) {
  SetHash hash;
  for (const std::string& element : elements) hash.add(as_bytes(element));
  return hash;
}

std::vector<std::string> some_elements(size_t count) {
  std::vector<std::string> elements;
  for (size_t i = 0; i < count; ++i) elements.push_back("element " + std::to_string(i));
  return elements;
}

// The values of docs/formats/fingerprint.md.
TEST(SetHash, GivesTheDocumentedValues) {
  EXPECT_EQ(SetHash().hex(), std::string(64, '0'));
  EXPECT_EQ(hash_of({"a"}).hex(), "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
  EXPECT_EQ(hash_of({"a", "b"}).hex(), "08bb6929ca5416152e4c8118ff048e8232446af99c507bbc84f46534858b4958");
  EXPECT_EQ(hash_of({"a", "a"}).hex(), "942f032594377a95f58563663547b89b4e0ddff129f89ce47201ef0a5fdd9176");
}

TEST(SetHash, DoesNotDependOnOrder) {
  auto elements = some_elements(500);
  const SetHash expected = hash_of(elements);
  std::shuffle(elements.begin(), elements.end(), std::mt19937(3));
  EXPECT_EQ(hash_of(elements), expected);
}

TEST(SetHash, MergedPartsGiveTheHashOfTheWhole) {
  const auto elements = some_elements(1000);
  SetHash merged = hash_of({elements.begin(), elements.begin() + 300});
  merged.merge(hash_of({elements.begin() + 300, elements.end()}));
  merged.merge(SetHash());
  EXPECT_EQ(merged, hash_of(elements));
  EXPECT_EQ(merged.count(), 1000U);
}

TEST(SetHash, MayBeMergedWithItself) {
  SetHash doubled = hash_of({"a"});
  doubled.merge(doubled);
  EXPECT_EQ(doubled, hash_of({"a", "a"}));
}

TEST(SetHash, SeesDuplicatesLossesAndChanges) {
  const SetHash original = hash_of({"a", "b"});
  EXPECT_NE(hash_of({"a", "b", "b"}).hex(), original.hex());
  EXPECT_NE(hash_of({"a", "b", "b"}).hex(), hash_of({"a"}).hex());  // XOR would not see this one
  EXPECT_NE(hash_of({"a"}).hex(), original.hex());
  EXPECT_NE(hash_of({"a", "c"}).hex(), original.hex());
}

TEST(SetHash, CarriesAcrossLimbsAndWrapsAtTheTop) {
  Sha256Digest all_ones;
  all_ones.fill(std::byte{0xff});
  Sha256Digest one{};
  one[0] = std::byte{1};
  SetHash hash;
  hash.add(all_ones);
  hash.add(one);
  EXPECT_EQ(hash.hex(), std::string(64, '0'));
  EXPECT_EQ(hash.count(), 2U);
}

}  // namespace
}  // namespace summit
