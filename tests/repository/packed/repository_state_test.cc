#include "repository/packed/repository_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/repository/packed/log_world.h"

namespace summit::repository::packed::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const PackName kA = pack_name(0, 1);
const PackName kB = pack_name(0, 2);
const PackName kC = pack_name(1, 3);
const PackName kD = pack_name(2, 4);

RelocateEvent relocation(const PackName& from, const PackName& to, uint64_t marked_at) {
  return {.from = from, .to = {stored_pack(to)}, .marked_at = marked_at};
}

class State : public ::testing::Test {
 protected:
  void apply(const std::vector<Event>& events) {
    const auto applied = state.apply(events, sha256(as_bytes(fmt::format("{}", ++records))));
    EXPECT_TRUE(applied.ok()) << applied.error().to_string();
  }
  // The rule's message; empty when the events are allowed. Neither way of asking changes anything.
  std::string refusal(const std::vector<Event>& events) {
    const std::string before = state.to_checkpoint();
    const auto checked = state.check(events);
    EXPECT_EQ(state.to_checkpoint(), before);
    if (checked.ok()) return "";
    EXPECT_EQ(checked.error().code(), Code::kRefused);
    EXPECT_FALSE(state.apply(events, {}).ok());
    EXPECT_EQ(state.to_checkpoint(), before);
    return checked.error().message();
  }
  std::vector<PackName> needs(std::string_view backup) {
    std::vector<PackName> names;
    for (const auto& pack : state.packs_of(backup)) names.push_back(pack.name);
    return names;
  }

  RepositoryState state;
  unsigned records = 0;
};

TEST_F(State, ACommitMakesItsPacksKnownAndItsBackupLive) {
  apply({commit_of("b1", {kB, kA})});
  EXPECT_EQ(state.find("b1")->record, 1U);
  EXPECT_THAT(needs("b1"), ElementsAre(kA, kB));
  EXPECT_EQ(state.status(kA), PackStatus::kKnown);
  EXPECT_EQ(state.status(kC), PackStatus::kUnknown);
}

TEST_F(State, ACommitIsRefused) {
  apply({commit_of("b1", {kA})});
  apply({commit_of("b2", {kB})});
  apply({RemoveEvent{{"b2"}, ""}});
  apply({TombstoneEvent{{kB}}});
  apply({FloorEvent{1}});
  EXPECT_THAT(refusal({commit_of("b1", {kA})}), HasSubstr("there is a backup b1 already"));
  EXPECT_THAT(refusal({commit_of("b3", {kB})}), HasSubstr("has a tombstone"));
  EXPECT_THAT(refusal({commit_of("b3", {pack_name(0, 9)})}), HasSubstr("before the floor 1"));
  EXPECT_THAT(refusal({commit_of("b3", {pack_name(6, 9)})}), HasSubstr("a record that is not there"));
  EXPECT_THAT(refusal({commit_of("b3", {kA, kA})}), HasSubstr("names a pack twice"));
  CommitEvent other_hash = commit_of("b3", {kA});
  other_hash.packs[0].sha256 = {};
  EXPECT_THAT(refusal({other_hash}), HasSubstr("another size or hash"));
  CommitEvent unnamed = commit_of("b3", {kA});
  unnamed.artifacts[0].blocks[0].pack = kC;
  EXPECT_THAT(refusal({unnamed}), HasSubstr("which the backup does not name"));
  EXPECT_EQ(refusal({commit_of("b3", {kA, kC})}), "") << "a known pack, and a new one above the floor";
}

TEST_F(State, ARemovedIdMayBeUsedAgain) {
  apply({commit_of("b1", {kA})});
  apply({RemoveEvent{{"b1"}, ""}});
  apply({commit_of("b1", {kA})});
  EXPECT_EQ(state.find("b1")->record, 3U);
}

