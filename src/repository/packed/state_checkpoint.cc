// A checkpoint's body: the state as CBOR. Format: docs/formats/repository.md, "To compact".
#include <algorithm>
#include <chrono>

#include "repository/packed/cbor.h"
#include "repository/packed/event_rows.h"
#include "repository/packed/state_data.h"

namespace summit::repository::packed {
namespace {

constexpr size_t kKnownRow = kPackRow + 8;
constexpr size_t kTombstoneRow = kNameRow + 16;

Error damaged(std::string_view what) { return {Code::kCorrupt, "the state contradicts itself: {}", what}; }

Cbor write_verifications(const std::vector<Verification>& verifications) {
  Cbor list = Cbor::array();
  for (const auto& verification : verifications) {
    const auto at = std::chrono::floor<std::chrono::milliseconds>(verification.at).time_since_epoch().count();
    list.push_back({{"level", verification.level},
                    {"fraction", verification.fraction},
                    {"at", at < 0 ? 0U : static_cast<uint64_t>(at)}});
  }
  return list;
}

std::string write_needs(const std::vector<PackSlot>& needs, const std::map<PackSlot, uint32_t>& rows) {
  std::vector<uint32_t> indices;
  indices.reserve(needs.size());
  for (const PackSlot slot : needs) indices.push_back(rows.at(slot));
  std::ranges::sort(indices);
  std::string bytes;
  for (const uint32_t index : indices) put_integer(bytes, index);
  return bytes;
}

Cbor write_backup(const std::string& id, const LiveBackup& live, const std::string& needs) {
  return {{"backup", id},
          {"record", live.record},
          {"hash", cbor_bytes(live.record_hash)},
          {"pin", live.pin ? Cbor(*live.pin) : Cbor(nullptr)},
          {"verifications", write_verifications(live.verifications)},
          {"packs", cbor_bytes(as_bytes(needs))}};
}

Result<std::vector<Verification>> read_verifications(const Cbor::array_t& list) {
  std::vector<Verification> verifications;
  for (const Cbor& value : list) {
    CborMap map(value);
    const uint64_t level = map.integer("level");
    const double fraction = map.number("fraction");
    const uint64_t at = map.integer("at");
    if (map.failed() || level < 1 || level > 3 || at > uint64_t{1} << 53U) return damaged("verifications");
    verifications.push_back({.level = static_cast<uint32_t>(level),
                             .fraction = fraction,
                             .at = Instant(std::chrono::milliseconds(at))});
  }
  return verifications;
}

}  // namespace

std::string RepositoryState::to_checkpoint() const {
  const Data& data = *data_;
  std::string packs;
  std::map<PackSlot, uint32_t> rows;  // a slot's place among the names
  for (const auto& [name, slot] : data.packs.slots()) {
    rows.emplace(slot, static_cast<uint32_t>(rows.size()));
    put_pack(packs, data.packs.at(slot).pack);
    put_integer(packs, data.packs.at(slot).last_referenced);
  }
  std::string tombstones;
  for (const auto& [name, tombstone] : data.tombstones) {
    put_name(tombstones, name);
    put_integer(tombstones, tombstone.size);
    put_integer(tombstones, tombstone.record);
  }
  Cbor relocations = Cbor::array();
  for (const auto& [from, to] : data.relocations) {
    relocations.push_back({{"from", cbor_bytes(as_bytes(to_rows(std::vector{from})))},
                           {"to", cbor_bytes(as_bytes(to_rows(to)))}});
  }
  Cbor backups = Cbor::array();
  for (const auto& [id, live] : data.backups) {
    backups.push_back(write_backup(id, live, write_needs(data.needs.find(id)->second, rows)));
  }
  return write_cbor({{"floor", data.floor},
                     {"packs", cbor_bytes(as_bytes(packs))},
                     {"tombstones", cbor_bytes(as_bytes(tombstones))},
                     {"relocations", std::move(relocations)},
                     {"backups", std::move(backups)}});
}

namespace {

// Reads one table after the other into the state; packs first, since the others lead to them.
class CheckpointReader {
 public:
  CheckpointReader(CborMap& map, RepositoryState::Data& data) : map_(map), data_(data) {}

