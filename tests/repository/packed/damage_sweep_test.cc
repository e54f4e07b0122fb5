// Whatever becomes of a stored object: right bytes, or an error that names it. Never wrong bytes.
#include <gtest/gtest.h>

#include <mutex>

#include "core/task_group.h"
#include "repository/packed/packed_repository.h"
#include "tests/repository/world.h"
#include "tests/storage/testing/memory_store.h"

namespace summit::repository::packed {
namespace {

using storage::MemoryStore;

constexpr const char* kOld = "summit-backup-full-20261120T031048Z";
constexpr const char* kNew = "summit-backup-full-20261121T031048Z";

class DamageSweep : public testing::Test {
 protected:
  DamageSweep() {
    auto store = std::make_shared<MemoryStore>();
    const NewSlot slot{
        .secret = SlotSecret{.kind = SlotKind::kPassphrase, .secret = Secret("x"), .source = "the test"},
        .label = "test",
        .cost = kCost};
    auto repository = *PackedRepository::create(store, slot, nullptr, options(0));
    make(*repository, kOld, "an old row");
    before_ = store->contents();
    make(*repository, kNew, "a new row");
    whole_ = store->contents();
  }

  void make(PackedRepository& repository, const std::string& id, const std::string& content) {
    auto metadata = World::metadata_for(id);
    metadata.layout = "packed";
    auto writer = repository.begin(id);
    ASSERT_TRUE(writer.ok()) << writer.error().message();
    World::write(**writer, {{"a.dump", content}, {"empty.rdb", ""}}, metadata);
    ASSERT_TRUE((*writer)->commit(metadata).ok());
  }

  // Without memory of earlier heads: the damage alone must show.
  PackedOptions options(size_t number) const {
    return {.cache = world_.root() / fmt::format("cache-{}", number),
            .scratch = world_.root() / "scratch",
            .local_base = {}};
  }

  // What a reader meets: nothing when it reads the right bytes, else the error.
  static Result<void> read(PackedRepository& repository, const std::string& id, const std::string& expected) {
    ASSIGN_OR_RETURN(const auto reader, repository.open(id));
    std::string content;
    const auto consume = [&](ByteView bytes) -> Result<void> {
      content += as_text(bytes);
      return {};
    };
    RETURN_IF_ERROR(reader->read("a.dump", consume, {}));
    EXPECT_EQ(content, expected) << "wrong bytes were given as right ones";
    EXPECT_EQ(reader->metadata().id, id);
    return {};
  }

  Result<void> read_all(const MemoryStore::Contents& contents, size_t number) const {
    // Nothing is remembered between the sweeps: the cache of one would hide the damage of the next.
    PackedOptions fresh = options(number);
    fresh.cache.clear();
    auto repository = PackedRepository::open(
        std::make_shared<MemoryStore>(contents),
        {{.kind = SlotKind::kPassphrase, .secret = Secret("x"), .source = "the test"}}, nullptr, fresh);
    if (!repository.ok()) return std::move(repository).error();
    RETURN_IF_ERROR(read(**repository, kOld, "an old row"));
    return read(**repository, kNew, "a new row");
  }

  // The part of a key by which an error may name the object.
  static std::string name_of(const std::string& key) { return key.substr(key.rfind('/') + 1); }

  // The published view is for people: no reader depends on it.
  std::vector<std::string> keys() const {
    std::vector<std::string> keys;
    for (const auto& [key, content] : whole_)
      if (key.starts_with("repository/")) keys.push_back(key);
    return keys;
  }

  void expect_named(const Result<void>& result, const std::string& key, const std::string& damage) const {
    if (result.ok()) return;
    const auto text = result.error().to_string();
    // An emptied slot is one that was removed: then the repository lacks a slot.
    const bool named = text.find(name_of(key)) != std::string::npos ||
                       (key.starts_with("repository/keys/") && text.find("no key slot") != std::string::npos);
    EXPECT_TRUE(named) << damage << " of " << key << ": " << text;
  }

  static constexpr Argon2Cost kCost{.passes = 1, .memory_kib = 8, .lanes = 1};
  World world_;
  MemoryStore::Contents before_;  // with the old backup only
  MemoryStore::Contents whole_;
};

TEST_F(DamageSweep, WithoutDamageEverythingIsRead) { EXPECT_TRUE(read_all(whole_, 0).ok()); }

TEST_F(DamageSweep, EveryByteFlippedInTurn) {
  struct Flip {
    std::string key;
    size_t at;
  };
  std::vector<Flip> flips;
  for (const auto& key : keys())
    for (size_t at = 0; at < whole_.at(key).size(); ++at) flips.push_back({key, at});
  const auto swept = parallel_for(flips.size(), 2, [&](size_t index) -> Result<void> {
    auto contents = whole_;
    auto& object = contents.at(flips[index].key);
    object[flips[index].at] = static_cast<char>(object[flips[index].at] ^ (1 << (index % 8)));
    expect_named(read_all(contents, 1), flips[index].key, fmt::format("a flip at {}", flips[index].at));
    return {};
  });
  EXPECT_TRUE(swept.ok());
  EXPECT_GT(flips.size(), 3000U);
}

TEST_F(DamageSweep, EveryObjectCutShortEmptiedOrLengthened) {
  for (const auto& key : keys()) {
    for (const size_t size : {size_t{0}, size_t{1}, whole_.at(key).size() / 2, whole_.at(key).size() - 1}) {
      auto contents = whole_;
      contents.at(key).resize(size);
      const auto result = read_all(contents, 1);
      // A pack's last bytes lead to its footer, which whoever has the manifest does not need.
      EXPECT_TRUE(!result.ok() || key.starts_with("repository/packs/")) << key << " cut to " << size;
      expect_named(result, key, "a cut");
    }
    auto contents = whole_;
    contents.at(key) += "more";
    expect_named(read_all(contents, 1), key, "an addition");
  }
}

TEST_F(DamageSweep, EveryObjectInThePlaceOfEveryOther) {
  for (const auto& from : keys()) {
    for (const auto& to : keys()) {
      if (from == to) continue;
      auto contents = whole_;
      contents.at(to) = whole_.at(from);
      const auto result = read_all(contents, 1);
      EXPECT_FALSE(result.ok()) << from << " under the name of " << to;
      expect_named(result, to, "an exchange");
    }
  }
}

TEST_F(DamageSweep, EveryObjectMissing) {
  for (const auto& key : keys()) {
    auto contents = whole_;
    contents.erase(key);
    const auto result = read_all(contents, 1);
    // The last record gone is an older state of the repository: only a remembered head can tell.
    EXPECT_FALSE(result.ok()) << key;
  }
}

TEST_F(DamageSweep, EveryObjectRolledBack) {
  for (const auto& [key, old] : before_) {
    if (!key.starts_with("repository/")) continue;
    auto contents = whole_;
    contents.at(key) = old;
    EXPECT_TRUE(read_all(contents, 1).ok())
        << "objects never change, so an old one is the present one: " << key;
  }
  const auto result = read_all(before_, 1);
  ASSERT_FALSE(result.ok()) << "the new backup is not there";
  EXPECT_EQ(result.error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace summit::repository::packed
