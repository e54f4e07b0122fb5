// Backups of a few small chunks, made and read back in one thread: for tests that need thousands.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "repository/backup_id.h"
#include "repository/metadata.h"
#include "repository/packed/chunk_reader.h"
#include "repository/packed/commit_log.h"
#include "repository/packed/manifest_block.h"
#include "repository/packed/pack_builder.h"
#include "repository/packed/pack_reader.h"
#include "repository/packed/wire.h"
#include "tests/repository/packed/log_world.h"

namespace summit::repository::packed::testing {

// "summit-backup-full-…" with the n-th minute of a day.
inline std::string backup_id(unsigned n) {
  return make_backup_id("full", "", *from_rfc3339("2026-11-21T00:00:00Z") + std::chrono::minutes(n));
}

inline std::string metadata_of(const std::string& id) {
  BackupMetadata metadata;
  metadata.id = id;
  metadata.set = "full";
  metadata.environment = "test";
  metadata.environment_class = "test";
  metadata.layout = "packed";
  metadata.started = metadata.finished = *from_rfc3339("2026-11-21T00:00:00Z");
  metadata.status = Status::kComplete;
  return to_json(metadata);
}

// One backup in the making: one artifact, "data", of the chunks added. Uses what the storage holds and the
// log permits.
class SmallWriter {
 public:
  static Result<std::unique_ptr<SmallWriter>> begin(storage::ObjectStore& store, const Keyring& keyring,
                                                    const RepositoryState& state, std::string id) {
    std::unique_ptr<SmallWriter> writer(new SmallWriter(store, keyring, std::move(id)));
    ASSIGN_OR_RETURN(const Secret key, keyring.subkey(keyring.newest_generation(), Purpose::kChunkId));
    ASSIGN_OR_RETURN(auto namer, ChunkNamer::create(key));
    writer->namer_ = std::make_unique<ChunkNamer>(std::move(namer));
    ASSIGN_OR_RETURN(writer->encoder_, FrameEncoder::create(1));
    ASSIGN_OR_RETURN(writer->builder_, PackBuilder::create(keyring, state.number()));
    RETURN_IF_ERROR(writer->index(state));
    return writer;
  }

  Result<void> add(const std::string& text) {
    ASSIGN_OR_RETURN(const ChunkId id, namer_->name(as_bytes(text)));
    const auto known = places_.find(id);
    Reference place;
    if (known != places_.end()) {
      place = known->second;
    } else {
      ASSIGN_OR_RETURN(place, store_chunk(text, ChunkKind::kData));
      places_[id] = place;
    }
    needs_.insert(place.frame.pack);
    content_ += text;
    entries_.push_back({.kind = ManifestEntry::Kind::kChunk,
                        .length = static_cast<uint32_t>(text.size()),
                        .id = id,
                        .chunk = place,
                        .patch = {}});
    return {};
  }

  // Stores the pack. The backup is not committed yet.
  Result<CommitEvent> finish() {
    ASSIGN_OR_RETURN(const Reference block, store_chunk(encode_block(entries_), ChunkKind::kManifest));
    needs_.insert(block.frame.pack);
    ASSIGN_OR_RETURN(const FinishedPack pack, builder_->finish());
    RETURN_IF_ERROR(store_.put(pack.stored.name.key(), as_bytes(pack.content),
                               {.condition = storage::Condition::kAbsent}));
    stored_[pack.stored.name] = pack.stored;
    CommitEvent commit{.backup = id_, .metadata = metadata_of(id_), .artifacts = {}, .packs = {}};
    commit.artifacts.push_back({.name = "data",
                                .size = content_.size(),
                                .sha256 = sha256(as_bytes(content_)),
                                .blocks = {to_block_place(block)}});
    for (const auto& name : needs_) {
      if (!stored_.contains(name)) {
        ASSIGN_OR_RETURN(const auto adopted, read_whole_pack(store_, keyring_, name));
        stored_[name] = adopted.stored;
      }
      commit.packs.push_back(stored_.at(name));
    }
    return commit;
  }

  const std::string& content() const { return content_; }

 private:
  SmallWriter(storage::ObjectStore& store, const Keyring& keyring, std::string id)
      : store_(store), keyring_(keyring), id_(std::move(id)) {}

  Result<void> index(const RepositoryState& state) {
    state.visit_known(
        [&](const RepositoryState::KnownPack& known) { stored_[known.pack.name] = known.pack; });
    std::vector<PackName> usable;
    RETURN_IF_ERROR(store_.list(kPacksPrefix, "", [&](const storage::ObjectInfo& info) -> Result<bool> {
      const auto name = PackName::from_key(info.key);
      if (name && state.may_reference(*name)) usable.push_back(*name);
      return true;
    }));
    for (const auto& name : usable) {
      const auto footer = read_pack_footer(store_, keyring_, name);
      if (!footer.ok() && footer.error().code() == Code::kNotFound)
        continue;  // collected since it was listed
      RETURN_IF_ERROR(footer);
      for (const auto& frame : footer->frames) {
        for (const auto& chunk : frame.chunks) places_[chunk.id] = reference_to(frame, chunk);
      }
    }
    return {};
  }

  Result<Reference> store_chunk(const std::string& text, ChunkKind kind) {
    ASSIGN_OR_RETURN(const EncodedFrame frame, encoder_->encode(as_bytes(text)));
    ASSIGN_OR_RETURN(const ChunkId id, namer_->name(as_bytes(text)));
    const PackedChunk chunk{
        .id = id, .offset = 0, .length = static_cast<uint32_t>(text.size()), .kind = kind};
    ASSIGN_OR_RETURN(const FramePlace place, builder_->add(frame, std::vector{chunk}));
    return Reference{.id = id, .frame = place, .offset = 0, .length = chunk.length};
  }

  storage::ObjectStore& store_;
  const Keyring& keyring_;
  const std::string id_;
  std::unique_ptr<ChunkNamer> namer_;
  std::unique_ptr<FrameEncoder> encoder_;
  std::unique_ptr<PackBuilder> builder_;
  std::map<ChunkId, Reference> places_;
  std::map<PackName, StoredPack> stored_;
  std::set<PackName> needs_;
  std::vector<ManifestEntry> entries_;
  std::string content_;
};

// The content of a live backup, every chunk of it proven.
inline Result<std::string> read_backup(storage::ObjectStore& store, const Keyring& keyring, CommitLog& log,
                                       const std::string& id) {
  ASSIGN_OR_RETURN(const CommitEvent commit, log.read_commit(id));
  const RepositoryState& state = log.state();
  ChunkReader reader(store, keyring, {.workers = 1, .memory = MiB, .relocated = [&](const PackName& pack) {
                                        return state.relocated(pack);
                                      }});
  std::vector<Reference> blocks;
  for (const auto& place : commit.artifacts.at(0).blocks) {
    ASSIGN_OR_RETURN(const Reference block, to_reference(place));
    blocks.push_back(block);
  }
  std::string content;
  RETURN_IF_ERROR(reader.read(blocks, [&](ByteView bytes) -> Result<void> {
    content += as_text(bytes);
    return {};
  }));
  return content;
}

// Bytes that are like no other's, and do not shrink much.
inline std::string chunk_text(unsigned n, size_t size = 8 * KiB) {
  std::string text;
  uint64_t value = n * 0x9E3779B97F4A7C15U + 1;
  while (text.size() < size) {
    value ^= value << 13U;
    value ^= value >> 7U;
    value ^= value << 17U;
    put_integer(text, value);
  }
  text.resize(size);
  return text;
}

}  // namespace summit::repository::packed::testing
