// A packed repository in memory, a place for its replica, and small backups.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "repository/packed/collector.h"
#include "repository/packed/log_record.h"
#include "repository/packed/replicate.h"
#include "tests/repository/packed/small_backups.h"
#include "tests/repository/world.h"

namespace summit::repository::packed::testing {

using storage::MemoryStore;

inline constexpr const char* kPassphrase = "correct horse";

inline SlotSecret secret(const std::string& passphrase) {
  return {.kind = SlotKind::kPassphrase, .secret = Secret(passphrase), .source = "the test"};
}
inline NewSlot slot(const std::string& passphrase) {
  return {.secret = secret(passphrase), .label = "test", .cost = {.passes = 1, .memory_kib = 64, .lanes = 1}};
}

inline MemoryStore::Contents below(const MemoryStore& store, std::string_view prefix) {
  MemoryStore::Contents found;
  for (const auto& [key, content] : store.contents())
    if (key.starts_with(prefix)) found.emplace(key, content);
  return found;
}

class ReplicaWorld : public ::testing::Test {
 protected:
  ReplicaWorld() { repository_ = *PackedRepository::create(source_, slot(kPassphrase), nullptr, options()); }

  // Of a client that has seen nothing yet.
  PackedOptions options() const {
    return {.cache = world_.root() / fmt::format("cache-{}", ++clients_),
            .scratch = world_.root() / "scratch",
            .local_base = {},
            .chunks = {.pack_size = 64 * KiB}};
  }

  Result<std::unique_ptr<PackedRepository>> open(const std::shared_ptr<MemoryStore>& store,
                                                 const std::string& passphrase = kPassphrase) const {
    return PackedRepository::open(store, {secret(passphrase)}, nullptr, options());
  }

  static std::string content_of(unsigned n) { return chunk_text(n, 100 * KiB) + chunk_text(0, 50 * KiB); }

  static void back_up(PackedRepository& repository, unsigned n) {
    const auto id = backup_id(n);
    auto metadata = World::metadata_for(id);
    metadata.layout = "packed";
    auto writer = repository.begin(id);
    ASSERT_TRUE(writer.ok()) << writer.error().to_string();
    World::write(**writer, {{"data", content_of(n)}}, metadata);
    const auto committed = (*writer)->commit(metadata);
    ASSERT_TRUE(committed.ok()) << committed.error().to_string();
  }
  void back_up(unsigned n) { back_up(*repository_, n); }

  void collect_now(std::vector<std::string> give_up = {}) {
    SilentReporter reporter;
    const auto log = repository_->open_log();
    ASSERT_TRUE(log.ok()) << log.error().to_string();
    const auto collected =
        collect(*source_, repository_->keys().keyring, **log,
                {.give_up = std::move(give_up), .grace = std::chrono::seconds(0)}, reporter);
    ASSERT_TRUE(collected.ok()) << collected.error().to_string();
  }

  // Enough records for two checkpoints, so that older ones are voided.
  void live_until_the_log_is_compacted() {
    for (int round = 0; round < 2; ++round) {
      for (int pin = 0; pin < 10; ++pin) {
        ASSERT_TRUE(repository_->pin(backup_id(1), "a reason").ok());
        ASSERT_TRUE(repository_->unpin(backup_id(1), "none any more").ok());
      }
      collect_now();
    }
    const auto is_void = [](const auto& record) { return record.second.size() == kVoidSize; };
    ASSERT_TRUE(std::ranges::any_of(below(*source_, kLogPrefix), is_void)) << "nothing was compacted";
  }

  Result<ReplicationReport> replicate_to(storage::ObjectStore& to) const {
    SilentReporter reporter;
    return replicate(*repository_, to, reporter);
  }

  static std::vector<std::string> ids(const PackedRepository& repository) {
    const auto listed = repository.backups();
    EXPECT_TRUE(listed.ok()) << listed.error().to_string();
    std::vector<std::string> found;
    for (const auto& [id, backup] : *listed) found.push_back(id);
    return found;
  }

  static void expect_whole(const PackedRepository& repository, const std::vector<std::string>& backups) {
    SilentReporter reporter;
    for (const auto& id : backups) {
      const auto report = repository.verify(id, reporter);
      ASSERT_TRUE(report.ok()) << report.error().to_string();
      EXPECT_THAT(report->findings, ::testing::IsEmpty()) << id << ": " << report->findings.front().artifact;
    }
  }

  void expect_replica(const std::shared_ptr<MemoryStore>& store) const {
    EXPECT_EQ(below(*store, kLogPrefix).size(), below(*source_, kLogPrefix).size());
    const auto replica = open(store);
    ASSERT_TRUE(replica.ok()) << replica.error().to_string();
    EXPECT_EQ(ids(**replica), ids(*repository_));
    expect_whole(**replica, ids(**replica));
    for (const auto& id : ids(**replica)) EXPECT_EQ(below(*store, id), below(*source_, id));
  }

  World world_;
  mutable int clients_ = 0;
  std::shared_ptr<MemoryStore> source_ = std::make_shared<MemoryStore>();
  std::shared_ptr<MemoryStore> there_ = std::make_shared<MemoryStore>();
  std::unique_ptr<PackedRepository> repository_;
};

}  // namespace summit::repository::packed::testing
