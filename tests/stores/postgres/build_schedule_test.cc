#include "stores/postgres/build_schedule.h"

#include <gmock/gmock.h>

#include "core/task_group.h"
#include "stores/postgres/load_plan.h"

namespace summit::postgres {
namespace {

using pgarchive::Contents;
using pgarchive::Entry;
using pgarchive::Section;
using testing::ElementsAre;

// A table of contents in few words.
class Archive {
 public:
  Archive& add(int64_t id, const std::string& kind, const std::string& tag,
               std::vector<std::string> needs = {}, const std::string& definition = "") {
    Entry entry;
    entry.id = id;
    entry.description = kind;
    entry.tag = tag;
    entry.schema = "public";
    entry.definition = definition;
    entry.dependencies = std::move(needs);
    const bool pre = kind == "TABLE" || kind == "TABLE ATTACH" || kind == "VIEW";
    const bool none = kind == "ACL" || kind == "COMMENT";
    const bool data = kind == "TABLE DATA" || kind == "SEQUENCE SET";
    entry.section = pre    ? Section::kPreData
                    : none ? Section::kNone
                    : data ? Section::kData
                           : Section::kPostData;
    if (kind == "TABLE DATA") {
      entry.has_data = true;
      entry.copy = "COPY public." + tag + " (id) FROM stdin;\n";
    }
    contents.entries.push_back(std::move(entry));
    return *this;
  }
  LoadPlan plan() const { return plan_load(contents, {}); }

