// What a record of the repository's log can say. Format and rules: docs/formats/repository.md.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/digest.h"
#include "core/time.h"
#include "repository/packed/chunk_id.h"
#include "repository/packed/pack_name.h"

namespace summit::repository::packed {

// A pack as it lies in the storage.
struct StoredPack {
  PackName name;
  uint64_t size = 0;      // bytes of the object
  Sha256Digest sha256{};  // of the object

  friend bool operator==(const StoredPack&, const StoredPack&) = default;
};

// Where a manifest block lay when the commit was written; a relocation supersedes it.
struct BlockPlace {
  ChunkId id;
  PackName pack;
  uint32_t frame = 0;         // ordinal in the pack
  uint64_t frame_offset = 0;  // of the sealed frame in the pack
  uint32_t plain_length = 0;  // of the frame
  uint32_t encoded_length = 0;
  uint8_t encoding = 0;
  uint32_t offset = 0;  // of the block in the plain frame
  uint32_t length = 0;

  friend bool operator==(const BlockPlace&, const BlockPlace&) = default;
};

struct PackedArtifact {
  std::string name;
  uint64_t size = 0;
  Sha256Digest sha256{};
  std::vector<BlockPlace> blocks;

  friend bool operator==(const PackedArtifact&, const PackedArtifact&) = default;
};

// A backup exists from here on.
struct CommitEvent {
  std::string backup;
  std::string metadata;  // the text of backup-metadata.json, opaque here
  std::vector<PackedArtifact> artifacts;
  std::vector<StoredPack> packs;  // every pack that holds a chunk of the backup

  friend bool operator==(const CommitEvent&, const CommitEvent&) = default;
};

struct RemoveEvent {
  std::vector<std::string> backups;
  std::string reason;
  friend bool operator==(const RemoveEvent&, const RemoveEvent&) = default;
};

// Nothing may reference these packs again; a later collection deletes them.
struct TombstoneEvent {
  std::vector<PackName> packs;
  friend bool operator==(const TombstoneEvent&, const TombstoneEvent&) = default;
};

// Every chunk of `from` that was alive after record `marked_at` lies in `to`. It is the tombstone of `from`.
struct RelocateEvent {
  PackName from;
  std::vector<StoredPack> to;
  uint64_t marked_at = 0;
  friend bool operator==(const RelocateEvent&, const RelocateEvent&) = default;
};

// These tombstoned packs are gone from the storage.
struct CollectedEvent {
  std::vector<PackName> packs;
  friend bool operator==(const CollectedEvent&, const CollectedEvent&) = default;
};

// Unknown packs of lower epochs can no longer be referenced.
struct FloorEvent {
  uint64_t epoch = 0;
  friend bool operator==(const FloorEvent&, const FloorEvent&) = default;
};

struct PinEvent {
  std::string backup;
  std::string reason;
  friend bool operator==(const PinEvent&, const PinEvent&) = default;
};

struct UnpinEvent {
  std::string backup;
  std::string reason;
  friend bool operator==(const UnpinEvent&, const UnpinEvent&) = default;
};

// The backup was proven good.
struct VerifiedEvent {
  std::string backup;
  uint32_t level = 0;   // 1 objects, 2 every chunk, 3 restored into servers
  double fraction = 1;  // of its bytes, in (0, 1]
  Instant at{};         // to the millisecond

  friend bool operator==(const VerifiedEvent&, const VerifiedEvent&) = default;
};

using Event = std::variant<CommitEvent, RemoveEvent, TombstoneEvent, RelocateEvent, CollectedEvent,
                           FloorEvent, PinEvent, UnpinEvent, VerifiedEvent>;

// The event's type as the format spells it: "commit".
std::string_view name_of(const Event& event);

// The body of one record: its events are applied in order, all or none.
struct RecordBody {
  Instant at{};                        // by the writer's clock, to the millisecond: information only
  std::array<std::byte, 16> writer{};  // random, of one run
  std::vector<Event> events;

  friend bool operator==(const RecordBody&, const RecordBody&) = default;
};

}  // namespace summit::repository::packed
