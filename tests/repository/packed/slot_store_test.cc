#include "repository/packed/slot_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "repository/packed/format_file.h"
#include "tests/storage/testing/memory_store.h"

namespace summit::repository::packed {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr Argon2Cost kCheap{.passes = 1, .memory_kib = 8, .lanes = 1};

std::vector<SlotSecret> secret(const std::string& text) {
  return {{SlotKind::kPassphrase, Secret(text), "ENCRYPTION_KEY"}};
}

NewSlot slot_for(const std::string& text, const std::string& label = "") {
  return {secret(text).front(), label, kCheap};
}

// Keeps its "customer keys" in memory; encrypts by remembering.
class FakeKeyService final : public KeyService {
 public:
  Result<DataKey> generate_data_key(const ServiceKey& key, const EncryptionContext& context,
                                    const Cancellation&) override {
    DataKey data_key{Secret(std::string(32, static_cast<char>('a' + issued_.size()))),
                     fmt::format("blob-{}", issued_.size()), "arn:" + key.id};
    issued_[data_key.encrypted] = {context, data_key.plain};
    return data_key;
  }
  Result<Secret> decrypt(const ServiceKey& key, const std::string& encrypted,
                         const EncryptionContext& context, const Cancellation&) override {
    if (denied) return Error(Code::kDenied, "KMS refuses to decrypt with {}", key.id);
    const auto found = issued_.find(encrypted);
    if (found == issued_.end() || found->second.first != context)
      return Error(Code::kWrongKey, "not encrypted by {}", key.id);
    return found->second.second;
  }
  bool denied = false;

 private:
  std::map<std::string, std::pair<EncryptionContext, Secret>> issued_;
};

// Does something in the name of somebody else just before the nth write or removal.
class InterruptedStore final : public storage::ObjectStore {
 public:
  explicit InterruptedStore(storage::MemoryStore& store) : store_(&store) {}
  void before_change(int number, std::function<void()> action) {
    countdown_ = number, action_ = std::move(action);
  }

  std::string describe() const override { return store_->describe(); }
  storage::Capabilities capabilities() const override { return store_->capabilities(); }
  Result<void> put(std::string_view key, ByteView content, const storage::PutOptions& options,
                   const Cancellation& cancellation) override {
    interrupt();
    return store_->put(key, content, options, cancellation);
  }
  Result<std::unique_ptr<storage::ObjectUpload>> upload(std::string_view key,
                                                        const storage::PutOptions& options,
                                                        const Cancellation& cancellation) override {
    return store_->upload(key, options, cancellation);
  }
  Result<void> get(std::string_view key, storage::ByteRange range,
                   const std::function<Result<void>(ByteView)>& consume,
                   const Cancellation& cancellation) override {
    return store_->get(key, range, consume, cancellation);
  }
  Result<std::optional<storage::ObjectInfo>> head(std::string_view key,
                                                  const Cancellation& cancellation) override {
    return store_->head(key, cancellation);
  }
  Result<void> list(std::string_view prefix, std::string_view after,
                    const std::function<Result<bool>(const storage::ObjectInfo&)>& visit,
                    const Cancellation& cancellation) override {
    return store_->list(prefix, after, visit, cancellation);
  }
  Result<void> remove(std::string_view key, const Cancellation& cancellation) override {
    interrupt();
    return store_->remove(key, cancellation);
  }
  Result<void> lock_until(std::string_view key, Instant until, const Cancellation& cancellation) override {
    return store_->lock_until(key, until, cancellation);
  }
  Result<size_t> remove_leftovers(std::chrono::seconds age, const Cancellation& cancellation) override {
    return store_->remove_leftovers(age, cancellation);
  }

 private:
  void interrupt() {
    if (--countdown_ == 0) std::exchange(action_, {})();
  }
  storage::MemoryStore* store_;
  int countdown_ = 0;
  std::function<void()> action_;
};

class SlotStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto created = slots().create_first(keyring, slot_for("first", "the first"));
    ASSERT_TRUE(created.ok()) << created.error().to_string();
    EXPECT_EQ(*created, "generation-1");
  }
  SlotStore slots() { return {store, id, &service}; }
  SlotStore interrupted_slots() { return {interrupted, id, &service}; }
  OpenedKeyring opened(const std::string& text) {
    auto result = slots().open(secret(text));
    EXPECT_TRUE(result.ok()) << result.error().to_string();
    return std::move(result).value();
  }
  bool opens(const std::string& text) { return slots().open(secret(text)).ok(); }
  std::vector<std::string> names() {
    std::vector<std::string> names;
    const auto listed = slots().list();
    for (const auto& slot : *listed) names.push_back(slot.name);
    return names;
  }
  std::string pack_key(const Keyring& from, uint32_t generation) {
    return from.subkey(generation, Purpose::kPack)->reveal();
  }

  storage::MemoryStore store;
  InterruptedStore interrupted{store};
  FakeKeyService service;
  RepositoryId id = RepositoryId::random();
  Keyring keyring = *Keyring::create(id);
};