TEST_F(State, APinnedBackupIsNotRemoved) {
  apply({commit_of("b1", {kA})});
  apply({PinEvent{"b1", "audit"}});
  EXPECT_THAT(refusal({RemoveEvent{{"b1"}, ""}}), HasSubstr("is pinned"));
  EXPECT_EQ(refusal({UnpinEvent{"b1", ""}, RemoveEvent{{"b1"}, ""}}), "") << "events see those before them";
  EXPECT_THAT(refusal({UnpinEvent{"b1", ""}, RemoveEvent{{"b1"}, ""}, PinEvent{"b1", ""}}),
              HasSubstr("no backup b1"));
}

TEST_F(State, ATombstoneIsRefusedWhileABackupNeedsThePack) {
  apply({commit_of("b1", {kA, kB})});
  apply({commit_of("b2", {kB})});
  apply({RemoveEvent{{"b1"}, ""}});
  EXPECT_THAT(refusal({TombstoneEvent{{kB}}}), HasSubstr("a live backup needs"));
  EXPECT_THAT(refusal({TombstoneEvent{{kC}}}), HasSubstr("is not known"));
  apply({TombstoneEvent{{kA}}});
  EXPECT_EQ(state.status(kA), PackStatus::kTombstoned);
}

TEST_F(State, ARelocationRedirectsEveryBackupAndIsATombstone) {
  apply({commit_of("b1", {kA, kB})});
  apply({commit_of("b2", {kA})});
  apply({relocation(kA, kC, 2)});
  EXPECT_THAT(needs("b1"), ElementsAre(kB, kC));
  EXPECT_THAT(needs("b2"), ElementsAre(kC));
  EXPECT_EQ(state.status(kA), PackStatus::kTombstoned);
  EXPECT_THAT(*state.relocated(kA), ElementsAre(kC));
  EXPECT_THAT(refusal({commit_of("b3", {kA})}), HasSubstr("has a tombstone"));
}

TEST_F(State, RelocationsAreFollowedToTheirEnd) {
  apply({commit_of("b1", {kA})});
  apply({relocation(kA, kC, 1)});
  apply({relocation(kC, kD, 2)});
  EXPECT_THAT(*state.relocated(kA), ElementsAre(kD));
  EXPECT_THAT(needs("b1"), ElementsAre(kD));
  apply({RemoveEvent{{"b1"}, ""}});
  apply({TombstoneEvent{{kD}}});
  EXPECT_FALSE(state.relocated(kA)) << "its chunks are nowhere now";
}

TEST_F(State, ARelocationIsRefusedWhenItsMarkIsOld) {
  apply({commit_of("b1", {kA})});
  apply({commit_of("b2", {kA, kB})});
  EXPECT_THAT(refusal({relocation(kA, kC, 1)}), HasSubstr("referenced anew"));
  EXPECT_EQ(refusal({relocation(kA, kC, 2)}), "");
  apply({relocation(kB, kA, 2)});
  EXPECT_THAT(refusal({relocation(kA, kC, 2)}), HasSubstr("referenced anew")) << "chunks of b2 came to it";
  EXPECT_EQ(refusal({relocation(kA, kC, 3)}), "");
  EXPECT_THAT(refusal({relocation(kA, kC, 4)}), HasSubstr("not in the past"));
  EXPECT_THAT(refusal({relocation(kA, kA, 3)}), HasSubstr("to itself"));
  EXPECT_THAT(refusal({relocation(kA, kB, 3)}), HasSubstr("has a tombstone"));
  EXPECT_THAT(refusal({RelocateEvent{.from = kA, .to = {}, .marked_at = 3}}), HasSubstr("to nowhere"));
}

