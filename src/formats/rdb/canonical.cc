#include "formats/rdb/canonical.h"

#include <bit>
#include <limits>
#include <utility>

#include "core/byte_order.h"
#include "core/fingerprint.h"
#include "formats/rdb/value.h"

namespace summit::rdb {

namespace {

constexpr int64_t kNeverExpires = std::numeric_limits<int64_t>::max();

void append_sized(std::string& out, std::string_view text) {
  append_little_endian<uint64_t>(out, text.size());
  out.append(text);
}

void append_time(std::string& out, std::optional<int64_t> milliseconds) {
  append_little_endian(out, static_cast<uint64_t>(milliseconds.value_or(kNeverExpires)));
}

void append_id(std::string& out, StreamId id) {
  append_little_endian(out, id.milliseconds);
  append_little_endian(out, id.sequence);
}

// Zero has one form: a compact encoding may turn -0 into 0.
void append_score(std::string& out, double score) {
  append_little_endian(out, std::bit_cast<uint64_t>(score == 0 ? 0.0 : score));
}

}  // namespace

// Gathers a value's content: what has an order goes through a running digest, what has none through a sum of
// digests. One for all keys, because making a digest costs more than a small key.
class KeyDigester::Content final : public ValueVisitor {
 public:
  explicit Content(std::optional<int64_t> not_expired_at_ms) : not_expired_at_ms_(not_expired_at_ms) {}

  bool empty() const { return count_ == 0; }

  // Forgets what it gathered, also after an error in the middle of a value.
  void reset() {
    if (std::exchange(count_, 0) > 0) ordered_.finish();
    unordered_ = SetHash();
  }

  Sha256Digest finish() {
    std::string tail;
    append_little_endian(tail, std::exchange(count_, 0));
    tail += unordered_.hex();
    ordered_.update(tail);
    return ordered_.finish();
  }

  Result<void> string(std::string_view text) override { return in_order(text); }
  Result<void> list_element(std::string_view element) override { return in_order(element); }

  Result<void> set_member(std::string_view member) override {
    ++count_;
    unordered_.add(as_bytes(member));
    return {};
  }

  Result<void> sorted_set_member(std::string_view member, double score) override {
    begin();
    append_sized(element_, member);
    append_score(element_, score);
    return add();
  }

  Result<void> hash_field(std::string_view field, std::string_view value,
                          std::optional<int64_t> expires_at_ms) override {
    if (expires_at_ms && not_expired_at_ms_ && *expires_at_ms < *not_expired_at_ms_) return {};
    begin();
    append_sized(element_, field);
    append_sized(element_, value);
    append_time(element_, expires_at_ms);
    return add();
  }

  Result<void> stream_entry(StreamId id, StreamFields fields) override {
    ++count_;
    begin();
    append_id(element_, id);
    append_little_endian<uint64_t>(element_, fields.size());
    for (const auto& [name, value] : fields) {
      append_sized(element_, name);
      append_sized(element_, value);
    }
    ordered_.update(element_);
    return {};
  }

  Result<void> stream_state(const StreamState& state) override {
    // A stream without entries is a key all the same.
    ++count_;
    begin();
    append_id(element_, state.last_id);
    append_id(element_, state.greatest_deleted_id);
    append_little_endian(element_, state.entries_added);
    ordered_.update(element_);
    return {};
  }

  Result<void> stream_group(std::string_view group, StreamId last_delivered) override {
    begin('g');
    append_sized(element_, group);
    append_id(element_, last_delivered);
    return add();
  }

  Result<void> stream_consumer(std::string_view group, std::string_view consumer) override {
    begin('c');
    append_sized(element_, group);
    append_sized(element_, consumer);
    return add();
  }

  Result<void> stream_pending(std::string_view group, std::string_view consumer,
                              const PendingEntry& pending) override {
    begin('p');
    append_sized(element_, group);
    append_sized(element_, consumer);
    append_id(element_, pending.id);
    append_time(element_, pending.delivered_at_ms);
    append_little_endian(element_, pending.deliveries);
    return add();
  }

  Result<void> module(std::string_view type, ByteView raw) override {
    RETURN_IF_ERROR(in_order(type));
    return in_order(as_text(raw));
  }

 private:
  void begin() { element_.clear(); }
  void begin(char kind) { element_.assign(1, kind); }

  Result<void> add() {
    ++count_;
    unordered_.add(as_bytes(element_));
    return {};
  }

  Result<void> in_order(std::string_view text) {
    ++count_;
    begin();
    append_little_endian<uint64_t>(element_, text.size());
    ordered_.update(element_);
    ordered_.update(text);
    return {};
  }

  std::optional<int64_t> not_expired_at_ms_;
  uint64_t count_ = 0;
  SetHash unordered_;
  Sha256 ordered_;
  std::string element_;
};

KeyDigester::KeyDigester(std::optional<int64_t> not_expired_at_ms)
    : not_expired_at_ms_(not_expired_at_ms), content_(std::make_unique<Content>(not_expired_at_ms)) {}
KeyDigester::~KeyDigester() = default;
KeyDigester::KeyDigester(KeyDigester&&) noexcept = default;
KeyDigester& KeyDigester::operator=(KeyDigester&&) noexcept = default;

Result<std::optional<Sha256Digest>> KeyDigester::digest(const Record& entry) {
  if (entry.expires_at_ms && not_expired_at_ms_ && *entry.expires_at_ms < *not_expired_at_ms_)
    return std::optional<Sha256Digest>();
  ASSIGN_OR_RETURN(const DataType type, data_type_of(entry.type));
  content_->reset();
  RETURN_IF_ERROR(decode_value(entry, *content_), "in the value of a key of database {}", entry.db);
  if (content_->empty()) return std::optional<Sha256Digest>();

  std::string head;
  append_sized(head, entry.key);
  head.push_back(static_cast<char>(type));
  append_time(head, entry.expires_at_ms);
  hasher_.update(head);
  hasher_.update(ByteView(content_->finish()));
  return std::optional<Sha256Digest>(hasher_.finish());
}

}  // namespace summit::rdb
