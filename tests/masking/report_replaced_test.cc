// Which texts are told when a value is replaced.
#include "masking/report_replaced.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fmt/format.h>

namespace summit::masking {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Heard final : public ReplacedPlace {
 public:
  void add(std::string_view original, std::string_view) override { texts.emplace_back(original); }
  std::vector<std::string> texts;
};

std::vector<std::string> told(std::string_view original, Field replacement) {
  Heard heard;
  ReplacedReport report;
  report.add(heard, original, replacement);
  return heard.texts;
}

std::string numbers(size_t begin, size_t end) {
  std::string text;
  for (size_t i = begin; i < end; ++i) text += fmt::format("{}-0.{}", i == begin ? "" : ",", 1'000'000 + i);
  return text;
}

TEST(ReportReplaced, TextsInsideOfWhatIsLeftAreNotTold) {
  EXPECT_THAT(told("{\"a\": \"one\", \"b\": \"two\", \"c\": 3}", "{\"a\": \"one\", \"b\": \"x\"}"),
              ElementsAre("3", "two"));
  EXPECT_THAT(told("{one,\"two, three\",one}", std::nullopt), ElementsAre("one", "two, three"));
  EXPECT_THAT(told("alone", "x"), ElementsAre("alone"));
  EXPECT_THAT(told("same", "same"), IsEmpty());
}

TEST(ReportReplaced, AnEmbeddingIsToldInPiecesAndNotNumberByNumber) {
  for (const auto& form : {"[{}]", "{{{}}}"}) {
    const auto embedding = fmt::format(fmt::runtime(form), numbers(0, 100));
    EXPECT_THAT(told(embedding, std::nullopt),
                ElementsAre(numbers(0, 32), numbers(32, 64), numbers(64, 100)));
    const auto changed = fmt::format(fmt::runtime(form), "0.5," + numbers(1, 100));
    EXPECT_THAT(told(embedding, changed), ElementsAre(numbers(0, 32)));
  }
}

TEST(ReportReplaced, AddressesPlacesAndPhonesAreNoEmbeddings) {
  for (const auto& kind : {"10.{}.3.4", "555.1{}.4567", "59.91386{}", "0.5{}x", "{}", "-.5{}"}) {
    std::string list;
    for (size_t i = 0; i < 70; ++i) list += (i == 0 ? "" : ",") + fmt::format(fmt::runtime(kind), 10 + i);
    EXPECT_THAT(told("{" + list + "}", std::nullopt), SizeIs(70)) << kind;
  }
}

TEST(ReportReplaced, ListsOfFewOrWholeNumbersAreToldOneByOne) {
  EXPECT_THAT(told("[" + numbers(0, 63) + "]", std::nullopt), SizeIs(63));
  std::string cards;
  for (size_t i = 0; i < 70; ++i) cards += fmt::format("{}{}", i == 0 ? "" : ",", 4'000'000'000'000'000 + i);
  EXPECT_THAT(told("{" + cards + "}", std::nullopt), SizeIs(70));
}

}  // namespace
}  // namespace summit::masking
