// Lines of one owner out of JSON-lines files, and parts of a tree.
#include "stores/files/record_filter.h"

#include <gmock/gmock.h>

#include "tree.h"

namespace summit::files {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Filtered {
  std::string text;
  uint64_t taken = 0;
  uint64_t malformed = 0;
};

Filtered filtered(const RecordRule& rule, std::string_view input, size_t piece) {
  Filtered result;
  RecordFilter filter(rule, [&](ByteView bytes) -> Result<void> {
    result.text += as_text(bytes);
    return {};
  });
  for (size_t at = 0; at < input.size(); at += piece) EXPECT_TRUE(filter.feed(input.substr(at, piece)).ok());
  EXPECT_TRUE(filter.finish().ok());
  result.taken = filter.taken();
  result.malformed = filter.malformed();
  return result;
}

TEST(RecordFilter, TakesLinesWhoseMemberIsTheValueHoweverTheBytesArrive) {
  const std::string input =
      "{\"tenant_id\": \"acme\", \"n\": 1}\n"
      "{\"n\": 2, \"tenant_id\": \"globex\", \"note\": \"acme\"}\n"
      "\n"
      "no json, acme\n"
      "[\"acme\"]\n"
      "{\"tenant_id\":\"\\u0061cme\",\"n\":3}\n"
      "{\"nested\": {\"tenant_id\": \"acme\"}}\n"
      "{\"tenant_id\": null}\n"
      "{\"tenant_id\": \"acme\", \"n\": 4}";
  for (const size_t piece : {size_t{1}, size_t{7}, input.size()}) {
    const auto result = filtered({"*", "tenant_id", "acme"}, input, piece);
    EXPECT_EQ(result.text,
              "{\"tenant_id\": \"acme\", \"n\": 1}\n{\"tenant_id\":\"\\u0061cme\",\"n\":3}\n"
              "{\"tenant_id\": \"acme\", \"n\": 4}\n");
    EXPECT_EQ(result.taken, 3U);
    EXPECT_EQ(result.malformed, 2U);
  }
}

TEST(RecordFilter, NumbersAreIdsToo) {
  EXPECT_EQ(
      filtered({"*", "id", "17"}, "{\"id\":17}\n{\"id\":170}\n{\"id\":\"17\"}\n{\"id\":true}\n", 100).text,
      "{\"id\":17}\n{\"id\":\"17\"}\n");
}

TEST(RecordFilter, ALineWithoutEndIsLeftOutInBoundedMemory) {
  const RecordRule rule{"*", "id", "1"};
  uint64_t bytes = 0;
  RecordFilter filter(rule, [&](ByteView taken) -> Result<void> {
    bytes += taken.size();
    return {};
  });
  const std::string block(MiB, 'x');
  for (int i = 0; i < 70; ++i) ASSERT_TRUE(filter.feed(block).ok());
  ASSERT_TRUE(filter.feed("\n{\"id\":1}\n").ok());
  ASSERT_TRUE(filter.finish().ok());
  EXPECT_EQ(filter.malformed(), 1U);
  EXPECT_EQ(filter.taken(), 1U);
  EXPECT_EQ(bytes, 9U);
}

// The way of a backup of one tenant and of its restore into a tree that others use.
class PartOfATree : public testing::Test {
 protected:
  PartOfATree() {
    tree_.put("tenants/acme.yaml", "acme's");
    tree_.put("tenants/globex.yaml", "globex's");
    tree_.put("tenants/acme/logo", "logo");
    tree_.put("shared.yaml", "everybody's");
    tree_.put("logs/a.jsonl", "{\"t\":\"acme\",\"n\":1}\n{\"t\":\"globex\",\"n\":2}\n");
    tree_.put("logs/b.jsonl", "{\"t\":\"globex\",\"n\":3}\n");
    fs::create_symlink("a.jsonl", tree_.root() / "logs/link.jsonl");
    records_.rules = {{"logs/*.jsonl", "t", "acme"}};
    records_.suffix = ".tenant-acme";
    patterns_.only = {"tenants/acme.yaml", "tenants/acme/**"};
    for (const auto& pattern : records_.made_patterns()) patterns_.only.push_back(pattern);
  }

  CaptureReport captured(const fs::path& root, const RecordRules& records, std::string* archive) {
    CaptureOptions options;
    options.root = root;
    options.patterns = patterns_;
    options.records = records;
    std::unique_ptr<ArchiveWriter> writer;
    if (archive != nullptr) {
      writer = *ArchiveWriter::create([archive](ByteView bytes) -> Result<void> {
        *archive += as_text(bytes);
        return {};
      });
    }
    auto report = capture_tree(options, writer.get());
    EXPECT_TRUE(report.ok()) << report.error().message();
    if (writer) {
      EXPECT_TRUE(writer->finish().ok());
    }
    return *std::move(report);
  }

  Tree tree_;
  RecordRules records_;
  TreePatterns patterns_;
};

TEST_F(PartOfATree, ComesBackBesideWhatOthersHave) {
  std::string archive;
  const auto report = captured(tree_.root(), records_, &archive);
  EXPECT_EQ(report.files, 3U) << "the yaml, the logo, and the lines of one log";
  EXPECT_EQ(report.records, 1U);
  EXPECT_THAT(report.problems, IsEmpty());

  tree_.put_in(tree_.target(), "tenants/globex.yaml", "globex's");
  tree_.put_in(tree_.target(), "tenants/acme.yaml", "spoiled");
  tree_.put_in(tree_.target(), "tenants/acme/new", "made since");
  tree_.put_in(tree_.target(), "logs/a.jsonl", "whole log\n");
  RestoreOptions options;
  options.root = tree_.target();
  options.recorded = patterns_;
  const auto restored = Tree::restore_with(archive, std::move(options));
  ASSERT_TRUE(restored.ok()) << restored.error().message();

  EXPECT_EQ(Tree::get(tree_.target() / "tenants/acme.yaml"), "acme's");
  EXPECT_EQ(Tree::get(tree_.target() / "tenants/acme/logo"), "logo");
  EXPECT_FALSE(fs::exists(tree_.target() / "tenants/acme/new")) << "it belongs to the part and was not in it";
  EXPECT_EQ(Tree::get(tree_.target() / "tenants/globex.yaml"), "globex's");
  EXPECT_EQ(Tree::get(tree_.target() / "logs/a.jsonl"), "whole log\n");
  EXPECT_EQ(Tree::get(tree_.target() / "logs/a.jsonl.tenant-acme"), "{\"t\":\"acme\",\"n\":1}\n");
  EXPECT_FALSE(fs::exists(tree_.target() / "shared.yaml"));
  const auto read_back = captured(tree_.target(), {}, nullptr);
  EXPECT_EQ(read_back.fingerprint.hex(), report.fingerprint.hex());
}

TEST_F(PartOfATree, LinesThatCameFromABackupAreNoSource) {
  tree_.put("logs/a.jsonl.tenant-acme", "{\"t\":\"acme\",\"n\":99}\n");
  std::string archive;
  const auto report = captured(tree_.root(), records_, &archive);
  EXPECT_EQ(report.records, 1U);
  EXPECT_THAT(report.notes, Contains(HasSubstr("logs/a.jsonl.tenant-acme: left out")));
}

}  // namespace
}  // namespace summit::files
