#include "formats/rdb/stream_value.h"

#include <algorithm>
#include <vector>

#include "core/byte_order.h"
#include "formats/rdb/packed.h"

namespace summit::rdb {

namespace {

constexpr int64_t kDeleted = 1;
constexpr int64_t kSameFields = 2;

using Fields = std::vector<std::pair<std::string, std::string>>;

StreamId load_id(const void* bytes) {
  const auto* at = static_cast<const char*>(bytes);
  return {load_big_endian<uint64_t>(at), load_big_endian<uint64_t>(at + 8)};
}

Result<StreamId> read_id(Cursor& cursor) {
  ASSIGN_OR_RETURN(const uint64_t milliseconds, cursor.length("a stream's id"));
  ASSIGN_OR_RETURN(const uint64_t sequence, cursor.length("a stream's id"));
  return StreamId{milliseconds, sequence};
}

Result<StreamId> read_raw_id(Cursor& cursor) {
  ASSIGN_OR_RETURN(const ByteView bytes, cursor.take(16, "a stream's id"));
  return load_id(bytes.data());
}

Result<std::string> next_text(ListpackReader& reader) {
  std::string scratch;
  ASSIGN_OR_RETURN(const PackedElement element, reader.next());
  return std::string(element.text(scratch));
}

// One node: a master entry that names the usual fields, then the entries, each with its id relative to the
// node's.
class NodeDecoder {
 public:
  NodeDecoder(StreamId master, ListpackReader& reader, const Cursor& cursor)
      : master_(master), reader_(reader), cursor_(cursor) {}

  Result<void> decode(ValueVisitor& visitor) {
    ASSIGN_OR_RETURN(const int64_t valid, reader_.next_integer());
    ASSIGN_OR_RETURN(const int64_t deleted, reader_.next_integer());
    RETURN_IF_ERROR(read_master_fields());
    int64_t found_valid = 0;
    int64_t found_deleted = 0;
    while (!reader_.at_end()) {
      ASSIGN_OR_RETURN(const int64_t flags, reader_.next_integer());
      ASSIGN_OR_RETURN(const StreamId id, read_entry_id());
      RETURN_IF_ERROR(read_fields((flags & kSameFields) != 0));
      // How many elements the entry has, for walking backwards.
      RETURN_IF_ERROR(reader_.next_integer());
      if ((flags & kDeleted) != 0) {
        ++found_deleted;
        continue;
      }
      ++found_valid;
      RETURN_IF_ERROR(visitor.stream_entry(id, fields_));
    }
    if (found_valid != valid || found_deleted != deleted)
      return cursor_.corrupt("a stream's node has another number of entries, just");
    return {};
  }

 private:
  Result<void> read_master_fields() {
    ASSIGN_OR_RETURN(const int64_t count, reader_.next_integer());
    for (int64_t i = 0; i < count; ++i) {
      ASSIGN_OR_RETURN(std::string name, next_text(reader_));
      master_fields_.push_back(std::move(name));
    }
    ASSIGN_OR_RETURN(const int64_t terminator, reader_.next_integer());
    if (terminator != 0) return cursor_.corrupt("a stream's master entry does not end, just");
    return {};
  }

  // Differences wrap around: the server adds them without a check as well.
  Result<StreamId> read_entry_id() {
    ASSIGN_OR_RETURN(const int64_t milliseconds, reader_.next_integer());
    ASSIGN_OR_RETURN(const int64_t sequence, reader_.next_integer());
    return StreamId{master_.milliseconds + static_cast<uint64_t>(milliseconds),
                    master_.sequence + static_cast<uint64_t>(sequence)};
  }

  Result<void> read_fields(bool same_as_master) {
    fields_.clear();
    if (same_as_master) {
      for (const std::string& name : master_fields_) {
        ASSIGN_OR_RETURN(std::string value, next_text(reader_));
        fields_.emplace_back(name, std::move(value));
      }
      return {};
    }
    ASSIGN_OR_RETURN(const int64_t count, reader_.next_integer());
    for (int64_t i = 0; i < count; ++i) {
      ASSIGN_OR_RETURN(std::string name, next_text(reader_));
      ASSIGN_OR_RETURN(std::string value, next_text(reader_));
      fields_.emplace_back(std::move(name), std::move(value));
    }
    return {};
  }

