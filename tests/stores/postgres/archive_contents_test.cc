#include "stores/postgres/archive_contents.h"

#include <random>

#include "tests/stores/postgres/helper/test_database.h"

namespace summit::postgres {
namespace {

using testing::HasSubstr;

class ArchiveContentsTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    create_database("summit");
    run("summit",
        "CREATE TABLE public.t (id serial, v text); INSERT INTO public.t (v) SELECT 'x' FROM "
        "generate_series(1, 3); "
        "CREATE VIEW public.w AS SELECT * FROM public.t; CREATE EXTENSION hstore SCHEMA public");
    const auto archive = dump("summit").archive;
    bytes_ = expect_ok(read_file(archive));
    contents_ = expect_ok(read_archive_contents(archive));
  }

  std::string bytes_;
  ArchiveContents contents_;
};

TEST_F(ArchiveContentsTest, TheTableOfContentsIsReadWhole) {
  EXPECT_EQ(contents_.database, "summit");
  EXPECT_EQ(contents_.server_version.substr(0, 3), "16.");
  EXPECT_EQ(contents_.count("TABLE"), 1u);
  EXPECT_EQ(contents_.count("TABLE DATA"), 1u);
  EXPECT_EQ(contents_.count("SEQUENCE SET"), 1u);
  EXPECT_EQ(contents_.count("DATABASE"), 1u);
  EXPECT_TRUE(contents_.has_extension("hstore"));
  EXPECT_FALSE(contents_.has_extension("timescaledb"));
  const auto view = std::find_if(contents_.entries.begin(), contents_.entries.end(),
                                 [](const ArchiveEntry& entry) { return entry.description == "VIEW"; });
  ASSERT_NE(view, contents_.entries.end());
  EXPECT_EQ(view->schema, "public");
  EXPECT_EQ(view->owner, "summit");
  EXPECT_THAT(view->definition, HasSubstr("CREATE VIEW public.w"));
}

TEST_F(ArchiveContentsTest, AHeadThatEndsEarlyAsksForMore) {
  for (const size_t size : {size_t{0}, size_t{3}, size_t{11}, size_t{60}, size_t{700}}) {
    const auto parsed = parse_archive_contents(std::string_view(bytes_).substr(0, size));
    ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
    EXPECT_FALSE(parsed->has_value()) << size;
  }
}

TEST_F(ArchiveContentsTest, AStreamInSmallPiecesGivesTheSame) {
  ArchiveHead head;
  for (size_t i = 0; i < bytes_.size(); i += 7) {
    expect_ok(head.feed(as_bytes(std::string_view(bytes_).substr(i, 7))));
  }
  EXPECT_EQ(expect_ok(std::move(head).contents()).entries.size(), contents_.entries.size());
}

TEST_F(ArchiveContentsTest, DamagedHeadsAreErrorsOrContentsAndNeverMore) {
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = bytes_.substr(0, random() % bytes_.size());
    for (int flips = 0; flips < 4 && !damaged.empty(); ++flips)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto parsed = parse_archive_contents(damaged);
    EXPECT_LE(parsed.ok() && parsed->has_value() ? (*parsed)->entries.size() : 0, damaged.size());
  }
}

TEST_F(ArchiveContentsTest, OtherVersionsAndFormatsAreNamed) {
  std::string future = bytes_;
  future[6] = 99;
  EXPECT_EQ(parse_archive_contents(future).error().code(), Code::kUnsupported);
  std::string directory = bytes_;
  directory[10] = 5;
  EXPECT_THAT(parse_archive_contents(directory).error().message(), HasSubstr("format is not custom"));
  EXPECT_EQ(parse_archive_contents("PK\x03\x04 something else altogether").error().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace summit::postgres
