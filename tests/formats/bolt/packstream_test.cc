// Values against the bytes of docs/formats/bolt.md, and back.
#include "formats/bolt/packstream.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace summit::bolt {
namespace {

std::string encoded(const Value& value) {
  std::string bytes;
  EXPECT_TRUE(Writer(bytes).value(value).ok());
  return bytes;
}

Result<Value> decoded(std::string_view bytes) {
  Cursor cursor(as_bytes(bytes));
  return read_value(cursor);
}

std::string from_hex_text(std::string_view hex) {
  std::string bytes;
  EXPECT_TRUE(from_hex(hex, bytes));
  return bytes;
}

TEST(PackStream, IntegersTakeTheShortestForm) {
  const auto hex = [](int64_t value) { return to_hex(as_bytes(encoded(Value{value}))); };
  EXPECT_EQ(hex(0), "00");
  EXPECT_EQ(hex(127), "7f");
  EXPECT_EQ(hex(-16), "f0");
  EXPECT_EQ(hex(-17), "c8ef");
  EXPECT_EQ(hex(128), "c90080");
  EXPECT_EQ(hex(-32769), "caffff7fff");
  EXPECT_EQ(hex(std::numeric_limits<int64_t>::min()), "cb8000000000000000");
  EXPECT_EQ(hex(std::numeric_limits<int64_t>::max()), "cb7fffffffffffffff");
}

TEST(PackStream, EveryValueComesBackEqual) {
  const Value::Map map{{"a", Value{}}, {"b", Value{Value::List{Value{true}, Value{false}}}}};
  const std::vector<Value> values{
      Value{},
      Value{true},
      Value{int64_t{-129}},
      Value{int64_t{40000}},
      Value{int64_t{-3000000000}},
      Value{std::numeric_limits<double>::infinity()},
      Value{-0.0},
      Value{std::string()},
      Value{std::string(15, 'x')},
      Value{std::string(16, 'x')},
      Value{std::string(256, 'y')},
      Value{std::string(70000, 'z')},
      Value{Bytes{}},
      Value{Bytes{std::string(300, '\xff')}},
      Value{Bytes{std::string(70000, '\0')}},
      Value{Value::List(300, Value{int64_t{1}})},
      Value{map},
      Value{Date{-5000000}},
      Value{LocalTime{86399999999999}},
      Value{Time{1, -64800}},
      Value{LocalDateTime{-1, 999999999}},
      Value{DateTime{1, 2, 3600}},
      Value{DateTime{1, 2, 0, "Europe/Berlin"}},
      Value{Duration{1, -2, 3, 4}},
      Value{Point{7203, {1.5, -2.5, 0}, 2}},
      Value{Point{4979, {1, 2, 8848}, 3}},
  };
  for (const auto& value : values) {
    const auto bytes = encoded(value);
    const auto back = decoded(bytes);
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_EQ(*back, value) << to_string(value).substr(0, 80);
    Cursor cursor(as_bytes(bytes));
    EXPECT_TRUE(cursor.skip() && cursor.at_end());
    for (size_t size = 0; size < bytes.size(); size += 1 + size / 8)
      EXPECT_FALSE(decoded(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
  EXPECT_TRUE(std::isnan(*decoded(encoded(Value{std::nan("")})).value().as<double>()));
}

TEST(PackStream, ElementsOfTheGraphAreRead) {
  // (7:A {x: 1}) of Bolt 5 and 4.4, a relationship, and a walk of one step backwards.
  const auto node = decoded(from_hex_text("b44e07918141a1817801816a"));
  ASSERT_TRUE(node.ok()) << node.error().to_string();
  EXPECT_EQ(**node->as<Shared<Node>>(), (Node{7, {"A"}, {{"x", Value{int64_t{1}}}}, "j"}));
  EXPECT_TRUE(decoded(from_hex_text("b34e07918141a0")).ok());
  const auto relationship = decoded(from_hex_text("b852090102815ba0816a816b816c"));
  ASSERT_TRUE(relationship.ok()) << relationship.error().to_string();
  EXPECT_EQ(**relationship->as<Shared<Relationship>>(), (Relationship{9, 1, 2, "[", {}, "j"}));
  const auto path = decoded(from_hex_text("b35092b34e0190a0b34e0290a091b372098152a092ff01"));
  ASSERT_TRUE(path.ok()) << path.error().to_string();
  EXPECT_THAT((*path->as<Shared<Path>>())->steps, testing::ElementsAre(-1, 1));
  EXPECT_EQ((*path->as<Shared<Path>>())->nodes.size(), 2u);
  // A step to a node that the path does not have.
  EXPECT_FALSE(decoded(from_hex_text("b35092b34e0190a0b34e0290a091b372098152a092ff02")).ok());
  std::string bytes;
  EXPECT_EQ(Writer(bytes).value(*node).error().code(), Code::kUnsupported);
}

TEST(PackStream, LegacyDateTimesAreConvertedOrRefusedNeverGuessed) {
  // 3600 seconds of the local clock, an hour east.
  const auto offset = decoded(from_hex_text("b346c90e1000c90e10"));
  ASSERT_TRUE(offset.ok()) << offset.error().to_string();
  EXPECT_EQ(*offset, (Value{DateTime{0, 0, 3600}}));
  const auto zone = decoded(from_hex_text("b36600008d4575726f70652f4265726c696e"));
  EXPECT_EQ(zone.error().code(), Code::kUnsupported);
}

TEST(PackStream, HostileInputEndsInAnErrorAndTakesNoMemory) {
  for (const char* hex :
       {"d6ffffffff", "daffffffff", "d2ffffffff00", "ceffffffff", "c1", "cb00", "bf", "b144", "b1", "b24402",
        "b2440102", "b17f00", "a1c001", "a28161018161c0", "c4", "ef", ""}) {
    EXPECT_EQ(decoded(from_hex_text(hex)).error().code(), Code::kCorrupt) << hex;
  }
  const std::string nested(1000000, '\x91');
  EXPECT_EQ(decoded(nested).error().code(), Code::kCorrupt);
  Cursor deep(as_bytes(nested));
  EXPECT_FALSE(deep.skip());
  const std::string closed = nested + '\x90';
  Cursor sound(as_bytes(closed));
  EXPECT_TRUE(sound.skip() && sound.at_end());
}

TEST(PackStream, AFailedCursorStaysFailed) {
  const std::string bytes("\x01\x02", 2);
  Cursor cursor(as_bytes(bytes));
  std::string_view text;
  int64_t number = 0;
  EXPECT_FALSE(cursor.text(text));
  EXPECT_FALSE(cursor.integer(number));
  EXPECT_FALSE(cursor.skip());
  EXPECT_EQ(cursor.type(), Type::kNone);
  EXPECT_EQ(cursor.error("text").code(), Code::kCorrupt);
}

}  // namespace
}  // namespace summit::bolt
