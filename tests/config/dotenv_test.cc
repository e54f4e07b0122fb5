#include "config/dotenv.h"

#include <gmock/gmock.h>

#include <random>

namespace summit::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::optional<std::string> nothing(const std::string&) { return std::nullopt; }

std::string value_of(std::string_view text, const std::string& name = "NAME") {
  const auto parsed = parse_dotenv(text, nothing);
  EXPECT_THAT(parsed.findings, IsEmpty());
  const auto found = parsed.entries.find(name);
  return found == parsed.entries.end() ? "<unset>" : found->second.value;
}

TEST(Dotenv, PlainValuesAreTrimmedAndEndAtAComment) {
  EXPECT_EQ(value_of("NAME=value"), "value");
  EXPECT_EQ(value_of("  NAME =  two words \t\n"), "two words");
  EXPECT_EQ(value_of("NAME=value # why"), "value");
  EXPECT_EQ(value_of("NAME=va#lue"), "va#lue");
  EXPECT_EQ(value_of("NAME=#all comment"), "");
  EXPECT_EQ(value_of("NAME="), "");
  EXPECT_EQ(value_of("NAME=a=b=c"), "a=b=c");
}

TEST(Dotenv, ExportBlankLinesCommentsAndWindowsLineEndsAreAccepted) {
  EXPECT_EQ(value_of("\xEF\xBB\xBF# first\r\n\r\nexport NAME=value\r\n"), "value");
  EXPECT_EQ(value_of("export\tNAME='x'\r\n"), "x");
  EXPECT_EQ(value_of("exported=1", "exported"), "1");
}

TEST(Dotenv, SingleQuotesKeepEverything) {
  EXPECT_EQ(value_of("NAME='a $b ${C} \\n # \"x\"' # comment"), "a $b ${C} \\n # \"x\"");
  EXPECT_EQ(value_of("NAME='two\nlines'\nOTHER=1"), "two\nlines");
}

TEST(Dotenv, DoubleQuotesKnowEscapesAndVariables) {
  EXPECT_EQ(value_of(R"(NAME="tab\t quote\" back\\ dollar\$ end")"), "tab\t quote\" back\\ dollar$ end");
  EXPECT_EQ(value_of("A=1\nNAME=\"<${A}>\""), "<1>");
  EXPECT_EQ(value_of("NAME=\"${UNSET:-default}\""), "default");
  EXPECT_EQ(value_of("NAME=\"line\nline\""), "line\nline");
}

TEST(Dotenv, ReferencesSeeEarlierLinesAndThenTheOuterVariables) {
  const auto outer = [](const std::string& name) {
    return name == "HOST" ? std::optional<std::string>("db1") : std::nullopt;
  };
  const auto parsed = parse_dotenv("USER=me\nURL=postgresql://${USER}@${HOST}/x\nNONE=${MISSING}", outer);
  EXPECT_EQ(parsed.entries.at("URL").value, "postgresql://me@db1/x");
  EXPECT_EQ(parsed.entries.at("NONE").value, "");
}

TEST(Dotenv, CommandSubstitutionStaysTextAndIsMarked) {
  const std::string command = "$(aws secretsmanager get-secret-value --secret-id summit/db/password)";
  for (const auto& line : {"NAME=" + command, "NAME=\"" + command + "\"", "NAME=" + command + " # note",
                           std::string("NAME=`id`")}) {
    const auto parsed = parse_dotenv(line, nothing);
    EXPECT_TRUE(parsed.entries.at("NAME").command_substitution) << line;
  }
  EXPECT_EQ(value_of("NAME=" + command), command);
  EXPECT_FALSE(parse_dotenv("NAME='$(literal)'", nothing).entries.at("NAME").command_substitution);
}

TEST(Dotenv, EveryMalformedLineIsFoundWithItsNumberAndWithoutItsValue) {
  const auto parsed = parse_dotenv(
      "GOOD=1\nhunter2 alone\nBAD NAME=hunter2\n1ST=hunter2\nQ=\"x\" hunter2\nOPEN='hunter2\n", nothing);
  EXPECT_THAT(parsed.findings,
              ElementsAre(HasSubstr("2: no `=`"), HasSubstr("3: this is no variable name"),
                          HasSubstr("4: this is no variable name"), HasSubstr("5: text follows"),
                          HasSubstr("6: the quoted value that begins here never ends")));
  for (const auto& finding : parsed.findings) EXPECT_EQ(finding.find("hunter2"), std::string::npos);
  EXPECT_EQ(parsed.entries.at("GOOD").value, "1");
}

TEST(Dotenv, LineNumbersCountOnAfterAQuotedValueOfSeveralLines) {
  const auto parsed = parse_dotenv("A='1\n2\n3'\nB=\"x\ny\"\nwrong\nC=1", nothing);
  EXPECT_THAT(parsed.findings, ElementsAre(HasSubstr("6: no `=`")));
  EXPECT_EQ(parsed.entries.at("C").line, 7);
}

TEST(Dotenv, RandomBytesNeverBreakTheParser) {
  std::mt19937 random(7);
  const std::string alphabet = "AB=\"'\\$({})#\n\r \t`x-:\0\xff";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (size_t length = random() % 40; length > 0; --length) text += alphabet[random() % alphabet.size()];
    const auto parsed = parse_dotenv(text, nothing);
    for (const auto& [name, entry] : parsed.entries) {
      EXPECT_FALSE(name.empty());
      EXPECT_GE(entry.line, 1);
    }
  }
}

}  // namespace
}  // namespace summit::config
