#include "repository/packed/chunk_index.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_set>

#include "core/digest.h"
#include "core/task_group.h"
#include "repository/packed/cache_table.h"
#include "repository/packed/wire.h"

namespace summit::repository::packed {
namespace {

constexpr size_t kFooterReaders = 8;
constexpr size_t kValueSize = 56;
// 72 bytes an entry: names of some 60 million chunks. Beyond, it begins anew.
constexpr uint64_t kMaxNames = 4 * GiB;

std::string encode(const Reference& reference) {
  std::string value;
  value.reserve(kValueSize);
  put_integer(value, reference.frame.pack.epoch);
  put_bytes(value, reference.frame.pack.uuid);
  put_integer(value, reference.frame.ordinal);
  put_integer(value, reference.frame.offset);
  put_integer(value, reference.frame.plain_length);
  put_integer(value, reference.frame.encoded_length);
  put_integer(value, static_cast<uint32_t>(reference.frame.encoding));
  put_integer(value, reference.offset);
  put_integer(value, reference.length);
  return value;
}

PackName pack_of(WireReader& reader) {
  PackName pack;
  pack.epoch = reader.integer<uint64_t>();
  pack.uuid = reader.array<decltype(pack.uuid)>();
  return pack;
}

// Of an authentic entry: what encode() made.
Reference decode(const ChunkId& id, ByteView value) {
  WireReader reader(value);
  Reference reference{.id = id};
  reference.frame.pack = pack_of(reader);
  reference.frame.ordinal = reader.integer<uint32_t>();
  reference.frame.offset = reader.integer<uint64_t>();
  reference.frame.plain_length = reader.integer<uint32_t>();
  reference.frame.encoded_length = reader.integer<uint32_t>();
  reference.frame.encoding = static_cast<Encoding>(reader.integer<uint32_t>());
  reference.offset = reader.integer<uint32_t>();
  reference.length = reader.integer<uint32_t>();
  return reference;
}

CacheTable::Key name_key(const Fingerprint& fingerprint) {
  CacheTable::Key key{};
  std::ranges::copy(fingerprint, key.begin());
  return key;
}

// Under this key an entry says that all chunks of the pack are in the table.
CacheTable::Key completion_key(const PackName& pack) {
  return sha256(as_bytes("complete: " + pack.to_string()));
}

}  // namespace

struct ChunkIndex::State {
  mutable std::shared_mutex mutex;  // guards `packs`
  std::unordered_set<PackName, PackNameHash> packs;
  std::unique_ptr<CacheTable> table;
  std::unique_ptr<CacheTable> names;

  bool usable(const PackName& pack) const {
    const std::shared_lock lock(mutex);
    return packs.contains(pack);
  }
};

ChunkIndex::ChunkIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChunkIndex::~ChunkIndex() = default;

Result<std::unique_ptr<ChunkIndex>> ChunkIndex::open(const std::filesystem::path& directory,
                                                     const Keyring& keyring) {
  auto state = std::make_unique<State>();
  const uint32_t generation = keyring.newest_generation();
  ASSIGN_OR_RETURN(const Secret key, keyring.subkey(generation, Purpose::kCache));
  const auto file = directory / keyring.repository().to_hex() / ("chunks-" + std::to_string(generation));
  const auto keep = [&known = *state](const CacheTable::Key&, ByteView value) {
    WireReader reader(value);
    return known.usable(pack_of(reader));
  };
  ASSIGN_OR_RETURN(state->table, CacheTable::open(file, key, {.value_size = kValueSize}, keep),
                   "while opening the cache of chunks");
  const auto names = file.parent_path() / ("names-" + std::to_string(generation));
  ASSIGN_OR_RETURN(
      state->names,
      CacheTable::open(names, key, {.value_size = sizeof(ChunkId::bytes), .max_bytes = kMaxNames}),
      "while opening the cache of names");
  return std::unique_ptr<ChunkIndex>(new ChunkIndex(std::move(state)));
}

Result<void> ChunkIndex::sync(const std::vector<PackName>& usable, const ReadFooter& read_footer,
                              const Cancellation& cancellation) {
  {
    const std::unique_lock lock(state_->mutex);
    state_->packs = {usable.begin(), usable.end()};
  }
  std::vector<PackName> missing;
  std::array<std::byte, kValueSize> ignored{};
  std::ranges::copy_if(usable, std::back_inserter(missing), [&](const PackName& pack) {
    return !state_->table->find(completion_key(pack), ignored);
  });
  return parallel_for(
      missing.size(), kFooterReaders,
      [&](size_t i) -> Result<void> {
        ASSIGN_OR_RETURN(const PackFooter footer, read_footer(missing[i]));
        for (const PackedFrame& frame : footer.frames) {
          for (const PackedChunk& chunk : frame.chunks) add(reference_to(frame, chunk));
        }
        mark_complete(missing[i]);
        return {};
      },
      cancellation);
}

void ChunkIndex::add_usable(const PackName& pack) {
  const std::unique_lock lock(state_->mutex);
  state_->packs.insert(pack);
}

bool ChunkIndex::usable(const PackName& pack) const { return state_->usable(pack); }

std::optional<Reference> ChunkIndex::find(const ChunkId& id) {
  std::array<std::byte, kValueSize> value{};
  if (!state_->table->find(id.bytes, value)) return std::nullopt;
  const Reference reference = decode(id, value);
  return usable(reference.frame.pack) ? std::optional(reference) : std::nullopt;
}

void ChunkIndex::add(const Reference& reference) {
  state_->table->insert(reference.id.bytes, as_bytes(encode(reference)));
}

std::optional<ChunkId> ChunkIndex::remembered_name(const Fingerprint& fingerprint) {
  ChunkId id;
  return state_->names->find(name_key(fingerprint), id.bytes) ? std::optional(id) : std::nullopt;
}

void ChunkIndex::remember_name(const Fingerprint& fingerprint, const ChunkId& id) {
  state_->names->insert(name_key(fingerprint), id.view());
}

void ChunkIndex::mark_complete(const PackName& pack) {
  const Reference marker{.frame = {.pack = pack}};
  state_->table->insert(completion_key(pack), as_bytes(encode(marker)));
}

}  // namespace summit::repository::packed