TEST_F(SlotStoreTest, EveryAddedSecretOpensTheSameKeyring) {
  ASSERT_TRUE(slots().add(opened("first"), slot_for("second")).ok());
  ASSERT_TRUE(slots()
                  .add(opened("second"),
                       {SlotSecret{SlotKind::kKeyFile, Secret("from a file\n"), "/etc/key"}, "", kCheap})
                  .ok());
  for (const std::string text : {"first", "second", "from a file"})
    EXPECT_EQ(pack_key(opened(text).keyring, 1), pack_key(keyring, 1)) << text;
  EXPECT_FALSE(opens("third"));
}

TEST_F(SlotStoreTest, OfSeveralSecretsTheOneThatOpenedIsNamed) {
  std::vector<SlotSecret> several = secret("wrong");
  several.push_back(secret("first").front());
  const auto opened_by = slots().open(several);
  ASSERT_TRUE(opened_by.ok()) << opened_by.error().to_string();
  EXPECT_EQ(opened_by->secret, 1u);
  EXPECT_EQ(opened_by->slot.name, "generation-1");
}

TEST_F(SlotStoreTest, TwoWhoMakeTheFirstSlotCannotBothSucceed) {
  const auto other = Keyring::create(id);
  EXPECT_EQ(slots().create_first(*other, slot_for("other")).error().code(), Code::kAlreadyExists);
  EXPECT_FALSE(opens("other"));
}

TEST_F(SlotStoreTest, AWrongPassphraseIsToldWhichSlotsThereAre) {
  ASSERT_TRUE(slots()
                  .add(opened("first"),
                       {SlotSecret{SlotKind::kKeyFile, Secret("file"), "/etc/key"}, "on-call laptop", kCheap})
                  .ok());
  const auto result = slots().open(secret("hunter2"));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Code::kWrongKey);
  EXPECT_THAT(result.error().message(), HasSubstr("ENCRYPTION_KEY"));
  EXPECT_THAT(result.error().hint(), HasSubstr("passphrase generation-1 (the first)"));
  EXPECT_THAT(result.error().hint(), HasSubstr("(on-call laptop)"));
  EXPECT_EQ(result.error().to_string().find("hunter2"), std::string::npos);
}

TEST_F(SlotStoreTest, WithoutAnyKeyTheErrorSaysSo) {
  const auto result = slots().open({});
  EXPECT_EQ(result.error().code(), Code::kKeyMissing);
  EXPECT_THAT(result.error().hint(), HasSubstr("the first"));
}

TEST_F(SlotStoreTest, SlotsOfAnotherRepositoryAreNamedAsSuch) {
  SlotStore elsewhere(store, RepositoryId::random());
  const auto result = elsewhere.open(secret("first"));
  EXPECT_EQ(result.error().code(), Code::kCorrupt);
  EXPECT_THAT(result.error().message(), HasSubstr("another repository"));
}

TEST_F(SlotStoreTest, ADamagedSlotDoesNotKeepAnotherFromOpening) {
  ASSERT_TRUE(slots().add(opened("first"), slot_for("second")).ok());
  store.set("repository/keys/generation-1", "rubbish");
  EXPECT_TRUE(opens("second"));
  const auto result = slots().open(secret("first"));
  EXPECT_EQ(result.error().code(), Code::kWrongKey);
  EXPECT_THAT(result.error().hint(), HasSubstr("damaged: generation-1"));
  EXPECT_THAT(names(), SizeIs(2));
}

TEST_F(SlotStoreTest, WhenNoSlotIsWholeTheErrorIsNotAWrongKey) {
  store.set("repository/keys/generation-1", "rubbish");
  EXPECT_EQ(slots().open(secret("first")).error().code(), Code::kCorrupt);
  ASSERT_TRUE(store.remove("repository/keys/generation-1").ok());
  EXPECT_EQ(slots().open(secret("first")).error().code(), Code::kCorrupt);
}

