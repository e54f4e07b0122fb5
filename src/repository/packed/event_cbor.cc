#include "repository/packed/event_cbor.h"

#include <chrono>

#include "repository/packed/cbor.h"
#include "repository/packed/event_rows.h"

namespace summit::repository::packed {
namespace {

uint64_t to_milliseconds(Instant instant) {
  const auto count = std::chrono::floor<std::chrono::milliseconds>(instant).time_since_epoch().count();
  return count < 0 ? 0 : static_cast<uint64_t>(count);
}

// Far beyond the year 9999, which RFC 3339 ends with.
constexpr uint64_t kMaxMilliseconds = 253'402'300'799'000;

Instant take_instant(CborMap& map, const char* name) {
  const uint64_t milliseconds = map.integer(name);
  if (milliseconds > kMaxMilliseconds) map.fail(name);
  return Instant(std::chrono::milliseconds(map.failed() ? 0 : milliseconds));
}

template <typename Row>
std::vector<Row> take_rows(CborMap& map, const char* name,
                           std::optional<std::vector<Row>> (*read)(ByteView)) {
  auto rows = read(map.bytes(name));
  if (!rows) map.fail(name);
  return std::move(rows).value_or(std::vector<Row>{});
}

Cbor rows(const auto& values) { return cbor_bytes(as_bytes(to_rows(values))); }

// --- Each event's fields, out and in ---

struct Writer {
  Cbor operator()(const CommitEvent& event) const {
    Cbor artifacts = Cbor::array();
    for (const auto& artifact : event.artifacts) {
      artifacts.push_back({{"name", artifact.name},
                           {"size", artifact.size},
                           {"sha256", cbor_bytes(artifact.sha256)},
                           {"blocks", rows(artifact.blocks)}});
    }
    return {{"backup", event.backup},
            {"metadata", event.metadata},
            {"artifacts", std::move(artifacts)},
            {"packs", rows(event.packs)}};
  }
  Cbor operator()(const RemoveEvent& event) const {
    return {{"backups", event.backups}, {"reason", event.reason}};
  }
  Cbor operator()(const TombstoneEvent& event) const { return {{"packs", rows(event.packs)}}; }
  Cbor operator()(const RelocateEvent& event) const {
    return {{"from", rows(std::vector{event.from})}, {"to", rows(event.to)}, {"marked_at", event.marked_at}};
  }
  Cbor operator()(const CollectedEvent& event) const { return {{"packs", rows(event.packs)}}; }
  Cbor operator()(const FloorEvent& event) const { return {{"epoch", event.epoch}}; }
  Cbor operator()(const PinEvent& event) const {
    return {{"backup", event.backup}, {"reason", event.reason}};
  }
  Cbor operator()(const UnpinEvent& event) const {
    return {{"backup", event.backup}, {"reason", event.reason}};
  }
  Cbor operator()(const VerifiedEvent& event) const {
    return {{"backup", event.backup},
            {"level", event.level},
            {"fraction", event.fraction},
            {"at", to_milliseconds(event.at)}};
  }
};

Result<Event> checked(const CborMap& map, Event event) {
  if (map.failed()) return map.error();
  return event;
}

Result<Event> read_commit_event(CborMap& map) {
  CommitEvent event{
      .backup = map.text("backup"), .metadata = map.text("metadata"), .artifacts = {}, .packs = {}};
  for (const Cbor& value : map.list("artifacts")) {
    CborMap fields(value);
    event.artifacts.push_back({.name = fields.text("name"),
                               .size = fields.integer("size"),
                               .sha256 = fields.array<Sha256Digest>("sha256"),
                               .blocks = take_rows<BlockPlace>(fields, "blocks", blocks_from_rows)});
    if (fields.failed()) return std::move(fields.error()).at("artifacts");
  }
  event.packs = take_rows<StoredPack>(map, "packs", packs_from_rows);
  return checked(map, std::move(event));
}

Result<Event> read_remove_event(CborMap& map) {
  RemoveEvent event{.backups = {}, .reason = map.text("reason")};
  for (const Cbor& value : map.list("backups")) {
    if (!value.is_string()) return Error(Code::kCorrupt, "\"backups\" holds what is no text");
    event.backups.push_back(value.get<std::string>());
  }
  return checked(map, std::move(event));
}

Result<Event> read_relocate_event(CborMap& map) {
  RelocateEvent event{.from = {},
                      .to = take_rows<StoredPack>(map, "to", packs_from_rows),
                      .marked_at = map.integer("marked_at")};
  const auto from = take_rows<PackName>(map, "from", names_from_rows);
  if (from.size() == 1) {
    event.from = from.front();
  } else {
    map.fail("from");
  }
  return checked(map, std::move(event));
}

Result<Event> read_verified_event(CborMap& map) {
  const uint64_t level = map.integer("level");
  const double fraction = map.number("fraction");
  if (level < 1 || level > 3) map.fail("level");
  if (!(fraction >= 0 && fraction <= 1)) map.fail("fraction");
  return checked(map, VerifiedEvent{.backup = map.text("backup"),
                                    .level = static_cast<uint32_t>(level),
                                    .fraction = fraction,
                                    .at = take_instant(map, "at")});
}

Result<Event> read_event(const Cbor& value) {
  CborMap map(value);
  const std::string type = map.text("type");
  if (map.failed()) return map.error();
  if (type == "commit") return read_commit_event(map);
  if (type == "remove") return read_remove_event(map);
  if (type == "tombstone")
    return checked(map, TombstoneEvent{take_rows<PackName>(map, "packs", names_from_rows)});
  if (type == "relocate") return read_relocate_event(map);
  if (type == "collected")
    return checked(map, CollectedEvent{take_rows<PackName>(map, "packs", names_from_rows)});
  if (type == "floor") return checked(map, FloorEvent{map.integer("epoch")});
  if (type == "pin") return checked(map, PinEvent{map.text("backup"), map.text("reason")});
  if (type == "unpin") return checked(map, UnpinEvent{map.text("backup"), map.text("reason")});
  if (type == "verified") return read_verified_event(map);
  // What it means for the state cannot be known, so going on would be a guess.
  return Error(Code::kUnsupported, "it holds an event of the type \"{}\", which this version does not know",
               type)
      .hint("use the newest version of summit-dr on this repository");
}

}  // namespace

std::string_view name_of(const Event& event) {
  constexpr std::array<std::string_view, std::variant_size_v<Event>> kNames = {
      "commit", "remove", "tombstone", "relocate", "collected", "floor", "pin", "unpin", "verified"};
  return kNames[event.index()];
}

std::string to_cbor(const RecordBody& body) {
  Cbor events = Cbor::array();
  for (const Event& event : body.events) {
    Cbor fields = std::visit(Writer{}, event);
    fields["type"] = name_of(event);
    events.push_back(std::move(fields));
  }
  return write_cbor(
      {{"at", to_milliseconds(body.at)}, {"writer", cbor_bytes(body.writer)}, {"events", std::move(events)}});
}

Result<RecordBody> record_body_from_cbor(ByteView bytes) {
  ASSIGN_OR_RETURN(const Cbor value, parse_cbor(bytes));
  CborMap map(value);
  RecordBody body{
      .at = take_instant(map, "at"), .writer = map.array<std::array<std::byte, 16>>("writer"), .events = {}};
  for (const Cbor& event : map.list("events")) {
    ASSIGN_OR_RETURN(auto read, read_event(event), "event {}", body.events.size());
    body.events.push_back(std::move(read));
  }
  if (map.failed()) return map.error();
  return body;
}

}  // namespace summit::repository::packed
