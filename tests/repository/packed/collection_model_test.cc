// Every order of the steps of writers and collectors, and what each rule of the protocol is for: without it,
// the model finds a loss.
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/repository/packed/explorer.h"
#include "tests/repository/packed/model.h"

namespace summit::repository::packed::model {
namespace {

constexpr uint64_t kLimit = 3'000'000;  // states; no scope below comes near it

Exploration explore(const Scope& scope, const Rules& rules) {
  const Protocol protocol(scope, rules);
  return Explorer<Protocol>(protocol, kLimit).run();
}

const Scope kCollection{
    .writers = 1, .collectors = 2, .runs = 1, .max_records = 8, .removes = true, .floors = true};
const Scope kTwoWriters{
    .writers = 2, .collectors = 1, .runs = 2, .max_records = 8, .removes = true, .floors = true};
const Scope kThreeWriters{
    .writers = 3, .collectors = 1, .runs = 1, .max_records = 4, .removes = true, .floors = true};
const Scope kRelocation{.writers = 1,
                        .collectors = 2,
                        .runs = 1,
                        .max_records = 7,
                        .removes = true,
                        .relocates = true,
                        .floors = true,
                        .uncertain_creates = true};
// The first writer's pack has a chunk that the second, who adopts the pack, does not need.
const Scope kAdoption{.writers = 2,
                      .collectors = 2,
                      .runs = 1,
                      .max_records = 4,
                      .relocates = true,
                      .writer_chunks = {2, 1, 1}};
const Scope kCompaction{.writers = 1,
                        .collectors = 1,
                        .runs = 3,
                        .max_records = 7,
                        .removes_any = true,
                        .compacts = true,
                        .uncertain_creates = true};
const Scope kCompactionTwoWriters{.writers = 2,
                                  .collectors = 1,
                                  .runs = 2,
                                  .max_records = 7,
                                  .removes_any = true,
                                  .compacts = true,
                                  .uncertain_creates = true};
const Scope kCompactionTwoCollectors{.writers = 1,
                                     .collectors = 2,
                                     .runs = 1,
                                     .max_records = 6,
                                     .removes_any = true,
                                     .compacts = true,
                                     .uncertain_creates = true};
const Scope kEverything{.writers = 1,
                        .collectors = 1,
                        .runs = 2,
                        .max_records = 6,
                        .removes = true,
                        .relocates = true,
                        .floors = true,
                        .compacts = true,
                        .uncertain_creates = true};

struct Case {
  const char* name;
  const Scope* scope;
};
void PrintTo(const Case& value, std::ostream* out) { *out << value.name; }

class CollectionModel : public testing::TestWithParam<Case> {};

TEST_P(CollectionModel, LosesNothingAndNeverForksInAnyOrderOfSteps) {
  const Exploration found = explore(*GetParam().scope, Rules{});
  EXPECT_EQ(found.violation, "") << found.to_string();
  EXPECT_TRUE(found.complete) << "more than " << kLimit << " states";
  EXPECT_GT(found.states, 10'000U) << "the scope shows too little";
  RecordProperty("states", static_cast<int>(found.states));
}

INSTANTIATE_TEST_SUITE_P(Scopes, CollectionModel,
                         testing::Values(Case{"Collection", &kCollection}, Case{"TwoWriters", &kTwoWriters},
                                         Case{"ThreeWriters", &kThreeWriters},
                                         Case{"Relocation", &kRelocation}, Case{"Adoption", &kAdoption},
                                         Case{"Compaction", &kCompaction},
                                         Case{"CompactionTwoWriters", &kCompactionTwoWriters},
                                         Case{"CompactionTwoCollectors", &kCompactionTwoCollectors},
                                         Case{"Everything", &kEverything}),
                         [](const auto& test) { return test.param.name; });

struct Mutation {
  const char* name;
  bool Rules::* rule;
  const Scope* scope;
  const char* loss;  // how the violation begins
};
void PrintTo(const Mutation& value, std::ostream* out) { *out << value.name; }

class RuleLeftOut : public testing::TestWithParam<Mutation> {};

TEST_P(RuleLeftOut, IsFoundByTheModel) {
  const Mutation& mutation = GetParam();
  Rules rules;
  rules.*mutation.rule = false;
  const Exploration found = explore(*mutation.scope, rules);
  EXPECT_TRUE(found.violation.starts_with(mutation.loss)) << "found: " << found.violation;
  EXPECT_FALSE(found.trace.empty());
  std::cout << found.to_string();
}

INSTANTIATE_TEST_SUITE_P(
    Rules, RuleLeftOut,
    testing::Values(
        Mutation{"FloorBarsUnknownPacks", &Rules::floor_bars_unknown_packs, &kCollection,
                 "backup 1 needs pack 1"},
        Mutation{"TombstoneBarsReferences", &Rules::tombstone_bars_references, &kCollection,
                 "backup 1 needs pack 0"},
        Mutation{"CheckedAgainAfterLostRace", &Rules::checked_again_after_lost_race, &kCollection,
                 "backup 1 needs"},
        Mutation{"RecordEmptiedNotRemoved", &Rules::record_emptied_not_removed, &kCompaction,
                 "record 1 was created twice"},
        Mutation{"EmptiedRecordNamesWhatItWas", &Rules::emptied_record_names_what_it_was, &kCompaction,
                 "backup 1 was committed twice"},
        Mutation{"RelocationRefusedAfterNewerCommit", &Rules::relocation_refused_after_newer_commit,
                 &kRelocation, "chunk 1 of backup 1 is not in"},
        Mutation{"RelocationRefusedAfterNewerRelocation", &Rules::relocation_refused_after_newer_relocation,
                 &kAdoption, "chunk 0 of backup 0 is not in"},
        Mutation{"RelocationIsATombstone", &Rules::relocation_is_a_tombstone, &kRelocation,
                 "chunk 1 of backup 1 is not in"},
        Mutation{"RelocationTargetsChecked", &Rules::relocation_targets_checked, &kRelocation,
                 "backup 0 needs pack"},
        Mutation{"TombstoneOnlyWithoutReferences", &Rules::tombstone_only_without_references, &kCollection,
                 "backup 1 needs pack 0"},
        Mutation{"DeletionOnlyAfterTombstone", &Rules::deletion_only_after_tombstone, &kCollection,
                 "backup 1 needs pack 0"},
        Mutation{"OrphansOnlyBelowRecordedFloor", &Rules::orphans_only_below_recorded_floor, &kCollection,
                 "backup 1 needs pack 1"},
        Mutation{"CollectedOnlyBelowFloor", &Rules::collected_only_below_floor, &kCollection,
                 "backup 1 needs pack 0"},
        Mutation{"FloorBelowTheEnd", &Rules::floor_below_the_end, &kCollection, "whoever begins now"},
        Mutation{"CompactionKeepsLiveCommits", &Rules::compaction_keeps_live_commits, &kCompaction,
                 "the record of backup 0 is gone"},
        Mutation{"CompactionSparesTheNewestCheckpoint", &Rules::compaction_spares_the_newest_checkpoint,
                 &kCompaction, "nobody who reads checkpoint"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace summit::repository::packed::model