TEST_F(SlotStoreTest, WithNothingButAFormatThereIsNoRepositoryYet) {
  storage::MemoryStore unfinished;
  ASSERT_TRUE(create_format(unfinished, {.id = id, .created = now()}).ok());
  EXPECT_EQ(SlotStore(unfinished, id).open(secret("first")).error().code(), Code::kRepositoryMissing);
}

TEST_F(SlotStoreTest, TheSlotThatOpenedIsNeverRemovedSoTheLastOneStays) {
  const auto with_first = opened("first");
  EXPECT_EQ(slots().remove(with_first, "generation-1").error().code(), Code::kRefused);
  EXPECT_EQ(slots().remove(with_first, "no-such-slot").error().code(), Code::kNotFound);
  const auto second = slots().add(with_first, slot_for("second"));
  ASSERT_TRUE(slots().remove(opened("second"), "generation-1").ok());
  EXPECT_FALSE(opens("first"));
  EXPECT_TRUE(opens("second"));
  EXPECT_THAT(names(), ElementsAre(*second));
}

TEST_F(SlotStoreTest, TwoWhoRemoveEachOthersSlotLeaveOne) {
  const auto second = slots().add(opened("first"), slot_for("second"));
  const auto with_second = opened("second");
  interrupted.before_change(1, [&] { EXPECT_TRUE(slots().remove(with_second, "generation-1").ok()); });
  EXPECT_EQ(interrupted_slots().remove(opened("first"), *second).error().code(), Code::kBusy);
  EXPECT_TRUE(opens("second"));
}

TEST_F(SlotStoreTest, ReplacingChangesThePassphraseAndNothingElse) {
  const auto name = slots().replace(opened("first"), slot_for("second"));
  ASSERT_TRUE(name.ok()) << name.error().to_string();
  EXPECT_FALSE(opens("first"));
  EXPECT_EQ(pack_key(opened("second").keyring, 1), pack_key(keyring, 1));
  EXPECT_THAT(names(), ElementsAre(*name));
}

TEST_F(SlotStoreTest, ANewMasterKeepsOldDataReadableAndShutsOldSlotsOut) {
  ASSERT_TRUE(slots().add(opened("first"), slot_for("leaked")).ok());
  store.set("repository/keys/rotten", "rubbish");
  const auto rotation = slots().rotate_master(opened("first"), {slot_for("first"), slot_for("third")});
  ASSERT_TRUE(rotation.ok()) << rotation.error().to_string();
  EXPECT_THAT(rotation->created, SizeIs(2));
  EXPECT_THAT(rotation->removed, SizeIs(3));
  EXPECT_FALSE(opens("leaked"));
  for (const std::string text : {"first", "third"}) {
    const auto now_open = opened(text);
    EXPECT_EQ(now_open.keyring.newest_generation(), 2u);
    EXPECT_EQ(pack_key(now_open.keyring, 1), pack_key(keyring, 1));
    EXPECT_EQ(pack_key(now_open.keyring, 2), pack_key(rotation->opened.keyring, 2));
  }
  EXPECT_THAT(names(), SizeIs(2));
}

TEST_F(SlotStoreTest, OfTwoRotationsAtOnceOneChangesNothing) {
  const auto mine = opened("first");
  interrupted.before_change(
      1, [&] { EXPECT_TRUE(slots().rotate_master(opened("first"), {slot_for("theirs")}).ok()); });
  EXPECT_EQ(interrupted_slots().rotate_master(mine, {slot_for("mine")}).error().code(), Code::kBusy);
  EXPECT_FALSE(opens("mine"));
  EXPECT_TRUE(opens("theirs"));
}

// A number stays taken after its slot was removed: a rotation that slept would else give a generation a
// second key.
TEST_F(SlotStoreTest, ARotationThatSleptThroughAnotherCannotTakeItsGeneration) {
  const auto sleeper = opened("first");
  interrupted.before_change(1, [&] {
    EXPECT_TRUE(slots().rotate_master(opened("first"), {slot_for("second")}).ok());
    EXPECT_TRUE(slots().replace(opened("second"), slot_for("third")).ok());
  });
  EXPECT_EQ(interrupted_slots().rotate_master(sleeper, {slot_for("sleeper")}).error().code(), Code::kBusy);
  EXPECT_FALSE(opens("sleeper"));
  EXPECT_TRUE(opens("third"));
}

