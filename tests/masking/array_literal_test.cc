#include "masking/array_literal.h"

#include <gtest/gtest.h>

namespace summit::masking {
namespace {

// Each element between < and >; ! for NULL.
std::string shown(std::string_view array) {
  std::string seen;
  std::string out;
  const auto outcome = rewrite_array(
      array,
      [&](Field element, std::string&) {
        seen += element ? "<" + std::string(*element) + ">" : "!";
        return Outcome::kKept;
      },
      out);
  return outcome == Outcome::kValue ? seen : "malformed";
}

std::string with_x(std::string_view array) {
  std::string out = "before ";
  const auto outcome = rewrite_array(
      array,
      [](Field element, std::string& made) {
        if (!element || element->empty()) return Outcome::kNull;
        made = "x\"\\" + std::string(*element);
        return Outcome::kValue;
      },
      out);
  return outcome == Outcome::kValue ? out : out + "malformed";
}

TEST(ArrayLiteral, ReadsElementsAsPostgresqlWritesThem) {
  EXPECT_EQ(shown("{}"), "");
  EXPECT_EQ(shown("{a,b}"), "<a><b>");
  EXPECT_EQ(shown(R"({"a,b\"c\\d {x}","",NULL,"NULL"})"), R"(<a,b"c\d {x}><>!<NULL>)");
  EXPECT_EQ(shown("{{a,NULL},{c,d}}"), "<a>!<c><d>");
  EXPECT_EQ(shown("[0:1]={a,b}"), "<a><b>");
  EXPECT_EQ(shown("{ a b , c }"), "<a b><c>");
}

TEST(ArrayLiteral, WritesWhatReadsBackTheSame) {
  EXPECT_EQ(with_x("{a,NULL,{b}}"), R"(before {"x\"\\a",NULL,{"x\"\\b"}})");
  EXPECT_EQ(with_x("[2:3]={a,\"\"}"), R"(before [2:3]={"x\"\\a",NULL})");
}

TEST(ArrayLiteral, QuotesWhatPostgresqlQuotesAndNothingElse) {
  std::string out;
  const auto same = [](Field element, std::string& made) {
    made = element.value_or("");
    return element ? Outcome::kValue : Outcome::kNull;
  };
  const std::string array = R"({a,"b c","","null","{","x,y","q\"\\",é,NULL})";
  EXPECT_EQ(rewrite_array(array, same, out), Outcome::kValue);
  EXPECT_EQ(out, array);
}

TEST(ArrayLiteral, GivesNothingOfATextThatIsNoArray) {
  for (const char* text : {"", "a", "{", "{a", "{a,", "{a,}", "{,a}", "{\"a", "{\"a\\", "{a}b", "{a{b}}",
                           "[x={a}", "{\"a\"b}", "{{{{{{{{{a}}}}}}}}}"}) {
    EXPECT_EQ(with_x(text), "before malformed") << text;
  }
}

}  // namespace
}  // namespace summit::masking