  Contents contents;
};

std::vector<std::string> tags(const LoadPlan::Entries& entries) {
  std::vector<std::string> found;
  for (const auto* entry : entries) found.push_back(*entry->tag);
  return found;
}

std::optional<BuildSchedule::Build> next(BuildSchedule& schedule) {
  auto build = schedule.next({});
  EXPECT_TRUE(build.ok());
  return build.ok() ? *build : std::nullopt;
}

TEST(LoadPlan, EachEntryHasItsPart) {
  Archive archive;
  archive.add(1, "TABLE", "t")
      .add(2, "COMMENT", "TABLE t", {"1"})
      .add(3, "ACL", "TABLE t", {"1"})
      .add(4, "TABLE DATA", "t", {"1"})
      .add(5, "SEQUENCE SET", "s")
      .add(6, "CONSTRAINT", "pk", {"1"})
      .add(7, "INDEX", "i", {"1"})
      .add(8, "COMMENT", "INDEX i", {"7"})
      .add(9, "TRIGGER", "g", {"1"})
      .add(10, "FK CONSTRAINT", "fk", {"1", "6"});
  const auto plan = archive.plan();
  EXPECT_THAT(tags(plan.before), ElementsAre("t", "TABLE t"));
  EXPECT_THAT(tags(plan.rows), ElementsAre("t"));
  EXPECT_THAT(tags(plan.sequences), ElementsAre("s"));
  EXPECT_THAT(tags(plan.builds), ElementsAre("pk", "i"));
  EXPECT_THAT(tags(plan.foreign_keys), ElementsAre("fk"));
  EXPECT_THAT(tags(plan.after), ElementsAre("TABLE t", "INDEX i", "g")) << "grants come after the data";
}

// A materialized view that groups by a primary key is defined after it, and its indexes after that.
TEST(LoadPlan, AnIndexThatNeedsALaterDefinitionIsLeftToItsOrder) {
  Archive archive;
  archive.add(1, "TABLE", "t")
      .add(2, "CONSTRAINT", "pk", {"1"})
      .add(3, "MATERIALIZED VIEW", "v", {"1", "2"})
      .add(4, "INDEX", "i", {"3"})
      .add(5, "INDEX", "of_t", {"1"});
  const auto plan = archive.plan();
  EXPECT_THAT(tags(plan.builds), ElementsAre("pk", "of_t"));
  EXPECT_THAT(tags(plan.after), ElementsAre("v", "i"));
}

TEST(BuildSchedule, TheMostExpensiveComesFirst) {
  Archive archive;
  archive.add(1, "TABLE", "small")
      .add(2, "TABLE", "large")
      .add(3, "INDEX", "of_small", {"1"}, "CREATE INDEX ON public.small USING btree (id);")
      .add(4, "INDEX", "of_large", {"2"}, "CREATE INDEX ON public.large USING btree (id);")
      .add(5, "INDEX", "graph", {"1"}, "CREATE INDEX ON public.small USING hnsw (v);");
  BuildSchedule schedule(archive.contents, archive.plan().builds);
  schedule.loaded({{1, {1000, 0}}, {2, {50000, 0}}});
  EXPECT_EQ(*next(schedule)->entry->tag, "graph");
  EXPECT_EQ(*next(schedule)->entry->tag, "of_large");
  const auto last = next(schedule);
  EXPECT_EQ(*last->entry->tag, "of_small");
  EXPECT_EQ(last->table_bytes, 1000u);
  EXPECT_FALSE(next(schedule)) << "three were all";
}

TEST(BuildSchedule, TheBuildsOfATableAreAddedUpByTheirKind) {
  Archive archive;
  archive.add(1, "TABLE", "small")
      .add(2, "TABLE", "large")
      .add(3, "TABLE", "plain")
      .add(4, "CONSTRAINT", "key", {"1"}, "ALTER TABLE ONLY public.small ADD PRIMARY KEY (id);")
      .add(5, "INDEX", "by_id", {"1"}, "CREATE INDEX ON public.small USING btree (id);")
      .add(6, "INDEX", "by_word", {"2"}, "CREATE INDEX ON public.large USING gin (words);");
  EXPECT_THAT(builds_of_tables(archive.contents, archive.plan().builds),
              ElementsAre(testing::Pair(1, 2.0), testing::Pair(2, 8.0)));
}

TEST(BuildSchedule, NothingIsBuiltOnATableThatIsLoading) {
  Archive archive;
  archive.add(1, "TABLE", "first")
      .add(2, "TABLE", "second")
      .add(3, "INDEX", "of_first", {"1"})
      .add(4, "INDEX", "of_second", {"2"});
  const auto builds = archive.plan().builds;
  BuildSchedule schedule(archive.contents, builds, {1, 2});
  schedule.loaded({{2, {500, 5}}});
  const auto first = next(schedule);
  EXPECT_EQ(*first->entry->tag, "of_second");
  EXPECT_EQ(first->table_bytes, 500u);
  schedule.done(*first);
  // Nothing runs, and nothing may begin: that is no circle while a table is loading.
  std::optional<BuildSchedule::Build> second;
  TaskGroup group{Cancellation()};
  group.spawn([&]() -> Result<void> {
    second = next(schedule);
    return {};
  });
  schedule.loaded({{1, {100, 1}}});
  ASSERT_TRUE(group.join().ok());
  ASSERT_TRUE(second);
  EXPECT_EQ(*second->entry->tag, "of_first");
  EXPECT_EQ(second->share, 1);
  EXPECT_FALSE(next(schedule));
}

// A COPY into a partition locks its parent.
TEST(BuildSchedule, AKeyOfAPartitionedTableWaitsForThePartitionsRowsAndThoseForTheirOwn) {
  Archive archive;
  archive.add(1, "TABLE", "root")
      .add(2, "TABLE", "part")
      .add(3, "TABLE", "other_part")
      .add(4, "TABLE ATTACH", "part", {"1", "2"})
      .add(5, "TABLE ATTACH", "other_part", {"1", "3"})
      .add(6, "CONSTRAINT", "root_key", {"1"})
      .add(7, "CONSTRAINT", "part_key", {"2"});
  const auto builds = archive.plan().builds;
  BuildSchedule schedule(archive.contents, builds, {2, 3});
  schedule.loaded({{2, {}}});
  EXPECT_EQ(*next(schedule)->entry->tag, "part_key");
  Cancellation stop;
  stop.request();
  EXPECT_EQ(schedule.next(stop).error().code(), Code::kCancelled) << "it waits";
  schedule.loaded({{3, {}}});
  EXPECT_EQ(*next(schedule)->entry->tag, "root_key");
}

TEST(BuildSchedule, AForeignKeyWaitsForBothItsTables) {
  Archive archive;
  archive.add(1, "TABLE", "t").add(2, "TABLE", "u").add(3, "FK CONSTRAINT", "fk", {"1", "2"});
  const auto keys = archive.plan().foreign_keys;
  BuildSchedule schedule(archive.contents, keys, {1, 2});
  Cancellation stop;
  schedule.loaded({{1, {}}});
  stop.request();
  EXPECT_EQ(schedule.next(stop).error().code(), Code::kCancelled) << "it waits";
  schedule.loaded({{2, {}}});
  EXPECT_TRUE(next(schedule));
}

TEST(BuildSchedule, ManyShortRowsCostMoreThanFewLongOnes) {
  Archive archive;
  archive.add(1, "TABLE", "wide")
      .add(2, "TABLE", "narrow")
      .add(3, "INDEX", "of_wide", {"1"})
      .add(4, "INDEX", "of_narrow", {"2"});
  BuildSchedule schedule(archive.contents, archive.plan().builds);
  schedule.loaded({{1, {800'000'000, 400'000}}, {2, {200'000'000, 6'000'000}}});
  EXPECT_EQ(*next(schedule)->entry->tag, "of_narrow");
}

TEST(BuildSchedule, AConstraintHasItsTableToItself) {
  Archive archive;
  archive.add(1, "TABLE", "t")
      .add(2, "TABLE", "u")
      .add(3, "CONSTRAINT", "pk", {"1"})
      .add(4, "INDEX", "i", {"1"});
  archive.add(5, "INDEX", "j", {"1"}).add(6, "INDEX", "of_u", {"2"});
  BuildSchedule schedule(archive.contents, archive.plan().builds);
  schedule.loaded({{1, {100, 0}}, {2, {10, 0}}});
  const auto first = next(schedule);
  EXPECT_EQ(*first->entry->tag, "pk");
  EXPECT_EQ(*next(schedule)->entry->tag, "of_u") << "the indexes of t would wait";
  schedule.done(*first);
  EXPECT_EQ(*next(schedule)->entry->tag, "i");
  EXPECT_EQ(*next(schedule)->entry->tag, "j") << "indexes of one table go side by side";
}

TEST(BuildSchedule, AConstraintDoesNotWaitForTheLongIndexesOfItsTable) {
  Archive archive;
  archive.add(1, "TABLE", "t")
      .add(2, "TABLE", "u")
      .add(3, "INDEX", "graph", {"1"}, "CREATE INDEX ON public.t USING hnsw (v);")
      .add(4, "CONSTRAINT", "pk", {"1"})
      .add(5, "INDEX", "words", {"2"}, "CREATE INDEX ON public.u USING gin (w);");
  BuildSchedule schedule(archive.contents, archive.plan().builds);
  schedule.loaded({{1, {1000, 0}}, {2, {1000, 0}}});
  const auto first = next(schedule);
  EXPECT_EQ(*first->entry->tag, "pk");
  EXPECT_EQ(*next(schedule)->entry->tag, "words");
  schedule.done(*first);
  EXPECT_EQ(*next(schedule)->entry->tag, "graph");
}

TEST(BuildSchedule, ForeignKeysOfOneFamilyOfPartitionsComeOneAfterTheOther) {
  Archive archive;
  archive.add(1, "TABLE", "root")
      .add(2, "TABLE", "part")
      .add(3, "TABLE ATTACH", "part", {"1", "2"})
      .add(4, "TABLE", "other")
      .add(5, "TABLE", "third")
      .add(6, "FK CONSTRAINT", "root_other", {"1", "4"})
      .add(7, "FK CONSTRAINT", "other_part", {"4", "2"})
      .add(8, "FK CONSTRAINT", "third_third", {"5"});
  BuildSchedule schedule(archive.contents, archive.plan().foreign_keys);
  const auto first = next(schedule);
  EXPECT_EQ(*first->entry->tag, "root_other");
  EXPECT_EQ(*next(schedule)->entry->tag, "third_third");
  schedule.done(*first);
  EXPECT_EQ(*next(schedule)->entry->tag, "other_part");
}

TEST(BuildSchedule, CirclesAreDamage) {
  Archive archive;
  archive.add(1, "INDEX", "a", {"2"}).add(2, "INDEX", "b", {"1"});
  BuildSchedule schedule(archive.contents, archive.plan().builds);
  const auto build = schedule.next({});
  ASSERT_FALSE(build.ok());
  EXPECT_EQ(build.error().code(), Code::kCorrupt);
}

TEST(BuildSchedule, SharesFollowTheCost) {
  Archive archive;
  archive.add(1, "TABLE", "t").add(2, "TABLE", "u").add(3, "INDEX", "i", {"1"}).add(4, "INDEX", "j", {"2"});
  BuildSchedule schedule(archive.contents, archive.plan().builds);
  schedule.loaded({{1, {300, 0}}, {2, {100, 0}}});
  const auto first = next(schedule);
  EXPECT_DOUBLE_EQ(first->share, 0.75);
  schedule.done(*first);
  EXPECT_DOUBLE_EQ(next(schedule)->share, 1.0);
}

}  // namespace
}  // namespace summit::postgres
