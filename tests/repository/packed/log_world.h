// A log on a store in memory, and packs to name in it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "repository/packed/commit_log.h"
#include "repository/packed/keyring.h"
#include "repository/packed/random.h"
#include "tests/storage/testing/memory_store.h"

namespace summit::repository::packed::testing {

inline PackName pack_name(uint64_t epoch, unsigned seed) {
  PackName name{.epoch = epoch, .uuid = {}};
  name.uuid[0] = static_cast<std::byte>(seed);
  name.uuid[1] = static_cast<std::byte>(seed >> 8U);
  return name;
}

inline StoredPack stored_pack(const PackName& name) {
  return {.name = name, .size = 1000, .sha256 = sha256(as_bytes(name.to_string()))};
}

inline CommitEvent commit_of(std::string backup, const std::vector<PackName>& packs) {
  CommitEvent event{.backup = std::move(backup), .metadata = "{}", .artifacts = {}, .packs = {}};
  PackedArtifact artifact{.name = "postgres-full.dump", .size = 7, .sha256 = {}, .blocks = {}};
  for (const auto& pack : packs) {
    event.packs.push_back(stored_pack(pack));
    artifact.blocks.push_back({.id = {},
                               .pack = pack,
                               .frame = 1,
                               .frame_offset = 96,
                               .plain_length = 7,
                               .encoded_length = 7,
                               .encoding = 0,
                               .offset = 0,
                               .length = 7});
  }
  event.artifacts.push_back(std::move(artifact));
  return event;
}

struct LogWorld {
  storage::MemoryStore store;
  Keyring keyring = Keyring::create(RepositoryId::random()).value();
  Sha256Digest format_hash = sha256(as_bytes("format"));

  Result<std::unique_ptr<CommitLog>> open(CommitLogOptions options = {}) {
    return CommitLog::open(store, keyring, format_hash, std::move(options));
  }
  Result<std::unique_ptr<CommitLog>> open_through(storage::ObjectStore& other,
                                                  CommitLogOptions options = {}) {
    return CommitLog::open(other, keyring, format_hash, std::move(options));
  }
};

inline Result<std::optional<uint64_t>> append(CommitLog& log, std::vector<Event> events) {
  return log.append([&](const RepositoryState&) -> Result<std::vector<Event>> { return events; });
}

}  // namespace summit::repository::packed::testing
