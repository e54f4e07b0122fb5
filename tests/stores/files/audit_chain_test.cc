#include "stores/files/audit_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/digest.h"

namespace summit::files {
namespace {

using testing::HasSubstr;

const std::string kZero(64, '0');

// Lines with these actions, chained from (seq, hash).
std::vector<std::string> chain(const std::vector<std::string>& actions, uint64_t seq = 1,
                               std::string before = kZero) {
  std::vector<std::string> lines;
  for (const auto& action : actions) {
    std::string line = R"({"seq":)" + std::to_string(seq++) +
                       R"(,"ts":"2026-01-01T00:00:00Z","actor":"ana","action":")" + action +
                       R"(","prev_hash":")" + before + R"("})";
    before = hash_of_entry(line).value();
    line.insert(line.size() - 1, R"(,"hash":")" + before + "\"");
    lines.push_back(line);
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

ChainSegment check(const std::string& text, size_t step = 7, const std::string& path = "audit.jsonl") {
  ChainChecker checker(path);
  for (size_t at = 0; at < text.size(); at += step) checker.feed(std::string_view(text).substr(at, step));
  return checker.finish();
}

TEST(AuditChain, HasTheDocumentedHash) {
  const std::string line =
      R"({"ts":"2026-01-01T00:00:00Z", "seq":1,"actor":"ana","action":"login","prev_hash":")" + kZero + "\"}";
  EXPECT_EQ(hash_of_entry(line), "92bb7ccd3f95c6f7286432f2e30781567ac28d52f0446322c7581eba3bca583f");
}

TEST(AuditChain, HashesEveryMemberByTypeAndLength) {
  const std::string head =
      R"({"seq":1,"ts":"2026-01-01T00:00:00Z","actor":"a","action":"b","prev_hash":")" + kZero + "\"";
  std::set<std::string> hashes;
  for (const char* more : {"", R"(,"x":"1")", R"(,"x":1)", R"(,"x":true)", R"(,"x":null)", R"(,"x":"")",
                           R"(,"y":"1")", R"(,"x":-1)", R"(,"x":"i1:1")"})
    hashes.insert(hash_of_entry(head + more + "}").value());
  EXPECT_EQ(hashes.size(), 9u);
  EXPECT_EQ(hash_of_entry(head + R"(,"x":"\u00e9"})"), hash_of_entry(head + ",\"x\":\"\xc3\xa9\"}"));
  for (const char* more : {R"(,"x":1.5)", R"(,"x":[])", R"(,"x":{})", R"(,"actor":"twice")"})
    EXPECT_EQ(hash_of_entry(head + more + "}"), std::nullopt) << more;
}

TEST(AuditChain, ASoundChainHasItsHead) {
  const auto lines = chain({"login", "read \xf0\x9f\x98\x80", "logout"});
  for (const size_t step : {size_t{1}, size_t{50}, size_t{100000}}) {
    const auto report = join_chain({check(joined(lines), step)});
    EXPECT_EQ(report.problem, std::nullopt);
    EXPECT_EQ(report.entries, 3u);
    EXPECT_EQ(report.head,
              "3 " + hash_of_entry(lines[2].substr(0, lines[2].find(",\"hash\"")) + "}").value());
  }
  EXPECT_EQ(join_chain({check("")}).problem, std::nullopt);
}

TEST(AuditChain, EveryChangeShowsWithItsPlace) {
  const auto lines = chain({"one", "two", "three", "four"});
  auto changed = lines;
  changed[1].replace(changed[1].find("two"), 3, "owt");
  EXPECT_THAT(check(joined(changed)).problem, HasSubstr("audit.jsonl:2: hash differs"));
  EXPECT_THAT(check(joined({lines[0], lines[2], lines[3]})).problem,
              HasSubstr("audit.jsonl:2: seq is 3 after 1"));
  EXPECT_THAT(check(joined({lines[0], lines[2], lines[1]})).problem, HasSubstr(":2:"));
  EXPECT_THAT(check(joined({lines[0], lines[0]})).problem, HasSubstr(":2:"));
  EXPECT_THAT(check(lines[0] + "\n\n" + lines[1] + "\n").problem, HasSubstr(":2: not one JSON object"));
  EXPECT_THAT(check("garbage\n").problem, HasSubstr(":1: not one JSON object"));

  // Rewritten from one entry on, with fitting hashes: the link to the entry before betrays it.
  const auto forged = chain({"TWO"}, 2, kZero);
  EXPECT_THAT(check(joined({lines[0], forged[0]})).problem, HasSubstr(":2: prev_hash is not the hash"));
}

TEST(AuditChain, ALineThatIsBeingWrittenIsNoBreak) {
  const auto lines = chain({"one", "two"});
  const auto report = join_chain({check(lines[0] + "\n" + lines[1].substr(0, 30))});
  EXPECT_EQ(report.problem, std::nullopt);
  EXPECT_EQ(report.entries, 1u);
  EXPECT_THAT(report.notes, testing::ElementsAre(HasSubstr("still being written")));
}

TEST(AuditChain, GoesOnAcrossFilesInTheOrderOfTheirEntries) {
  const auto lines = chain({"1", "2", "3", "4", "5"});
  const auto first = check(joined({lines[0], lines[1]}), 9, "b.jsonl");
  const auto second = check(joined({lines[2], lines[3], lines[4]}), 9, "a.jsonl");
  EXPECT_EQ(join_chain({second, first}).problem, std::nullopt);
  EXPECT_EQ(join_chain({second, first}).entries, 5u);
  const auto late = check(joined({lines[3], lines[4]}), 9, "a.jsonl");
  EXPECT_THAT(join_chain({late, first}).problem.value_or(""),
              HasSubstr("a.jsonl:1: does not continue b.jsonl"));
  EXPECT_THAT(join_chain({second}).notes, testing::ElementsAre(HasSubstr("begins with seq 3")));
  EXPECT_EQ(join_chain({second}).problem, std::nullopt);
}

}  // namespace
}  // namespace summit::files
