// Equal data give equal digests, whatever the encoding; different data different ones.
#include <bit>

#include <gtest/gtest.h>

#include "formats/rdb/canonical.h"
#include "formats/rdb/value.h"
#include "rdb_builder.h"

namespace summit::rdb {
namespace {

const std::string kLong(5000, 'q');

std::string strings(const std::vector<std::string>& elements) {
  std::string bytes = length(elements.size());
  for (const auto& element : elements) bytes += text(element);
  return bytes;
}

uint64_t bits(double value) { return std::bit_cast<uint64_t>(value); }

TEST(Canonical, StringsAreEqualInEveryEncoding) {
  const auto digest = [](std::string_view value) { return digest_of_value(ValueType::kString, value); };
  const std::string plain = digest(text("-3000"));
  EXPECT_EQ(plain.size(), 64U) << plain;
  EXPECT_EQ(digest("\xc1" + fixed(static_cast<uint64_t>(-3000), 2)), plain);
  EXPECT_EQ(digest("\xc0" + fixed(static_cast<uint64_t>(-7), 1)), digest(text("-7")));
  EXPECT_EQ(digest("\xc2" + fixed(123456789, 4)), digest(text("123456789")));
  // "ab" and nine bytes from two back, compressed.
  EXPECT_EQ(digest("\xc3" + length(6) + length(11) +
                   std::string("\x01"
                               "ab"
                               "\xe0\x00\x01",
                               6)),
            digest(text("abababababa")));
  EXPECT_NE(digest(text("3000")), plain);
}

TEST(Canonical, ListsAreEqualInEveryEncodingAndHaveAnOrder) {
  const std::vector<std::string> elements{
      "a", "12", "-1", "4095", "-32768", "70000", "-8388608", "2000000000", "9000000000000", "", kLong};
  const std::string plain = digest_of_value(ValueType::kList, strings(elements));
  EXPECT_EQ(plain.size(), 64U) << plain;
  EXPECT_EQ(digest_of_value(ValueType::kListZiplist, text(ziplist(elements))), plain);
  const std::vector<std::string> head(elements.begin(), elements.begin() + 4);
  const std::vector<std::string> middle(elements.begin() + 4, elements.end() - 1);
  EXPECT_EQ(digest_of_value(ValueType::kListQuicklist,
                            length(3) + text(ziplist(head)) + text(ziplist(middle)) + text(ziplist({kLong}))),
            plain);
  EXPECT_EQ(
      digest_of_value(ValueType::kListQuicklist2, length(3) + length(2) + text(listpack(head)) + length(2) +
                                                      text(listpack(middle)) + length(1) + text(kLong)),
      plain);
  std::vector<std::string> swapped = elements;
  std::swap(swapped[0], swapped[1]);
  EXPECT_NE(digest_of_value(ValueType::kList, strings(swapped)), plain);
  // Where one element ends matters.
  EXPECT_NE(digest_of_value(ValueType::kList, strings({"ab", "c"})),
            digest_of_value(ValueType::kList, strings({"a", "bc"})));
}

TEST(Canonical, SetsAreEqualInEveryEncodingAndOrder) {
  const std::string plain = digest_of_value(ValueType::kSet, strings({"1", "-2", "300"}));
  EXPECT_EQ(plain.size(), 64U) << plain;
  EXPECT_EQ(digest_of_value(ValueType::kSet, strings({"300", "1", "-2"})), plain);
  for (const uint32_t width : {2U, 4U, 8U})
    EXPECT_EQ(digest_of_value(ValueType::kSetIntset, text(intset({-2, 1, 300}, width))), plain);
  EXPECT_EQ(digest_of_value(ValueType::kSetListpack, text(listpack({"-2", "300", "1"}))), plain);
  EXPECT_NE(digest_of_value(ValueType::kSet, strings({"1", "-2", "301"})), plain);
}

TEST(Canonical, HashesAreEqualInEveryEncodingAndOrder) {
  const std::string plain =
      digest_of_value(ValueType::kHash, length(2) + text("f") + text("12") + text("g") + text(kLong));
  EXPECT_EQ(plain.size(), 64U) << plain;
  EXPECT_EQ(digest_of_value(ValueType::kHash, length(2) + text("g") + text(kLong) + text("f") + text("12")),
            plain);
  EXPECT_EQ(digest_of_value(ValueType::kHashZipmap, text(zipmap({{"f", "12"}, {"g", kLong}}))), plain);
  EXPECT_EQ(digest_of_value(ValueType::kHashZiplist, text(ziplist({"f", "12", "g", kLong}))), plain);
  EXPECT_EQ(digest_of_value(ValueType::kHashListpack, text(listpack({"g", kLong, "f", "12"}))), plain);
  EXPECT_EQ(digest_of_value(ValueType::kHashMetadata, fixed(0, 8) + length(2) + length(0) + text("f") +
                                                          text("12") + length(0) + text("g") + text(kLong)),
            plain);
  EXPECT_EQ(digest_of_value(ValueType::kHashListpackEx,
                            fixed(0, 8) + text(listpack({"f", "12", "0", "g", kLong, "0"}))),
            plain);
  EXPECT_NE(digest_of_value(ValueType::kHash, length(2) + text("g") + text("12") + text("f") + text(kLong)),
            plain)
      << "which field has which value matters";
}

TEST(Canonical, ExpiriesOfFieldsCountAndAreEqualInEveryEncoding) {
  const std::string relative =
      fixed(1000000, 8) + length(2) + length(1) + text("f") + text("v") + length(501) + text("g") + text("w");
  const std::string plain = digest_of_value(ValueType::kHashMetadata, relative);
  EXPECT_EQ(plain.size(), 64U) << plain;
  EXPECT_EQ(digest_of_value(ValueType::kHashListpackEx,
                            fixed(1000000, 8) + text(listpack({"f", "v", "1000000", "g", "w", "1000500"}))),
            plain);
  EXPECT_EQ(digest_of_value(ValueType::kHashMetadataPreRelease, length(2) + length(1000000) + text("f") +
                                                                    text("v") + length(1000500) + text("g") +
                                                                    text("w")),
            plain);
  EXPECT_NE(digest_of_value(ValueType::kHash, length(2) + text("f") + text("v") + text("g") + text("w")),
            plain);
}

TEST(Canonical, SortedSetsAreEqualInEveryEncodingAndOrder) {
  const std::string plain = digest_of_value(
      ValueType::kSortedSet2, length(4) + text("a") + fixed(bits(1.5), 8) + text("b") + fixed(bits(3), 8) +
                                  text("c") + fixed(bits(-HUGE_VAL), 8) + text("12") + fixed(bits(0.1), 8));
  EXPECT_EQ(plain.size(), 64U) << plain;
  EXPECT_EQ(digest_of_value(ValueType::kSortedSet, length(4) + text("12") +
                                                       "\x13"
                                                       "0.10000000000000001" +
                                                       text("c") + "\xff" + text("b") +
                                                       "\x01"
                                                       "3" +
                                                       text("a") +
                                                       "\x03"
                                                       "1.5"),
            plain);
  EXPECT_EQ(digest_of_value(ValueType::kSortedSetZiplist,
                            text(ziplist({"c", "-inf", "12", "0.1", "a", "1.5", "b", "3"}))),
            plain);
  EXPECT_EQ(digest_of_value(ValueType::kSortedSetListpack,
                            text(listpack({"c", "-inf", "12", "0.1", "a", "1.5", "b", "3"}))),
            plain);
  EXPECT_EQ(digest_of_value(ValueType::kSortedSet2, length(1) + text("z") + fixed(bits(-0.0), 8)),
            digest_of_value(ValueType::kSortedSetListpack, text(listpack({"z", "0"}))))
      << "the two zeros are one score";
}

// One node with entries 5-1 {a: 1, b: 2} and 5-3 {c: x}, and 5-2 deleted.
std::string stream_node() {
  return text(big_endian(5, 8) + big_endian(1, 8)) +
         text(listpack({"2", "1", "2", "a", "b", "0",          //
                        "2", "0", "0", "1", "2", "5",          // 5-1, the master's fields
                        "3", "0", "1", "7", "8", "5",          // 5-2, deleted
                        "0", "0", "2", "1", "c", "x", "6"}));  // 5-3, its own field
}
std::string pending(uint64_t sequence) {
  return big_endian(5, 8) + big_endian(sequence, 8) + fixed(1700000000000, 8) + length(3);
}
std::string raw_id(uint64_t sequence) { return big_endian(5, 8) + big_endian(sequence, 8); }

TEST(Canonical, StreamsAreEqualInEveryVersionOfTheirForm) {
  const std::string ids = length(2) + length(5) + length(3);
  const std::string more = length(5) + length(1) + length(0) + length(0) + length(2);
  const std::string group_head = text("g") + length(5) + length(3);
  const std::string pel = length(2) + pending(1) + pending(3);
  const std::string alice = text("alice") + fixed(99, 8);
  const std::string bob = text("bob") + fixed(99, 8);
  const std::string old = length(1) + stream_node() + ids + length(1) + group_head + pel + length(2) + alice +
                          length(1) + raw_id(1) + bob + length(1) + raw_id(3);
  const std::string two = length(1) + stream_node() + ids + more + length(1) + group_head + length(2) + pel +
                          length(2) + alice + length(1) + raw_id(1) + bob + length(1) + raw_id(3);
  const std::string three = length(1) + stream_node() + ids + more + length(1) + group_head + length(2) +
                            pel + length(2) + bob + fixed(5, 8) + length(1) + raw_id(3) + alice +
                            fixed(98, 8) + length(1) + raw_id(1);
  const std::string plain = digest_of_value(ValueType::kStreamListpacks, old);
  EXPECT_EQ(plain.size(), 64U) << plain;
  EXPECT_EQ(digest_of_value(ValueType::kStreamListpacks2, two), plain);
  EXPECT_EQ(digest_of_value(ValueType::kStreamListpacks3, three), plain);

  const std::string owner_changed = length(1) + stream_node() + ids + length(1) + group_head + pel +
                                    length(2) + alice + length(1) + raw_id(3) + bob + length(1) + raw_id(1);
  EXPECT_NE(digest_of_value(ValueType::kStreamListpacks, owner_changed), plain)
      << "who has read what matters";
  const std::string orphan = length(1) + stream_node() + ids + length(1) + group_head + pel + length(1) +
                             alice + length(1) + raw_id(1);
  EXPECT_NE(digest_of_value(ValueType::kStreamListpacks, orphan).size(), 64U)
      << "a pending entry without a consumer is damage";
}

TEST(Canonical, TypeKeyAndExpiryCount) {
  const std::string plain = digest_of(rdb_file(entry(ValueType::kString, "key", text("v"))));
  EXPECT_NE(digest_of(rdb_file(entry(ValueType::kString, "kez", text("v")))), plain);
  EXPECT_NE(digest_of(rdb_file("\xfc" + fixed(5000, 8) + entry(ValueType::kString, "key", text("v")))),
            plain);
  EXPECT_EQ(digest_of(rdb_file("\xf8" + length(9) + entry(ValueType::kString, "key", text("v")))), plain)
      << "idle time is no data";
  EXPECT_NE(digest_of_value(ValueType::kSet, strings({"v"})),
            digest_of_value(ValueType::kList, strings({"v"})));
}

TEST(Canonical, WhatExpiresBeforeTheCutOffIsNotThere) {
  const std::string file = rdb_file("\xfc" + fixed(5000, 8) + entry(ValueType::kString, "key", text("v")));
  EXPECT_EQ(digest_of(file, 5001), "not there");
  EXPECT_EQ(digest_of(file, 5000), digest_of(file)) << "it lives until then";
  // A field that is gone makes the hash equal to one that never had it; the last field takes the key with it.
  const std::string both =
      fixed(1000, 8) + length(2) + length(1) + text("f") + text("v") + length(0) + text("g") + text("w");
  const auto digest = [](std::string_view value) {
    return digest_of(rdb_file(entry(ValueType::kHashMetadata, "key", value), 12), 2000);
  };
  EXPECT_EQ(digest(both), digest(fixed(0, 8) + length(1) + length(0) + text("g") + text("w")));
  EXPECT_EQ(digest(fixed(1000, 8) + length(1) + length(1) + text("f") + text("v")), "not there");
}

TEST(Canonical, ModulesValuesAreComparedAsTheirBytes) {
  const std::string value = length(123456789) + length(2) + length(7) + length(0);
  EXPECT_EQ(digest_of_value(ValueType::kModule2, value).size(), 64U);
  EXPECT_NE(digest_of_value(ValueType::kModule2, value),
            digest_of_value(ValueType::kModule2, length(123456789) + length(2) + length(8) + length(0)));
}

TEST(Canonical, DamageInACompactValueIsSaidWithItsPlace) {
  std::string damaged = listpack({"a", "b"});
  damaged[6] = '\xbf';  // the first element's length
  const std::string message = digest_of_value(ValueType::kHashListpack, text(damaged));
  EXPECT_NE(message.find("damaged"), std::string::npos) << message;
  EXPECT_NE(message.find("byte"), std::string::npos) << message;
  EXPECT_NE(digest_of_value(ValueType::kHashListpack, text(listpack({"a", "b", "c"}))).size(), 64U)
      << "half a pair";
  EXPECT_NE(digest_of_value(ValueType::kSortedSet2, length(1) + text("m") + fixed(bits(NAN), 8)).size(), 64U)
      << "no number";
}

}  // namespace
}  // namespace summit::rdb
