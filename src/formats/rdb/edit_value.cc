#include "formats/rdb/edit_value.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <set>

#include "core/byte_order.h"
#include "formats/rdb/cursor.h"
#include "formats/rdb/encode.h"
#include "formats/rdb/types.h"
#include "formats/rdb/value.h"

namespace summit::rdb {

namespace {

// A node of a stream as the server fills it by default.
constexpr size_t kNodeBytes = 4096;
constexpr size_t kNodeEntries = 100;
constexpr int64_t kSameFields = 2;

using Fields = std::vector<EditedField>;

// The entries of a stream, packed into nodes.
class NodeWriter {
 public:
  void add(StreamId id, const Fields& fields) {
    if (!entries_.empty() && (entries_.size() == kNodeEntries || bytes_ >= kNodeBytes)) end_node();
    for (const auto& field : fields) bytes_ += field.name.size() + field.value.size();
    entries_.push_back({id, fields});
  }

  // How many nodes, then each.
  std::string finish() {
    if (!entries_.empty()) end_node();
    std::string out;
    append_length(out, count_);
    return out + nodes_;
  }

 private:
  struct Entry {
    StreamId id;
    Fields fields;
  };

  bool has_master_fields(const Entry& entry) const {
    return std::ranges::equal(entry.fields, entries_.front().fields, {}, &EditedField::name,
                              &EditedField::name);
  }

  void end_node() {
    const StreamId master = entries_.front().id;
    const auto& names = entries_.front().fields;
    ListpackWriter writer;
    writer.add(static_cast<int64_t>(entries_.size()));
    writer.add(int64_t{0});
    writer.add(static_cast<int64_t>(names.size()));
    for (const auto& field : names) writer.add(field.name);
    writer.add(int64_t{0});
    for (const auto& entry : entries_) add_entry(master, entry, writer);

    append_length(nodes_, 16);
    append_big_endian(nodes_, master.milliseconds);
    append_big_endian(nodes_, master.sequence);
    append_text(nodes_, writer.finish());
    ++count_;
    entries_.clear();
    bytes_ = 0;
  }

  void add_entry(StreamId master, const Entry& entry, ListpackWriter& writer) const {
    const bool same = has_master_fields(entry);
    const auto size = static_cast<int64_t>(entry.fields.size());
    writer.add(same ? kSameFields : int64_t{0});
    // Differences may be negative: they wrap around, as the server's do.
    writer.add(static_cast<int64_t>(entry.id.milliseconds - master.milliseconds));
    writer.add(static_cast<int64_t>(entry.id.sequence - master.sequence));
    if (!same) writer.add(size);
    for (const auto& field : entry.fields) {
      if (!same) writer.add(field.name);
      writer.add(field.value);
    }
    writer.add(same ? size + 3 : 2 * size + 4);
  }

  std::vector<Entry> entries_;  // of the node that is being filled
  size_t bytes_ = 0;
  std::string nodes_;
  uint64_t count_ = 0;
};

// Takes a value apart and puts it together again.
class Rebuilder final : public ValueVisitor {
 public:
  explicit Rebuilder(ValueEditor& editor) : editor_(editor) {}

  Result<void> string(std::string_view text) override {
    return add_text(text, [&](std::string_view edited) { append_text(body_, edited); });
  }
  Result<void> list_element(std::string_view element) override {
    return add_text(element, [&](std::string_view edited) { append_text(body_, edited); });
  }
  Result<void> set_member(std::string_view member) override {
    return add_text(member, [&](std::string_view edited) {
      if (is_new(edited)) append_text(body_, edited);
    });
  }
  Result<void> sorted_set_member(std::string_view member, double score) override {
    return add_text(member, [&](std::string_view edited) {
      if (!is_new(edited)) return;
      append_text(body_, edited);
      append_little_endian(body_, std::bit_cast<uint64_t>(score));
    });
  }
  Result<void> hash_field(std::string_view field, std::string_view value,
                          std::optional<int64_t> expires_at_ms) override {
    fields_.push_back({std::string(field), std::string(value)});
    expiries_.push_back(expires_at_ms);
    return {};
  }