  StreamId master_;
  ListpackReader& reader_;
  const Cursor& cursor_;
  std::vector<std::string> master_fields_;
  Fields fields_;
};

Result<void> decode_node(Cursor& cursor, ValueVisitor& visitor) {
  std::string key_scratch;
  std::string scratch;
  ASSIGN_OR_RETURN(const std::string_view key, cursor.string(key_scratch, "the id of a stream's node"));
  if (key.size() != 16) return cursor.corrupt("the id of a stream's node has not 16 bytes, just");
  const StreamId master = load_id(key.data());
  const uint64_t start = cursor.offset();
  ASSIGN_OR_RETURN(const std::string_view bytes, cursor.string(scratch, "a stream's node"));
  ASSIGN_OR_RETURN(ListpackReader reader, ListpackReader::open(bytes, start));
  return NodeDecoder(master, reader, cursor).decode(visitor);
}

Result<StreamState> read_state(ValueType type, Cursor& cursor) {
  StreamState state;
  ASSIGN_OR_RETURN(state.length, cursor.length("a stream's length"));
  ASSIGN_OR_RETURN(state.last_id, read_id(cursor));
  state.entries_added = state.length;
  if (type == ValueType::kStreamListpacks) return state;
  RETURN_IF_ERROR(read_id(cursor));  // of the first entry, which the entries tell
  ASSIGN_OR_RETURN(state.greatest_deleted_id, read_id(cursor));
  ASSIGN_OR_RETURN(state.entries_added, cursor.length("how many entries a stream ever had"));
  return state;
}

// The group's list of what is pending, in the order of ids; the consumers' lists refer to it.
Result<std::vector<PendingEntry>> read_pending(Cursor& cursor) {
  std::vector<PendingEntry> pending;
  ASSIGN_OR_RETURN(const uint64_t count, cursor.length("the number of pending entries"));
  for (uint64_t i = 0; i < count; ++i) {
    PendingEntry entry;
    ASSIGN_OR_RETURN(entry.id, read_raw_id(cursor));
    ASSIGN_OR_RETURN(const uint64_t delivered, cursor.little64("a delivery time"));
    entry.delivered_at_ms = static_cast<int64_t>(delivered);
    ASSIGN_OR_RETURN(entry.deliveries, cursor.length("a number of deliveries"));
    if (!pending.empty() && entry.id <= pending.back().id)
      return cursor.corrupt("pending entries are out of order, just");
    pending.push_back(entry);
  }
  return pending;
}

Result<void> decode_consumer(ValueType type, std::string_view group, const std::vector<PendingEntry>& pending,
                             Cursor& cursor, ValueVisitor& visitor, uint64_t& owned) {
  std::string scratch;
  ASSIGN_OR_RETURN(const std::string_view consumer, cursor.string(scratch, "a consumer's name"));
  RETURN_IF_ERROR(cursor.little64("when a consumer was seen"));
  if (type == ValueType::kStreamListpacks3) RETURN_IF_ERROR(cursor.little64("when a consumer was active"));
  RETURN_IF_ERROR(visitor.stream_consumer(group, consumer));
  ASSIGN_OR_RETURN(const uint64_t count, cursor.length("the number of pending entries"));
  for (uint64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const StreamId id, read_raw_id(cursor));
    const auto found = std::ranges::lower_bound(pending, id, {}, &PendingEntry::id);
    if (found == pending.end() || found->id != id)
      return cursor.corrupt("a consumer's pending entry is not its group's, just");
    RETURN_IF_ERROR(visitor.stream_pending(group, consumer, *found));
  }
  owned += count;
  return {};
}

Result<void> decode_group(ValueType type, Cursor& cursor, ValueVisitor& visitor) {
  std::string scratch;
  ASSIGN_OR_RETURN(const std::string_view group, cursor.string(scratch, "a group's name"));
  ASSIGN_OR_RETURN(const StreamId last_delivered, read_id(cursor));
  if (type != ValueType::kStreamListpacks)
    RETURN_IF_ERROR(cursor.length("how many entries a group has read"));
  RETURN_IF_ERROR(visitor.stream_group(group, last_delivered));
  ASSIGN_OR_RETURN(const auto pending, read_pending(cursor));
  ASSIGN_OR_RETURN(const uint64_t consumers, cursor.length("the number of consumers"));
  uint64_t owned = 0;
  for (uint64_t i = 0; i < consumers; ++i)
    RETURN_IF_ERROR(decode_consumer(type, group, pending, cursor, visitor, owned));
  if (owned != pending.size()) return cursor.corrupt("a pending entry has not exactly one consumer, just");
  return {};
}

}  // namespace

Result<void> decode_stream(ValueType type, Cursor& cursor, ValueVisitor& visitor) {
  ASSIGN_OR_RETURN(const uint64_t nodes, cursor.length("the number of a stream's nodes"));
  for (uint64_t i = 0; i < nodes; ++i) RETURN_IF_ERROR(decode_node(cursor, visitor));
  ASSIGN_OR_RETURN(const StreamState state, read_state(type, cursor));
  RETURN_IF_ERROR(visitor.stream_state(state));
  ASSIGN_OR_RETURN(const uint64_t groups, cursor.length("the number of a stream's groups"));
  for (uint64_t i = 0; i < groups; ++i) RETURN_IF_ERROR(decode_group(type, cursor, visitor));
  return {};
}

}  // namespace summit::rdb
