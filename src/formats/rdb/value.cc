#include "formats/rdb/value.h"

#include <bit>
#include <cmath>
#include <limits>

#include "core/byte_order.h"
#include "core/text.h"
#include "formats/rdb/cursor.h"
#include "formats/rdb/packed.h"
#include "formats/rdb/stream_value.h"

namespace summit::rdb {

namespace {

// A field's expiry in a listpack or as a length is 0 when there is none.
constexpr uint64_t kGreatestExpiry = (uint64_t{1} << 48) - 2;

Result<double> parse_score(std::string_view text, const Cursor& cursor) {
  const auto score = parse_number<double>(text);
  if (!score || std::isnan(*score)) return cursor.corrupt("a score is no number, just");
  return *score;
}

Result<double> read_text_score(Cursor& cursor) {
  ASSIGN_OR_RETURN(const uint8_t size, cursor.byte("a score"));
  if (size == 255) return -std::numeric_limits<double>::infinity();
  if (size == 254) return std::numeric_limits<double>::infinity();
  if (size == 253) return cursor.corrupt("a score is no number, just");
  ASSIGN_OR_RETURN(const ByteView text, cursor.take(size, "a score"));
  return parse_score(as_text(text), cursor);
}

Result<double> read_binary_score(Cursor& cursor) {
  ASSIGN_OR_RETURN(const uint64_t bits, cursor.little64("a score"));
  const auto score = std::bit_cast<double>(bits);
  if (std::isnan(score)) return cursor.corrupt("a score is no number, just");
  return score;
}

Result<std::optional<int64_t>> expiry_of(uint64_t milliseconds, const Cursor& cursor) {
  if (milliseconds > kGreatestExpiry) return cursor.corrupt("the expiry of a field is out of range, just");
  if (milliseconds == 0) return std::optional<int64_t>();
  return std::optional<int64_t>(static_cast<int64_t>(milliseconds));
}

class Decoder {
 public:
  Decoder(ByteView raw, uint64_t offset, ValueVisitor& visitor)
      : raw_(raw), cursor_(raw, offset), visitor_(visitor) {}

  Result<void> decode(uint8_t type) {
    RETURN_IF_ERROR(dispatch(type));
    if (!cursor_.at_end()) return cursor_.corrupt("a value ends too soon");
    return {};
  }

 private:
  using Walk = Result<void> (*)(std::string_view, uint64_t, const ElementConsumer&);

  Result<void> dispatch(uint8_t type) {
    switch (static_cast<ValueType>(type)) {
      case ValueType::kString:
        return string();
      case ValueType::kList:
        return repeat([&]() -> Result<void> {
          ASSIGN_OR_RETURN(const auto element, cursor_.string(first_, "a list's element"));
          return visitor_.list_element(element);
        });
      case ValueType::kSet:
        return repeat([&]() -> Result<void> {
          ASSIGN_OR_RETURN(const auto member, cursor_.string(first_, "a set's member"));
          return visitor_.set_member(member);
        });
      case ValueType::kSortedSet:
        return repeat([&] { return sorted_set_member(read_text_score); });
      case ValueType::kSortedSet2:
        return repeat([&] { return sorted_set_member(read_binary_score); });
      case ValueType::kHash:
        return repeat([&] { return hash_field({}); });
      case ValueType::kHashMetadata:
        return hash_with_expiries(true);
      case ValueType::kHashMetadataPreRelease:
        return hash_with_expiries(false);
      case ValueType::kHashListpackEx:
        RETURN_IF_ERROR(cursor_.little64("the least expiry of a hash"));
        return packed_hash_with_expiries();
      case ValueType::kHashListpackExPreRelease:
        return packed_hash_with_expiries();
      case ValueType::kListZiplist:
        return packed_list(for_each_in_ziplist);
      case ValueType::kListQuicklist:
        return repeat([&] { return packed_list(for_each_in_ziplist); });
      case ValueType::kListQuicklist2:
        return repeat([&] { return quicklist_node(); });
      case ValueType::kSetIntset:
        return packed_set(for_each_in_intset);
      case ValueType::kSetListpack:
        return packed_set(for_each_in_listpack);
      case ValueType::kHashZipmap:
        return packed_hash(for_each_in_zipmap);
      case ValueType::kHashZiplist:
        return packed_hash(for_each_in_ziplist);
      case ValueType::kHashListpack:
        return packed_hash(for_each_in_listpack);
      case ValueType::kSortedSetZiplist:
        return packed_sorted_set(for_each_in_ziplist);
      case ValueType::kSortedSetListpack:
        return packed_sorted_set(for_each_in_listpack);
      case ValueType::kStreamListpacks:
      case ValueType::kStreamListpacks2:
      case ValueType::kStreamListpacks3:
        return decode_stream(static_cast<ValueType>(type), cursor_, visitor_);
      case ValueType::kModule2:
        return module();
    }
    return cursor_.corrupt(fmt::format("{} is no type of a value, just", type));
  }