  Result<void> stream_entry(StreamId id, StreamFields fields) override {
    Fields entry;
    for (const auto& [name, value] : fields) entry.push_back({name, value});
    ASSIGN_OR_RETURN(const bool changed, editor_.fields(entry));
    changed_ |= changed;
    if (changed && !entry.empty() && std::ranges::all_of(entry, &EditedField::removed)) {
      entry.resize(1);
      entry.front().value.clear();
      entry.front().removed = false;
    }
    std::erase_if(entry, [](const EditedField& field) { return field.removed; });
    nodes_.add(id, entry);
    return {};
  }
  Result<void> stream_state(const StreamState&) override { return {}; }
  Result<void> stream_group(std::string_view group, StreamId) override { return editor_.reader_name(group); }
  Result<void> stream_consumer(std::string_view, std::string_view consumer) override {
    return editor_.reader_name(consumer);
  }
  Result<void> stream_pending(std::string_view, std::string_view, const PendingEntry&) override { return {}; }

  Result<void> module(std::string_view type, ByteView) override {
    return Error(Code::kUnsupported, "values of the module type {} cannot be changed", type);
  }

  // After the whole value of `entry`.
  Result<EditedValue> finish(const Record& entry) {
    ASSIGN_OR_RETURN(const DataType type, data_type_of(entry.type));
    if (type == DataType::kHash) RETURN_IF_ERROR(end_hash());
    if (!changed_) return EditedValue{};
    if (type == DataType::kStream) return end_stream(entry);
    if (count_ == 0) return EditedValue{Edit::kRemoved, 0, {}};
    std::string bytes;
    if (least_expiry_) append_little_endian(bytes, static_cast<uint64_t>(*least_expiry_));
    if (type != DataType::kString) append_length(bytes, count_);
    return EditedValue{Edit::kReplaced, static_cast<uint8_t>(plain_type(type)), bytes + body_};
  }

 private:
  template <typename Add>
  Result<void> add_text(std::string_view text, Add add) {
    replacement_.clear();
    ASSIGN_OR_RETURN(const Edit edit, editor_.text(text, replacement_));
    changed_ |= edit != Edit::kKept;
    if (edit == Edit::kRemoved) return {};
    ++count_;
    add(edit == Edit::kKept ? text : std::string_view(replacement_));
    return {};
  }

  // Counts a member once.
  bool is_new(std::string_view member) {
    if (members_.emplace(member).second) return true;
    --count_;
    return false;
  }

  Result<void> end_hash() {
    ASSIGN_OR_RETURN(changed_, editor_.fields(fields_));
    if (!changed_) return {};
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (!fields_[i].removed && expiries_[i])
        least_expiry_ = std::min(least_expiry_.value_or(std::numeric_limits<int64_t>::max()), *expiries_[i]);
    }
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i].removed) continue;
      ++count_;
      // Relative to the least one, plus one: zero means none.
      if (least_expiry_)
        append_length(body_, expiries_[i] ? static_cast<uint64_t>(*expiries_[i] - *least_expiry_) + 1 : 0);
      append_text(body_, fields_[i].name);
      append_text(body_, fields_[i].value);
    }
    return {};
  }

  // State and groups refer to ids only, and these stay.
  Result<EditedValue> end_stream(const Record& entry) {
    Cursor cursor(entry.value, entry.offset + (entry.raw.size() - entry.value.size()));
    ASSIGN_OR_RETURN(const uint64_t nodes, cursor.length("the number of a stream's nodes"));
    std::string scratch;
    for (uint64_t i = 0; i < 2 * nodes; ++i) RETURN_IF_ERROR(cursor.string(scratch, "a stream's node"));
    return EditedValue{Edit::kReplaced, entry.type,
                       nodes_.finish() + std::string(as_text(entry.value.subspan(cursor.position())))};
  }

  ValueType plain_type(DataType type) const {
    switch (type) {
      case DataType::kList:
        return ValueType::kList;
      case DataType::kSet:
        return ValueType::kSet;
      case DataType::kSortedSet:
        return ValueType::kSortedSet2;
      case DataType::kHash:
        return least_expiry_ ? ValueType::kHashMetadata : ValueType::kHash;
      default:
        return ValueType::kString;
    }
  }

  ValueEditor& editor_;
  bool changed_ = false;
  uint64_t count_ = 0;
  std::string body_;
  std::string replacement_;
  std::set<std::string, std::less<>> members_;
  Fields fields_;
  std::vector<std::optional<int64_t>> expiries_;
  std::optional<int64_t> least_expiry_;
  NodeWriter nodes_;
};

}  // namespace

Result<EditedValue> edit_value(const Record& entry, ValueEditor& editor) {
  Rebuilder rebuilder(editor);
  RETURN_IF_ERROR(decode_value(entry, rebuilder));
  return rebuilder.finish(entry);
}

}  // namespace summit::rdb
