// A graph file of a backup, looked through, shown and masked without a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/bolt/packstream.h"
#include "recovery/masked_store.h"
#include "stores/neo4j/graph_file.h"
#include "tests/masking/make_rules.h"
#include "tests/recovery/one_artifact.h"

namespace summit::recovery {
namespace {

using neo4j::GraphRecord;
using neo4j::Value;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string packed(const Value& value) {
  std::string bytes;
  EXPECT_TRUE(bolt::Writer(bytes).value(value).ok());
  return bytes;
}

// Two persons, one of whom knows the other, an index, and what was cut.
std::string graph_file() {
  std::string file;
  neo4j::GraphWriter writer([&](ByteView bytes) -> Result<void> {
    file += as_text(bytes);
    return {};
  });
  const auto labels = packed(Value{Value::List{Value{"User"}, Value{"Classified"}}});
  const auto ada = packed(Value{Value::Map{{"email", Value{"ada@secret.org"}}, {"id", Value{int64_t{1}}}}});
  const auto bob = packed(Value{Value::Map{{"email", Value{"bob@secret.org"}}, {"id", Value{int64_t{2}}}}});
  const auto knows = packed(Value{Value::Map{{"since", Value{int64_t{1815}}}}});
  EXPECT_TRUE(writer.facts(GraphRecord::kHeader, {{"database", Value{"neo4j"}}}).ok());
  EXPECT_TRUE(writer.facts(GraphRecord::kIndex, {{"name", Value{"by_id"}}}).ok());
  EXPECT_TRUE(writer.node(10, as_bytes(labels), as_bytes(ada)).ok());
  EXPECT_TRUE(writer.node(11, as_bytes(labels), as_bytes(bob)).ok());
  EXPECT_TRUE(writer.relationship(5, 10, 11, "KNOWS", as_bytes(knows)).ok());
  EXPECT_TRUE(writer.cut("OWNS", 3).ok());
  EXPECT_TRUE(writer.finish().ok());
  return file;
}

// "node 10 [User] {…}" a record.
class Lines final : public neo4j::GraphVisitor {
 public:
  Result<void> facts(GraphRecord kind, const Value::Map& facts) override {
    all.push_back(fmt::format("{} {}", static_cast<char>(kind), neo4j::to_text(Value{facts})));
    return {};
  }
  Result<void> node(int64_t id, ByteView labels, ByteView properties) override {
    all.push_back(fmt::format("node {} {} {}", id, text(labels), text(properties)));
    return {};
  }
  Result<void> relationship(int64_t id, int64_t start, int64_t end, std::string_view type,
                            ByteView properties) override {
    all.push_back(fmt::format("{} {}-[{}]->{} {}", id, start, type, end, text(properties)));
    return {};
  }
  Result<void> cut(std::string_view type, uint64_t count) override {
    all.push_back(fmt::format("cut {} {}", type, count));
    return {};
  }
  std::vector<std::string> all;

 private:
  static std::string text(ByteView bytes) {
    bolt::Cursor cursor(bytes);
    const auto value = bolt::read_value(cursor);
    return value.ok() ? neo4j::to_text(*value) : "?";
  }
};

class MaskedGraphFile : public testing::Test {
 protected:
  void rules(const std::string& list) {
    auto read = masking::read_rules("key: {env: K}\nrules:\n  neo4j:\n" + list);
    ASSERT_TRUE(read.ok()) << read.error().message();
    session_.rules = *std::move(read);
    session_.key = masking::test_key();
    context_.emplace(RestoreContext{.configuration = configuration_,
                                    .environment = environment_,
                                    .backup = backup_,
                                    .reporter = reporter_,
                                    .cancellation = {},
                                    .sealing_key = {},
                                    .workspace = {},
                                    .masking = &session_});
    store_ = make_masked_neo4j(*context_, backup_.component());
  }

  OneArtifact backup_{"neo4j", "neo4j.graph", graph_file()};
  config::Configuration configuration_;
  config::Environment environment_;
  SilentReporter reporter_;
  masking::Session session_;
  std::optional<RestoreContext> context_;
  std::unique_ptr<MaskedStore> store_;
};

constexpr const char* kUser =
    "    - {label: User, set: {email: {template: \"dev_{id}@example.com\"}}}\n"
    "    - {label: Classified, replace_label: DevData}\n";

TEST_F(MaskedGraphFile, HasTheMaskedElementsAndEverythingElseAsItWas) {
  rules(kUser);
  const auto audit = store_->audit();
  ASSERT_TRUE(audit.ok()) << audit.error().to_string();
  EXPECT_THAT(audit->findings, IsEmpty());
  EXPECT_EQ(audit->counts.at("nodes"), 2u);
  std::string masked;
  const auto written = store_->write("neo4j.graph", [&](ByteView bytes) -> Result<void> {
    masked += as_text(bytes);
    return {};
  });
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  EXPECT_EQ(masked.find("secret.org"), std::string::npos);
  Lines lines;
  neo4j::GraphReader reader(lines);
  ASSERT_TRUE(reader.write(as_bytes(masked)).ok());
  ASSERT_TRUE(reader.finish().ok());
  EXPECT_THAT(lines.all, ElementsAre(HasSubstr("neo4j"), HasSubstr("by_id"),
                                     AllOf(HasSubstr("node 10"), HasSubstr("DevData"),
                                           HasSubstr("dev_1@example.com"), Not(HasSubstr("Classified"))),
                                     AllOf(HasSubstr("node 11"), HasSubstr("dev_2@example.com")),
                                     AllOf(HasSubstr("10-[KNOWS]->11"), HasSubstr("1815")), "cut OWNS 3"));
}

TEST_F(MaskedGraphFile, WhatNoRuleCoversIsFoundAndNoFileIsGiven) {
  rules("    - {label: Classified, replace_label: DevData}\n");
  const auto audit = store_->audit();
  ASSERT_TRUE(audit.ok()) << audit.error().to_string();
  EXPECT_THAT(audit->findings, Contains(Field(&AuditFinding::place, HasSubstr("email"))));
  const auto refused = store_->write("neo4j.graph", [](ByteView) -> Result<void> {
    ADD_FAILURE() << "bytes were given";
    return {};
  });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::kRefused);
  EXPECT_THAT(refused.error().message(), Not(HasSubstr("secret.org")));
}

TEST_F(MaskedGraphFile, ThePreviewShowsPropertiesBeforeAndAfter) {
  rules(kUser);
  const auto values = store_->preview(1);
  ASSERT_TRUE(values.ok()) << values.error().to_string();
  ASSERT_EQ(values->size(), 1u);
  EXPECT_EQ(values->front().before, "ada@secret.org");
  EXPECT_EQ(values->front().after, "dev_1@example.com");
}

}  // namespace
}  // namespace summit::recovery
