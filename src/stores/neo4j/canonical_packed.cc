// The canonical bytes of encoded values. canonical.cc holds the same for values that are built.
#include <algorithm>

#include "stores/neo4j/canonical.h"
#include "stores/neo4j/canonical_bytes.h"

namespace summit::neo4j {

namespace {

using bolt::Cursor;

struct PackedEntry {
  std::string_view key;
  ByteView value;
};

constexpr int kDeepest = 100;

Result<void> append(Cursor& cursor, std::string& bytes, int depth);

Result<void> append_list(Cursor& cursor, std::string& bytes, int depth) {
  uint32_t count = 0;
  if (!cursor.list(count)) return cursor.error("list");
  append_tag(CanonicalTag::kList, bytes);
  append_size(count, bytes);
  for (uint32_t i = 0; i < count; ++i) RETURN_IF_ERROR(append(cursor, bytes, depth + 1));
  return {};
}

Result<void> append_map(Cursor& cursor, std::string& bytes, int depth) {
  uint32_t count = 0;
  if (!cursor.map(count)) return cursor.error("map");
  std::vector<PackedEntry> entries(count);
  for (auto& entry : entries) {
    if (!cursor.text(entry.key) || !cursor.raw(entry.value)) return cursor.error("entry of a map");
  }
  std::sort(entries.begin(), entries.end(),
            [](const PackedEntry& a, const PackedEntry& b) { return a.key < b.key; });
  append_tag(CanonicalTag::kMap, bytes);
  append_size(count, bytes);
  for (const auto& entry : entries) {
    append_text(entry.key, bytes);
    Cursor value(entry.value);
    RETURN_IF_ERROR(append(value, bytes, depth + 1));
  }
  return {};
}

Result<void> append(Cursor& cursor, std::string& bytes, int depth) {
  if (depth > kDeepest) return Error(Code::kCorrupt, "a value of neo4j is nested too deeply");
  int64_t integer = 0;
  double real = 0;
  std::string_view text;
  switch (cursor.type()) {
    case bolt::Type::kInteger:
      if (!cursor.integer(integer)) return cursor.error("integer");
      append_tag(CanonicalTag::kInteger, bytes);
      append_integer(integer, bytes);
      return {};
    case bolt::Type::kFloat:
      if (!cursor.real(real)) return cursor.error("float");
      append_tag(CanonicalTag::kFloat, bytes);
      append_float(real, bytes);
      return {};
    case bolt::Type::kText:
      if (!cursor.text(text)) return cursor.error("text");
      append_tag(CanonicalTag::kString, bytes);
      append_text(text, bytes);
      return {};
    case bolt::Type::kList:
      return append_list(cursor, bytes, depth);
    case bolt::Type::kMap:
      return append_map(cursor, bytes, depth);
    default: {
      // Rare among properties, and small: building them costs little.
      ASSIGN_OR_RETURN(const auto value, bolt::read_value(cursor));
      append_canonical(value, bytes);
      return {};
    }
  }
}

}  // namespace

Result<void> append_canonical(Cursor& value, std::string& bytes) { return append(value, bytes, 0); }

Result<void> read_labels(Cursor labels, std::vector<std::string_view>& names) {
  uint32_t count = 0;
  if (!labels.list(count)) return labels.error("list of labels");
  names.resize(count);
  for (auto& name : names) {
    if (!labels.text(name)) return labels.error("label");
  }
  std::sort(names.begin(), names.end());
  return {};
}

Result<Sha256Digest> ElementDigester::node(Cursor labels, Cursor properties,
                                           std::vector<std::string_view>& names) {
  RETURN_IF_ERROR(read_labels(labels, names));
  bytes_ = "N";
  append_size(names.size(), bytes_);
  for (const auto name : names) append_text(name, bytes_);
  RETURN_IF_ERROR(append_map(properties, bytes_, 0));
  return sha256(as_bytes(bytes_));
}

Result<Sha256Digest> ElementDigester::relationship(std::string_view type, Cursor properties,
                                                   std::string_view start, std::string_view end) {
  bytes_ = "R";
  append_text(type, bytes_);
  bytes_ += start;
  bytes_ += end;
  RETURN_IF_ERROR(append_map(properties, bytes_, 0));
  return sha256(as_bytes(bytes_));
}

}  // namespace summit::neo4j