  template <typename Body>
  Result<void> repeat(Body body) {
    ASSIGN_OR_RETURN(const uint64_t count, cursor_.length("the size of a value"));
    // Each element takes a byte at least; so a false count ends with the bytes.
    for (uint64_t i = 0; i < count; ++i) RETURN_IF_ERROR(body());
    return {};
  }

  Result<void> string() {
    ASSIGN_OR_RETURN(const auto text, cursor_.string(first_, "a string"));
    return visitor_.string(text);
  }

  Result<void> sorted_set_member(Result<double> (*read_score)(Cursor&)) {
    ASSIGN_OR_RETURN(const auto member, cursor_.string(first_, "a sorted set's member"));
    ASSIGN_OR_RETURN(const double score, read_score(cursor_));
    return visitor_.sorted_set_member(member, score);
  }

  Result<void> hash_field(std::optional<int64_t> expiry) {
    ASSIGN_OR_RETURN(const auto field, cursor_.string(first_, "a hash's field"));
    ASSIGN_OR_RETURN(const auto value, cursor_.string(second_, "a hash's value"));
    return visitor_.hash_field(field, value, expiry);
  }

  // With a least expiry in front, the others are relative to it, plus one.
  Result<void> hash_with_expiries(bool relative) {
    uint64_t least = 1;
    if (relative) {
      ASSIGN_OR_RETURN(least, cursor_.little64("the least expiry of a hash"));
      if (least > kGreatestExpiry) return cursor_.corrupt("the least expiry of a hash is out of range, just");
    }
    return repeat([&]() -> Result<void> {
      ASSIGN_OR_RETURN(const uint64_t given, cursor_.length("the expiry of a field"));
      if (given > kGreatestExpiry) return cursor_.corrupt("the expiry of a field is out of range, just");
      ASSIGN_OR_RETURN(const auto expiry,
                       expiry_of(given == 0 || !relative ? given : given + least - 1, cursor_));
      return hash_field(expiry);
    });
  }

  // A string that holds a compact encoding. In `first_` when it was compressed.
  Result<std::string_view> packed() { return cursor_.string(first_, "a compact value"); }

  Result<void> packed_list(Walk walk) {
    const uint64_t start = cursor_.offset();
    ASSIGN_OR_RETURN(const auto bytes, packed());
    return walk(bytes, start,
                [&](const PackedElement& element) { return visitor_.list_element(element.text(second_)); });
  }

  // A node is one large element by itself, or a listpack of many.
  Result<void> quicklist_node() {
    ASSIGN_OR_RETURN(const uint64_t container, cursor_.length("the kind of a list's node"));
    if (container == 2) return packed_list(for_each_in_listpack);
    if (container != 1)
      return cursor_.corrupt(fmt::format("{} is no kind of a list's node, just", container));
    ASSIGN_OR_RETURN(const auto element, cursor_.string(first_, "a list's element"));
    return visitor_.list_element(element);
  }

  Result<void> packed_set(Walk walk) {
    const uint64_t start = cursor_.offset();
    ASSIGN_OR_RETURN(const auto bytes, packed());
    return walk(bytes, start,
                [&](const PackedElement& element) { return visitor_.set_member(element.text(second_)); });
  }

  // Elements two by two. The first of a pair is kept, because the second may use the same scratch.
  template <typename Use>
  Result<void> packed_pairs(Walk walk, Use use) {
    const uint64_t start = cursor_.offset();
    ASSIGN_OR_RETURN(const auto bytes, packed());
    std::optional<PackedElement> name;
    RETURN_IF_ERROR(walk(bytes, start, [&](const PackedElement& element) -> Result<void> {
      if (!name) {
        name = element;
        return {};
      }
      const PackedElement pair_name = *name;
      name.reset();
      return use(pair_name.text(second_), element);
    }));
    if (name) return cursor_.corrupt("the last of a value's pairs is half, just");
    return {};
  }

