#include "repository/place/plain_ledger.h"

#include <gmock/gmock.h>

#include "tests/repository/world.h"
#include "tests/storage/testing/memory_store.h"

namespace summit::repository {
namespace {

using ::testing::IsEmpty;

constexpr const char* kId = "summit-backup-full-20261121T031048Z";

TEST(PlainLedger, RemembersPinsAndVerificationsApart) {
  storage::MemoryStore store;
  PlainLedger ledger(store);
  ASSERT_TRUE(ledger.pin(kId, "incident 4711\nand more").ok());
  ASSERT_TRUE(ledger.note_verified(kId, at("2026-11-22T03:10:48Z")).ok());
  const auto entries = ledger.read().value();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries.at(kId).pin, "incident 4711");
  EXPECT_EQ(entries.at(kId).verified, at("2026-11-22T03:10:48Z"));

  ASSERT_TRUE(ledger.note_doubted(kId).ok());
  EXPECT_TRUE(ledger.read(kId)->pin.has_value());
  EXPECT_FALSE(ledger.read(kId)->verified.has_value());
  ASSERT_TRUE(ledger.unpin(kId).ok());
  EXPECT_THAT(*ledger.read(), IsEmpty());
}

TEST(PlainLedger, AnEntryThatCannotBeReadCountsAsPinnedButNeverAsVerified) {
  storage::MemoryStore store;
  PlainLedger ledger(store);
  store.set(std::string(".ledger/pins/") + kId, "");
  store.set(std::string(".ledger/verified/") + kId, "yesterday");
  const auto entry = ledger.read(kId).value();
  EXPECT_TRUE(entry.pin.has_value());
  EXPECT_FALSE(entry.verified.has_value());
}

TEST(PlainLedger, ForgetsABackupThatIsGone) {
  storage::MemoryStore store;
  PlainLedger ledger(store);
  ASSERT_TRUE(ledger.pin(kId, "audit").ok());
  ASSERT_TRUE(ledger.note_verified(kId, now()).ok());
  ASSERT_TRUE(ledger.forget(kId).ok());
  EXPECT_THAT(store.contents(), IsEmpty());
}

}  // namespace
}  // namespace summit::repository