  Result<void> read() {
    data_.floor = map_.integer("floor");
    if (data_.floor > data_.number) return damaged("floor");
    RETURN_IF_ERROR(read_packs());
    RETURN_IF_ERROR(read_tombstones());
    for (const Cbor& relocation : map_.list("relocations"))
      RETURN_IF_ERROR(read_relocation(CborMap(relocation)));
    for (const Cbor& backup : map_.list("backups")) RETURN_IF_ERROR(read_backup(CborMap(backup)));
    if (map_.failed()) return map_.error();
    return {};
  }

 private:
  Result<void> read_packs() {
    const ByteView rows = map_.bytes("packs");
    if (rows.size() % kKnownRow != 0) return damaged("packs");
    for (WireReader reader(rows); reader.left() > 0;) {
      const StoredPack pack = take_pack(reader);
      const auto record = reader.integer<uint64_t>();
      if (pack.name.epoch >= record || record > data_.number) return damaged("a pack from the future");
      if (!slots_.empty() && !(data_.packs.at(slots_.back()).pack.name < pack.name))
        return damaged("order of packs");
      slots_.push_back(data_.packs.reference(pack, record));
    }
    return {};
  }

  Result<void> read_tombstones() {
    const ByteView rows = map_.bytes("tombstones");
    if (rows.size() % kTombstoneRow != 0) return damaged("tombstones");
    for (WireReader reader(rows); reader.left() > 0;) {
      const PackName name = take_name(reader);
      const auto size = reader.integer<uint64_t>();
      const auto record = reader.integer<uint64_t>();
      if (name.epoch >= record || record > data_.number || data_.packs.find(name))
        return damaged("tombstones");
      data_.tombstones[name] = {.pack = name, .size = size, .record = record};
    }
    return {};
  }

  Result<void> read_relocation(CborMap fields) {
    const auto from = names_from_rows(fields.bytes("from"));
    auto to = names_from_rows(fields.bytes("to"));
    if (fields.failed() || !from || from->size() != 1 || !to || to->empty()) return damaged("relocations");
    if (data_.packs.find(from->front())) return damaged("a relocation of a pack that is there");
    for (const auto& name : *to) {
      if (!data_.packs.find(name)) return damaged("a relocation to a pack that is not there");
    }
    data_.relocations[from->front()] = *std::move(to);
    return {};
  }

  Result<void> read_backup(CborMap fields) {
    LiveBackup live{.record = fields.integer("record"), .record_hash = fields.array<Sha256Digest>("hash")};
    if (!fields.is_null("pin")) live.pin = fields.text("pin");
    ASSIGN_OR_RETURN(live.verifications, read_verifications(fields.list("verifications")));
    const std::string id = fields.text("backup");
    ASSIGN_OR_RETURN(auto needs, read_needs(fields));
    if (fields.failed() || live.record == 0 || live.record > data_.number) return damaged("backups");
    if (data_.backups.contains(id)) return damaged("a backup twice");
    for (const PackSlot slot : needs) data_.packs.need(slot);
    data_.needs[id] = std::move(needs);
    data_.backups[id] = std::move(live);
    return {};
  }

  Result<std::vector<PackSlot>> read_needs(CborMap& backup) const {
    const ByteView rows = backup.bytes("packs");
    if (rows.size() % sizeof(uint32_t) != 0) return damaged("needs of a backup");
    std::vector<PackSlot> needs;
    for (WireReader reader(rows); reader.left() > 0;) {
      const auto index = reader.integer<uint32_t>();
      if (index >= slots_.size()) return damaged("a backup needs a pack that is not there");
      needs.push_back(slots_[index]);
    }
    std::ranges::sort(needs);
    if (std::ranges::adjacent_find(needs) != needs.end()) return damaged("a backup needs a pack twice");
    return needs;
  }

  CborMap& map_;
  RepositoryState::Data& data_;
  std::vector<PackSlot> slots_;  // by the rows of "packs"
};

}  // namespace

Result<RepositoryState> RepositoryState::from_checkpoint(ByteView body, uint64_t number,
                                                         const Sha256Digest& hash) {
  ASSIGN_OR_RETURN(const Cbor value, parse_cbor(body));
  CborMap map(value);
  RepositoryState state;
  state.data_->number = number;
  state.data_->hash = hash;
  RETURN_IF_ERROR(CheckpointReader(map, *state.data_).read());
  return state;
}

}  // namespace summit::repository::packed