TEST_F(State, ACollectedPackWaitsForTheFloor) {
  apply({commit_of("b1", {kA})});
  apply({RemoveEvent{{"b1"}, ""}});
  apply({TombstoneEvent{{kA}}});
  EXPECT_THAT(refusal({CollectedEvent{{kA}}}), HasSubstr("not below the floor 0"));
  apply({FloorEvent{1}});
  EXPECT_THAT(refusal({CollectedEvent{{kB}}}), HasSubstr("has no tombstone"));
  apply({CollectedEvent{{kA}}});
  EXPECT_EQ(state.status(kA), PackStatus::kUnknown);
  EXPECT_FALSE(state.may_reference(kA)) << "the floor keeps what the tombstone kept";
}

TEST_F(State, TheFloorOnlyRisesAndStaysBelowTheEnd) {
  apply({commit_of("b1", {kA})});
  apply({FloorEvent{1}});
  EXPECT_THAT(refusal({FloorEvent{0}}), HasSubstr("is at 1 already"));
  EXPECT_EQ(refusal({FloorEvent{2}}), "");
  EXPECT_THAT(refusal({FloorEvent{3}}), HasSubstr("beyond the log"));
}

TEST_F(State, VerificationsOfEachLevelAreKept) {
  apply({commit_of("b1", {kA})});
  const Instant at = *from_rfc3339("2026-11-21T03:00:00Z");
  apply({VerifiedEvent{"b1", 2, 0.5, at}});
  apply({VerifiedEvent{"b1", 1, 1, at}});
  apply({VerifiedEvent{"b1", 2, 1, at}});
  EXPECT_THAT(state.find("b1")->verifications, ElementsAre(Verification{1, 1, at}, Verification{2, 1, at}));
  EXPECT_THAT(refusal({VerifiedEvent{"b2", 1, 1, at}}), HasSubstr("no backup b2"));
}

TEST_F(State, ACheckpointGivesTheSameStateBack) {
  apply({commit_of("b1", {kA, kB})});
  apply({commit_of("b2", {kB, kC})});
  apply({PinEvent{"b2", "audit"}, VerifiedEvent{"b2", 2, 0.25, *from_rfc3339("2026-11-21T03:00:00.125Z")}});
  apply({relocation(kB, kD, 3)});
  apply({RemoveEvent{{"b1"}, "old"}});
  apply({TombstoneEvent{{kA}}});
  apply({FloorEvent{1}});

  const std::string body = state.to_checkpoint();
  auto copy = RepositoryState::from_checkpoint(as_bytes(body), state.number(), state.hash());

  ASSERT_TRUE(copy.ok()) << copy.error().to_string();
  EXPECT_EQ(copy->to_checkpoint(), body);
  EXPECT_EQ(copy->number(), state.number());
  EXPECT_EQ(copy->floor(), 1U);
  EXPECT_EQ(copy->packs_of("b2"), state.packs_of("b2"));
  EXPECT_EQ(*copy->find("b2")->pin, "audit");
  EXPECT_EQ(copy->find("b2")->verifications, state.find("b2")->verifications);
  EXPECT_EQ(copy->relocated(kB), state.relocated(kB));
  EXPECT_EQ(copy->status(kA), PackStatus::kTombstoned);
  EXPECT_FALSE(copy->check({TombstoneEvent{{kD}}}).ok()) << "the needs were counted again";
  EXPECT_FALSE(copy->check({relocation(kC, kD, 1)}).ok()) << "when a pack was referenced last is known";
}

TEST_F(State, ACheckpointThatContradictsItselfIsRefused) {
  apply({commit_of("b1", {kA})});
  apply({FloorEvent{1}});
  const std::string body = state.to_checkpoint();
  EXPECT_FALSE(RepositoryState::from_checkpoint(as_bytes(body), 0, {}).ok())
      << "it knows what happens after it";
  EXPECT_FALSE(RepositoryState::from_checkpoint(as_bytes("no CBOR"), 2, {}).ok());
  EXPECT_FALSE(RepositoryState::from_checkpoint(as_bytes(std::string(100'000, '\x81')), 2, {}).ok());
}

}  // namespace
}  // namespace summit::repository::packed::testing
