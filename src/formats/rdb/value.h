// Decodes a value's raw bytes into what a client would see, element by element.
//
// The order is that of the encoding: meaningful for lists and streams, arbitrary for sets, hashes and sorted
// sets. Everything is checked against the bytes that are there; damage gives kCorrupt with the offset.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/rdb/reader.h"
#include "formats/rdb/types.h"

namespace summit::rdb {

struct StreamId {
  uint64_t milliseconds = 0;
  uint64_t sequence = 0;
  friend auto operator<=>(const StreamId&, const StreamId&) = default;
};

struct StreamState {
  uint64_t length = 0;
  StreamId last_id;
  StreamId greatest_deleted_id;  // 0-0 in streams written before Redis 7
  uint64_t entries_added = 0;    // the length in streams written before Redis 7
};

struct PendingEntry {
  StreamId id;
  int64_t delivered_at_ms = 0;
  uint64_t deliveries = 0;
};

using StreamFields = std::span<const std::pair<std::string, std::string>>;

// Takes the elements. Views are valid during the call only; an error ends the decoding and is passed on.
class ValueVisitor {
 public:
  virtual ~ValueVisitor() = default;
  virtual Result<void> string(std::string_view text) = 0;
  virtual Result<void> list_element(std::string_view element) = 0;
  virtual Result<void> set_member(std::string_view member) = 0;
  virtual Result<void> sorted_set_member(std::string_view member, double score) = 0;
  // `expires_at_ms` is the field's own expiry (Redis 7.4).
  virtual Result<void> hash_field(std::string_view field, std::string_view value,
                                  std::optional<int64_t> expires_at_ms) = 0;
  // Entries in the order of their ids, then the state, then each group followed by its consumers, and each
  // consumer by what it has read and not acknowledged.
  virtual Result<void> stream_entry(StreamId id, StreamFields fields) = 0;
  virtual Result<void> stream_state(const StreamState& state) = 0;
  virtual Result<void> stream_group(std::string_view group, StreamId last_delivered) = 0;
  virtual Result<void> stream_consumer(std::string_view group, std::string_view consumer) = 0;
  virtual Result<void> stream_pending(std::string_view group, std::string_view consumer,
                                      const PendingEntry& pending) = 0;
  // Values of modules stay undecoded. `type` is the module type's name: "ReJSON-RL".
  virtual Result<void> module(std::string_view type, ByteView raw) = 0;
};

// Decodes a value of type byte `type` that lies at `offset` in its file.
Result<void> decode_value(uint8_t type, ByteView raw, uint64_t offset, ValueVisitor& visitor);

// The value of an entry record.
Result<void> decode_value(const Record& entry, ValueVisitor& visitor);

// kCorrupt for a byte that is no value type.
Result<DataType> data_type_of(uint8_t type);

// The name of the module type of a module value.
Result<std::string> module_type_of(ByteView raw, uint64_t offset);

}  // namespace summit::rdb
