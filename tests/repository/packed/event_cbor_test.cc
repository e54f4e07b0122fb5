#include "repository/packed/event_cbor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/repository/packed/log_world.h"

namespace summit::repository::packed::testing {
namespace {

using ::testing::HasSubstr;

RecordBody one_of_each() {
  const PackName a = pack_name(3, 1);
  const PackName b = pack_name(PackName::kMaxEpoch, 2);
  const Instant at = *from_rfc3339("2026-11-21T03:10:48.125Z");
  RecordBody body{.at = at, .writer = {}, .events = {}};
  body.writer[15] = std::byte{7};
  body.events = {commit_of("summit-backup-full-20261121T031048Z", {a, b}),
                 RemoveEvent{{"b1", "b2"}, "older than 30 days"},
                 TombstoneEvent{{a, b}},
                 RelocateEvent{.from = a, .to = {stored_pack(b)}, .marked_at = 9},
                 CollectedEvent{{a}},
                 FloorEvent{12},
                 PinEvent{"b1", "audit"},
                 UnpinEvent{"b1", "audit is over"},
                 VerifiedEvent{"b1", 2, 0.25, at}};
  return body;
}

TEST(EventCbor, EveryEventComesBackAsItWas) {
  const RecordBody body = one_of_each();
  const auto read = record_body_from_cbor(as_bytes(to_cbor(body)));
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(*read, body);
}

TEST(EventCbor, NoTruncationIsTakenForABody) {
  const std::string bytes = to_cbor(one_of_each());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(record_body_from_cbor(as_bytes(bytes).first(size)).ok()) << size;
}

TEST(EventCbor, AnEventOfANewerVersionIsNotPassedOver) {
  std::string bytes = to_cbor({.at = {}, .writer = {}, .events = {FloorEvent{1}}});
  bytes.replace(bytes.find("floor"), 5, "ceil!");
  const auto read = record_body_from_cbor(as_bytes(bytes));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), Code::kUnsupported);
  EXPECT_THAT(read.error().message(), HasSubstr("\"ceil!\""));
}

TEST(EventCbor, NestingDoesNotUseUpTheStack) {
  EXPECT_FALSE(record_body_from_cbor(as_bytes(std::string(1'000'000, '\x81'))).ok());
}

}  // namespace
}  // namespace summit::repository::packed::testing