  Result<void> packed_hash(Walk walk) {
    return packed_pairs(walk, [&](std::string_view field, const PackedElement& value) {
      return visitor_.hash_field(field, value.text(third_), {});
    });
  }

  Result<void> packed_sorted_set(Walk walk) {
    return packed_pairs(walk, [&](std::string_view member, const PackedElement& score) -> Result<void> {
      if (score.is_integer()) return visitor_.sorted_set_member(member, static_cast<double>(score.integer()));
      ASSIGN_OR_RETURN(const double value, parse_score(score.text(third_), cursor_));
      return visitor_.sorted_set_member(member, value);
    });
  }

  Result<void> packed_hash_with_expiries() {
    const uint64_t start = cursor_.offset();
    ASSIGN_OR_RETURN(const auto bytes, packed());
    ASSIGN_OR_RETURN(ListpackReader reader, ListpackReader::open(bytes, start));
    while (!reader.at_end()) {
      ASSIGN_OR_RETURN(const PackedElement field, reader.next());
      ASSIGN_OR_RETURN(const PackedElement value, reader.next());
      ASSIGN_OR_RETURN(const int64_t milliseconds, reader.next_integer());
      ASSIGN_OR_RETURN(const auto expiry, expiry_of(static_cast<uint64_t>(milliseconds), cursor_));
      RETURN_IF_ERROR(visitor_.hash_field(field.text(second_), value.text(third_), expiry));
    }
    return {};
  }

  Result<void> module() {
    ASSIGN_OR_RETURN(const uint64_t id, cursor_.length("a module's id"));
    RETURN_IF_ERROR(visitor_.module(module_type_name(id).text, raw_));
    return cursor_.take(cursor_.remaining(), "a module's value").ok() ? Result<void>()
                                                                      : cursor_.corrupt("a module's value");
  }

  ByteView raw_;
  Cursor cursor_;
  ValueVisitor& visitor_;
  std::string first_;
  std::string second_;
  std::string third_;
};

}  // namespace

Result<void> decode_value(uint8_t type, ByteView raw, uint64_t offset, ValueVisitor& visitor) {
  return Decoder(raw, offset, visitor).decode(type);
}

Result<void> decode_value(const Record& entry, ValueVisitor& visitor) {
  const uint64_t offset = entry.offset + (entry.raw.size() - entry.value.size());
  return decode_value(entry.type, entry.value, offset, visitor);
}

Result<DataType> data_type_of(uint8_t type) {
  switch (static_cast<ValueType>(type)) {
    case ValueType::kString:
      return DataType::kString;
    case ValueType::kList:
    case ValueType::kListZiplist:
    case ValueType::kListQuicklist:
    case ValueType::kListQuicklist2:
      return DataType::kList;
    case ValueType::kSet:
    case ValueType::kSetIntset:
    case ValueType::kSetListpack:
      return DataType::kSet;
    case ValueType::kSortedSet:
    case ValueType::kSortedSet2:
    case ValueType::kSortedSetZiplist:
    case ValueType::kSortedSetListpack:
      return DataType::kSortedSet;
    case ValueType::kHash:
    case ValueType::kHashZipmap:
    case ValueType::kHashZiplist:
    case ValueType::kHashListpack:
    case ValueType::kHashMetadataPreRelease:
    case ValueType::kHashListpackExPreRelease:
    case ValueType::kHashMetadata:
    case ValueType::kHashListpackEx:
      return DataType::kHash;
    case ValueType::kStreamListpacks:
    case ValueType::kStreamListpacks2:
    case ValueType::kStreamListpacks3:
      return DataType::kStream;
    case ValueType::kModule2:
      return DataType::kModule;
  }
  return Error(Code::kCorrupt, "the rdb data are damaged: {} is no type of a value", type);
}

Result<std::string> module_type_of(ByteView raw, uint64_t offset) {
  Cursor cursor(raw, offset);
  ASSIGN_OR_RETURN(const uint64_t id, cursor.length("a module's id"));
  return std::string(module_type_name(id).text);
}

}  // namespace summit::rdb
