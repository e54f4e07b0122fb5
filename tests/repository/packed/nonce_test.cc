// No pair of key and nonce ever repeats: read off every object that a long run leaves, by the bytes that
// docs/formats/repository.md gives, not by the code under test.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/task_group.h"
#include "repository/packed/key_wrap.h"
#include "repository/packed/packed_repository.h"
#include "tests/repository/world.h"
#include "tests/storage/testing/memory_store.h"

namespace summit::repository::packed {
namespace {

constexpr Argon2Cost kCheap{.passes = 1, .memory_kib = 8, .lanes = 1};

class Nonces : public testing::Test {
 protected:
  static SlotSecret secret() { return {SlotKind::kPassphrase, Secret("a passphrase"), "the test"}; }

  std::unique_ptr<PackedRepository> open() {
    auto opened = PackedRepository::open(store_, {secret()}, nullptr, options());
    EXPECT_TRUE(opened.ok()) << opened.error().to_string();
    return *std::move(opened);
  }
  PackedOptions options() const {
    return {.cache = world_.root() / "cache",
            .scratch = world_.root() / "scratch",
            .local_base = {},
            .chunks = {.pack_size = 64 * KiB}};
  }
  static std::string id(size_t number) {
    return fmt::format("summit-backup-full-20261121T{:02}{:02}00Z", number / 60, number % 60);
  }
  static void back_up(PackedRepository& repository, size_t number) {
    auto metadata = World::metadata_for(id(number));
    metadata.layout = "packed";
    auto writer = repository.begin(id(number));
    ASSERT_TRUE(writer.ok()) << writer.error().to_string();
    std::string rows;
    for (size_t row = 0; row < 5000; ++row) rows += fmt::format("{} of {}\n", row * 7919, number);
    World::write(**writer, {{"postgres-full.dump", rows}, {"redis.rdb", "the same each time"}}, metadata);
    const auto committed = (*writer)->commit(metadata);
    ASSERT_TRUE(committed.ok()) << committed.error().to_string();
  }

  // What sealed the objects that are there now and were not looked at before.
  void collect(const Keyring& keyring) {
    for (const auto& [key, content] : store_->contents()) {
      if (content.empty() || !looked_at_.insert(key).second) continue;
      if (key.starts_with("repository/packs/")) take_pack(keyring, key, content);
      if (key.starts_with("repository/log/") || key.starts_with("repository/checkpoints/"))
        take(salts_, content.substr(72, 32), key);
      if (key.starts_with("repository/keys/")) take_slot(key, content);
    }
  }
  void take_pack(const Keyring& keyring, const std::string& key, const std::string& content) {
    ASSERT_TRUE(content.starts_with("SUMPACK1")) << key;
    const auto generation = static_cast<uint32_t>(static_cast<unsigned char>(content.at(48)));
    WrappedKey wrapped{};
    std::ranges::copy(as_bytes(content.substr(56, kWrappedKeySize)), wrapped.begin());
    const auto pack_key = unwrap_key(*keyring.subkey(generation, Purpose::kPack), wrapped);
    ASSERT_TRUE(pack_key.ok()) << key;
    take(pack_keys_, pack_key->reveal(), key);
  }
  void take_slot(const std::string& key, const std::string& content) {
    const auto header = nlohmann::json::parse(content.substr(0, content.find('\n')));
    take(slot_salts_, header["salt"], key);
  }
  static void take(std::set<std::string>& seen, const std::string& value, const std::string& key) {
    EXPECT_TRUE(seen.insert(value).second) << key << " is sealed with the key of another object";
  }

  World world_;
  std::shared_ptr<storage::MemoryStore> store_ = std::make_shared<storage::MemoryStore>();
  std::set<std::string> looked_at_, pack_keys_, salts_, slot_salts_;
};

TEST_F(Nonces, NeverMeetTheSameKeyTwiceInALongRunOfManyWriters) {
  ASSERT_TRUE(PackedRepository::create(store_, {secret(), "first", kCheap}, nullptr, options()).ok());
  for (size_t round = 0; round < 6; ++round) {
    const auto repository = open();
    ASSERT_TRUE(parallel_for(8, 4, [&](size_t i) -> Result<void> {
                  back_up(*repository, round * 8 + i);
                  return {};
                }).ok());
    const auto log = repository->open_log();
    ASSERT_TRUE(log.ok() && (*log)->write_checkpoint().ok() && (*log)->compact().ok());
    collect(repository->keys().keyring);
    SlotStore slots(*store_, repository->id());
    const NewSlot again{secret(), "again", kCheap};
    if (round % 2 == 1) {
      const auto rotated = slots.rotate_master(repository->keys(), {again, again});
      ASSERT_TRUE(rotated.ok()) << rotated.error().to_string();
    } else {
      ASSERT_TRUE(slots.replace(repository->keys(), again).ok());
    }
    collect(open()->keys().keyring);
  }
  EXPECT_GE(pack_keys_.size(), 48u);
  EXPECT_GE(salts_.size(), 48u + 6u);
  EXPECT_EQ(slot_salts_.size(), 1u + 3u + 6u);
}

}  // namespace
}  // namespace summit::repository::packed