TEST_F(SlotStoreTest, AnAddDuringARotationLeavesNoOldKeyringBehind) {
  const auto mine = opened("first");
  interrupted.before_change(
      1, [&] { EXPECT_TRUE(slots().rotate_master(opened("first"), {slot_for("second")}).ok()); });
  EXPECT_EQ(interrupted_slots().add(mine, slot_for("mine")).error().code(), Code::kBusy);
  EXPECT_FALSE(opens("mine"));
  EXPECT_EQ(slots().add(mine, slot_for("mine")).error().code(), Code::kBusy);
  EXPECT_EQ(slots().remove(mine, "generation-2").error().code(), Code::kBusy);
}

TEST_F(SlotStoreTest, KilledAtAnyWriteARotationLeavesARepositoryThatOpensAndCanBeRotatedAgain) {
  ASSERT_TRUE(slots().add(opened("first"), slot_for("second")).ok());
  const storage::MemoryStore::Contents before = store.contents();
  for (int writes = 1; writes <= 4; ++writes) {
    storage::MemoryStore crashed(before);
    InterruptedStore dying(crashed);
    storage::MemoryStore::Contents at_death;
    dying.before_change(writes, [&] { at_death = crashed.contents(); });
    ASSERT_TRUE(
        SlotStore(dying, id).rotate_master(opened("first"), {slot_for("first"), slot_for("second")}).ok());
    ASSERT_FALSE(at_death.empty()) << "only " << writes << " writes";
    storage::MemoryStore left(at_death);
    SlotStore survivor(left, id);
    const auto reopened = survivor.open(secret("first"));
    ASSERT_TRUE(reopened.ok()) << writes;
    ASSERT_TRUE(survivor.open(secret("second")).ok()) << writes;
    // Once generation 2 exists, who can open it does: data may be sealed with it already.
    EXPECT_EQ(reopened->keyring.newest_generation(), writes == 1 ? 1u : 2u);
    const auto again = survivor.rotate_master(*reopened, {slot_for("first"), slot_for("second")});
    ASSERT_TRUE(again.ok()) << again.error().to_string();
    EXPECT_THAT(*survivor.list(), SizeIs(2));
    EXPECT_EQ(pack_key(survivor.open(secret("second"))->keyring, 1), pack_key(keyring, 1));
  }
}

TEST_F(SlotStoreTest, AKeyServiceOpensWithoutAPassphraseAndOnlyInThisRepository) {
  ASSERT_TRUE(slots().add(opened("first"), {ServiceKey{"alias/backups", "us-west-2"}, "", kCheap}).ok());
  const auto by_service = slots().open({});
  ASSERT_TRUE(by_service.ok()) << by_service.error().to_string();
  EXPECT_EQ(by_service->slot.kind, SlotKind::kKms);
  EXPECT_EQ(by_service->slot.service_key.id, "arn:alias/backups");
  EXPECT_EQ(pack_key(by_service->keyring, 1), pack_key(keyring, 1));
  EXPECT_TRUE(slots().open(secret("wrong")).ok());
  EXPECT_EQ(SlotStore(store, id).open({}).error().code(), Code::kKeyMissing);

  service.denied = true;
  EXPECT_EQ(slots().open({}).error().code(), Code::kDenied);
  const auto both = slots().open(secret("wrong"));
  EXPECT_EQ(both.error().code(), Code::kWrongKey);
  EXPECT_THAT(both.error().hint(), HasSubstr("KMS refuses"));
}

// Nonce 0 is safe only because a slot's key is used once: its salt, and by it its key, is new in every slot
// ever written.
TEST_F(SlotStoreTest, NoTwoSlotsEverShareASalt) {
  std::set<std::string> salts;
  std::set<std::string> seen;
  const auto collect = [&] {
    const auto all = slots().list();
    for (const auto& listed : *all) {
      if (!seen.insert(listed.name).second) continue;
      EXPECT_TRUE(salts.insert(to_hex(ByteView(listed.slot->header.salt))).second) << listed.name;
    }
  };
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(slots().add(opened("first"), slot_for("first")).ok());
    if (round % 5 == 4) {
      ASSERT_TRUE(slots().rotate_master(opened("first"), {slot_for("first"), slot_for("first")}).ok());
    }
    collect();
  }
  EXPECT_GT(salts.size(), 20u);
}

}  // namespace
}  // namespace summit::repository::packed
