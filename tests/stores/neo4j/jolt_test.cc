#include "stores/neo4j/jolt.h"

#include <gtest/gtest.h>

#include <limits>

namespace summit::neo4j {
namespace {

constexpr std::string_view kEnd = "\x1e{\"summary\":{}}\n\x1e{\"info\":{}}\n";

// The rows of a sequence that is written in blocks of `block` bytes.
Result<std::vector<Row>> read(std::string_view text, size_t block) {
  std::vector<Row> rows;
  JoltReader reader([&](Row row) -> Result<void> {
    rows.push_back(std::move(row));
    return {};
  });
  for (size_t position = 0; position < text.size(); position += block) {
    RETURN_IF_ERROR(reader.write(as_bytes(text.substr(position, block))));
  }
  RETURN_IF_ERROR(reader.finish());
  return rows;
}

TEST(Jolt, RowsAreTheSameHoweverTheAnswerIsCutIntoBlocks) {
  const std::string text =
      "\x1e{\"header\":{\"fields\":[\"a\"]}}\n\x1e{\"data\":[1,\"é\\uD83D\\uDE00\"]}\n\x1e{\"data\":[null,"
      "true]}\n" +
      std::string(kEnd);
  for (const size_t block : {size_t{1}, size_t{2}, size_t{7}, text.size()}) {
    const auto rows = read(text, block);
    ASSERT_TRUE(rows.ok()) << rows.error().to_string();
    ASSERT_EQ(rows->size(), 2u);
    EXPECT_EQ((*rows)[0], (Row{Value{int64_t{1}}, Value{std::string("é😀")}}));
    EXPECT_EQ((*rows)[1], (Row{Value{}, Value{true}}));
  }
}

TEST(Jolt, IntegersAndFloatsStayApartInBothForms) {
  const auto rows = read(
      "\x1e{\"data\":[3,{\"R\":\"3.0\"},{\"Z\":\"9223372036854775807\"},{\"Z\":\"3000000000\"}]}\n"
      // The strict form of 5.26 writes a large integer as a float.
      "\x1e{\"data\":[{\"Z\":\"3\"},{\"R\":\"3.0\"},{\"R\":\"9223372036854775807\"},{\"R\":\"3.0E9\"}]}\n" +
          std::string(kEnd),
      64);
  ASSERT_TRUE(rows.ok()) << rows.error().to_string();
  constexpr auto kMaximum = std::numeric_limits<int64_t>::max();
  EXPECT_EQ((*rows)[0], (Row{Value{int64_t{3}}, Value{3.0}, Value{kMaximum}, Value{int64_t{3000000000}}}));
  EXPECT_EQ((*rows)[1], (Row{Value{int64_t{3}}, Value{3.0}, Value{kMaximum}, Value{3e9}}));
}

TEST(Jolt, ListsMapsAndBytesKeepTheirTypes) {
  const auto rows = read(
      "\x1e{\"data\":[[1,{\"R\":\"2.0\"}],{\"{}\":{\"z\":{\"T\":\"2020-01-01\"},\"a\":[]}},{\"#\":"
      "\"0001FF80\"},"
      "{\"@\":\"SRID=7203;POINT(1.0 2.0)\"}]}\n" +
          std::string(kEnd),
      1000);
  ASSERT_TRUE(rows.ok()) << rows.error().to_string();
  const Row& row = rows->front();
  EXPECT_EQ(row[0], (Value{Value::List{Value{int64_t{1}}, Value{2.0}}}));
  EXPECT_EQ(row[1], (Value{Value::Map{{"a", Value{Value::List{}}}, {"z", Value{Date{18262}}}}}));
  EXPECT_EQ(row[2], Value{Bytes{std::string("\0\1\xff\x80", 4)}});
  EXPECT_EQ(row[3], (Value{Point{7203, {1, 2, 0}, 2}}));
}

TEST(Jolt, AnErrorBehindRowsIsSeen) {
  JoltReader reader([](Row) -> Result<void> { return {}; });
  const std::string text =
      "\x1e{\"data\":[1]}\n\x1e{\"error\":{\"errors\":[{\"code\":\"Neo.ClientError.Statement."
      "ArithmeticError\",\"message\":\"/ by zero\"}]}}\n"
      "\x1e{\"info\":{}}\n";
  ASSERT_TRUE(reader.write(as_bytes(text)).ok());
  ASSERT_TRUE(reader.error().has_value());
  EXPECT_EQ(reader.error()->code, "Neo.ClientError.Statement.ArithmeticError");
  EXPECT_EQ(reader.error()->message, "/ by zero");
}

TEST(Jolt, AnAnswerThatEndsEarlyIsAnError) {
  const auto rows = read("\x1e{\"data\":[1]}\n", 100);
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(rows.error().code(), Code::kIo);
}

TEST(Jolt, MalformedRecordsAreRefused) {
  for (const char* record :
       {"{", "[]", "42", "{\"data\":5}", "{\"data\":[{\"T\":\"soon\"}]}", "{\"data\":[{\"Q\":\"1\"}]}",
        "{\"data\":[{\"#\":\"0\"}]}", "{\"data\":[{\"a\":1,\"b\":2}]}", "{\"data\":[{\"Z\":\"x\"}]}"}) {
    const auto rows = read(fmt::format("\x1e{}\n{}", record, kEnd), 100);
    ASSERT_FALSE(rows.ok()) << record;
    EXPECT_EQ(rows.error().code(), Code::kCorrupt) << record;
  }
}

TEST(Jolt, ParametersCannotEscapeIntoTheStatement) {
  const auto body =
      statement_body("RETURN $x", {{"x", Value{std::string("\"}]} MATCH (n) DELETE n // \xff")}}});
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->find("DELETE n // \xff"), std::string::npos);
  EXPECT_NE(body->find("\\\"}]} MATCH"), std::string::npos);
  EXPECT_FALSE(statement_body("RETURN $x", {{"x", Value{Date{1}}}}).ok());
}

TEST(Jolt, IdentifiersAreQuotedByOneFunction) {
  EXPECT_EQ(quote_identifier("Person"), "`Person`");
  EXPECT_EQ(quote_identifier("a`b`) DETACH DELETE n //"), "`a``b``) DETACH DELETE n //`");
}

}  // namespace
}  // namespace summit::neo4j
