#include "stores/neo4j/canonical.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "core/fingerprint.h"
#include "stores/neo4j/node_digests.h"

namespace summit::neo4j {
namespace {

std::string canonical(const Value& value) {
  std::string bytes;
  append_canonical(value, bytes);
  return to_hex(as_bytes(bytes));
}

// The bytes are part of the format: a Bolt client computes the same.
TEST(Canonical, BytesAreThoseOfTheFormatPage) {
  EXPECT_EQ(canonical(Value{}), "00");
  EXPECT_EQ(canonical(Value{true}), "0101");
  EXPECT_EQ(canonical(Value{int64_t{-2}}), "02feffffffffffffff");
  EXPECT_EQ(canonical(Value{1.0}), "03000000000000f03f");
  EXPECT_EQ(canonical(Value{std::string("é")}), "040200000000000000c3a9");
  EXPECT_EQ(canonical(Value{Bytes{"\x01"}}), "05010000000000000001");
  EXPECT_EQ(canonical(Value{Value::List{Value{}}}), "06010000000000000000");
  EXPECT_EQ(canonical(Value{Value::Map{{"a", Value{}}}}),
            "070100000000000000010000000000000061"
            "00");
  EXPECT_EQ(canonical(Value{Date{1}}), "080100000000000000");
  EXPECT_EQ(canonical(Value{DateTime{1, 2, 0, "UTC"}}),
            "0d010000000000000002000000000000000300000000000000555443");
  EXPECT_EQ(canonical(Value{Duration{1, 2, 3, 4}}),
            "0e0100000000000000020000000000000003000000000000000400000000000000");
  EXPECT_EQ(canonical(Value{Point{7203, {0, 0, 0}, 2}}),
            "0f231c000000000000020000000000000000000000000000000000000000000000");
}

TEST(Canonical, ValuesThatCompareEqualButDifferHaveDifferentBytes) {
  EXPECT_NE(canonical(Value{int64_t{1}}), canonical(Value{1.0}));
  EXPECT_NE(canonical(Value{0.0}), canonical(Value{-0.0}));
  EXPECT_NE(canonical(Value{std::string("1")}), canonical(Value{int64_t{1}}));
  EXPECT_NE(canonical(Value{DateTime{0, 0, 0, ""}}), canonical(Value{DateTime{0, 0, 0, "UTC"}}));
  EXPECT_EQ(canonical(Value{std::numeric_limits<double>::quiet_NaN()}),
            canonical(Value{-std::numeric_limits<double>::quiet_NaN()}));
}

Sha256Digest node(const std::vector<std::string>& labels, const Value::Map& properties = {}) {
  Value::List names;
  for (const auto& label : labels) names.push_back(Value{label});
  std::string packed_labels;
  std::string packed_properties;
  EXPECT_TRUE(bolt::Writer(packed_labels).value(Value{names}).ok());
  EXPECT_TRUE(bolt::Writer(packed_properties).value(Value{properties}).ok());
  std::vector<std::string_view> sorted;
  auto digest = ElementDigester().node(bolt::Cursor(as_bytes(packed_labels)),
                                       bolt::Cursor(as_bytes(packed_properties)), sorted);
  EXPECT_TRUE(digest.ok());
  EXPECT_TRUE(std::ranges::is_sorted(sorted));
  return std::move(digest).value_or({});
}

Sha256Digest relationship(std::string_view type, std::string_view start, std::string_view end) {
  std::string none;
  EXPECT_TRUE(bolt::Writer(none).value(Value{Value::Map{}}).ok());
  auto digest = ElementDigester().relationship(type, bolt::Cursor(as_bytes(none)), start, end);
  EXPECT_TRUE(digest.ok());
  return std::move(digest).value_or({});
}

TEST(Canonical, DigestsOfElementsAreThoseOfTheFormatPage) {
  const std::string one("\1\0\0\0\0\0\0\0", 8);
  const std::string none(8, '\0');
  EXPECT_EQ(node({"A"}, {{"k", Value{true}}}),
            sha256(as_bytes("N" + one + one + "A" + "\x07" + one + one + "k" + "\x01\x01")));
  const std::string a(16, 'a'), b(16, 'b');
  EXPECT_EQ(relationship("T", a, b), sha256(as_bytes("R" + one + "T" + a + b + "\x07" + none)));
}

TEST(Canonical, LabelsComeInAnyOrderAndDoNotRunIntoEachOther) {
  EXPECT_EQ(node({"A", "B"}), node({"B", "A"}));
  EXPECT_NE(node({"AB"}), node({"A", "B"}));
  EXPECT_NE(node({}), node({""}));
}

TEST(Canonical, ARelationshipKnowsItsDirectionAndItsEnds) {
  const std::string a(16, 'a'), b(16, 'b');
  EXPECT_NE(relationship("T", a, b), relationship("T", b, a));
  EXPECT_NE(relationship("T", a, b), relationship("T", a, a));
  EXPECT_NE(relationship("T", a, b), relationship("U", a, b));
}

TEST(NodeDigests, KeepsWhatWasSetWhileItGrowsAndKnowsWhatWasNot) {
  auto directory = TemporaryDirectory::create(fs::temp_directory_path(), "node-digests-");
  ASSERT_TRUE(directory.ok());
  auto digests = NodeDigests::create(directory->path());
  ASSERT_TRUE(digests.ok());
  EXPECT_TRUE(fs::is_empty(directory->path())) << "its file must have no name";
  const std::vector<uint64_t> ids{0, 7, 65535, 65536, 1000000};
  for (const uint64_t id : ids) ASSERT_TRUE(digests->set(id, sha256(as_bytes(std::to_string(id)))).ok());
  for (const uint64_t id : ids) {
    const auto expected = sha256(as_bytes(std::to_string(id)));
    ASSERT_TRUE(digests->get(id).has_value()) << id;
    EXPECT_EQ(to_hex(as_bytes(*digests->get(id))), to_hex(expected).substr(0, 32));
  }
  EXPECT_FALSE(digests->get(1).has_value());
  EXPECT_FALSE(digests->get(uint64_t{1} << 39).has_value());
  EXPECT_FALSE(digests->set(uint64_t{1} << 41, sha256({})).ok());
}

}  // namespace
}  // namespace summit::neo4j
