#include "stores/neo4j/graph_file.h"

#include <algorithm>

namespace summit::neo4j {

namespace {

constexpr std::string_view kMagic = "summit-graph 1\n";
constexpr size_t kBlock = 256 * KiB;
constexpr size_t kLengthSize = 4;
constexpr size_t kLongestRecord = 512 * MiB;

uint8_t tag_of(GraphRecord kind) { return static_cast<uint8_t>(kind); }

Error corrupt(std::string_view what) { return Error(Code::kCorrupt, "the graph file holds {}", what); }

size_t length_at(std::string_view bytes) {
  size_t length = 0;
  for (size_t i = 0; i < kLengthSize; ++i) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  return length;
}

}  // namespace

GraphWriter::GraphWriter(std::function<Result<void>(ByteView)> consume)
    : consume_(std::move(consume)), block_(kMagic) {}

size_t GraphWriter::begin_record() {
  block_.append(kLengthSize, '\0');
  return block_.size();
}

Result<void> GraphWriter::end_record(size_t begin) {
  const size_t size = block_.size() - begin;
  if (size > kLongestRecord)
    return Error(Code::kUnsupported, "an element of the graph has {} of properties", human_bytes(size));
  for (size_t i = 0; i < kLengthSize; ++i) block_[begin - 1 - i] = static_cast<char>(size >> (8 * i) & 0xff);
  return block_.size() < kBlock ? Result<void>() : flush();
}

Result<void> GraphWriter::flush() {
  auto consumed = consume_(as_bytes(block_));
  block_.clear();
  return consumed;
}

Result<void> GraphWriter::facts(GraphRecord kind, const Value::Map& facts) {
  const size_t begin = begin_record();
  bolt::Writer writer(block_);
  writer.structure(tag_of(kind), 1);
  RETURN_IF_ERROR(writer.value(Value{facts}));
  return end_record(begin);
}

Result<void> GraphWriter::node(int64_t id, ByteView labels, ByteView properties) {
  ++nodes_;
  const size_t begin = begin_record();
  bolt::Writer writer(block_);
  writer.structure(tag_of(GraphRecord::kNode), 3);
  writer.integer(id);
  writer.raw(labels);
  writer.raw(properties);
  return end_record(begin);
}

Result<void> GraphWriter::relationship(int64_t id, int64_t start, int64_t end, std::string_view type,
                                       ByteView properties) {
  ++relationships_;
  const size_t begin = begin_record();
  bolt::Writer writer(block_);
  writer.structure(tag_of(GraphRecord::kRelationship), 5);
  writer.integer(id);
  writer.integer(start);
  writer.integer(end);
  writer.text(type);
  writer.raw(properties);
  return end_record(begin);
}

Result<void> GraphWriter::cut(std::string_view type, uint64_t count) {
  const size_t begin = begin_record();
  bolt::Writer writer(block_);
  writer.structure(tag_of(GraphRecord::kCut), 2);
  writer.text(type);
  writer.integer(static_cast<int64_t>(count));
  return end_record(begin);
}

Result<void> GraphWriter::finish() {
  RETURN_IF_ERROR(facts(GraphRecord::kEnd, {{"nodes", Value{static_cast<int64_t>(nodes_)}},
                                            {"relationships", Value{static_cast<int64_t>(relationships_)}}}));
  return block_.empty() ? Result<void>() : flush();
}

Result<void> GraphReader::write(ByteView block) {
  // Whole records are read where they arrived; only what is cut off at the end is kept.
  const bool is_kept = !pending_.empty();
  if (is_kept) pending_ += as_text(block);
  std::string_view rest = is_kept ? std::string_view(pending_) : as_text(block);
  if (!begun_) {
    const size_t known = std::min(rest.size(), kMagic.size());
    if (rest.substr(0, known) != kMagic.substr(0, known)) return corrupt("no graph");
    begun_ = known == kMagic.size();
    if (begun_) rest.remove_prefix(known);
  }
  while (begun_ && rest.size() >= kLengthSize) {
    const size_t length = length_at(rest);
    if (length > kLongestRecord) return corrupt("a record that is too long");
    if (rest.size() - kLengthSize < length) break;
    RETURN_IF_ERROR(take_record(as_bytes(rest.substr(kLengthSize, length))));
    rest.remove_prefix(kLengthSize + length);
  }
  if (is_kept) {
    pending_.erase(0, pending_.size() - rest.size());
  } else {
    pending_ = rest;
  }
  return {};
}

Result<void> GraphReader::take_record(ByteView record) {
  if (ended_) return corrupt("something behind its end");
  bolt::Cursor cursor(record);
  uint8_t tag = 0;
  uint32_t fields = 0;
  if (!cursor.structure(tag, fields)) return corrupt("something that is no record");
  const auto kind = static_cast<GraphRecord>(tag);
  if (headed_ == (kind == GraphRecord::kHeader)) return corrupt("no header, or a second one");
  headed_ = true;
  if (kind == GraphRecord::kNode && fields == 3) return take_element(kind, cursor);
  if (kind == GraphRecord::kRelationship && fields == 5) return take_element(kind, cursor);
  if (kind == GraphRecord::kEnd && fields == 1) return take_end(cursor);
  if (kind == GraphRecord::kCut && fields == 2) return take_cut(cursor);
  const bool known =
      kind == GraphRecord::kHeader || kind == GraphRecord::kConstraint || kind == GraphRecord::kIndex;
  if (!known || fields != 1) return corrupt("a record of an unknown kind");
  ASSIGN_OR_RETURN(const auto facts, bolt::read_value(cursor));
  const auto* map = facts.as<Value::Map>();
  if (map == nullptr || !cursor.at_end()) return corrupt("a record without facts");
  return visitor_.facts(kind, *map);
}

Result<void> GraphReader::take_element(GraphRecord kind, bolt::Cursor cursor) {
  int64_t id = 0;
  int64_t start = 0;
  int64_t end = 0;
  std::string_view type;
  ByteView labels;
  ByteView properties;
  if (!cursor.integer(id) || id < 0) return corrupt("an element without id");
  if (kind == GraphRecord::kNode) {
    const bool has_labels = cursor.type() == bolt::Type::kList && cursor.raw(labels);
    if (!has_labels || cursor.type() != bolt::Type::kMap || !cursor.raw(properties) || !cursor.at_end())
      return corrupt("a malformed node");
    ++nodes_;
    return visitor_.node(id, labels, properties);
  }
  if (!cursor.integer(start) || !cursor.integer(end) || !cursor.text(type) || start < 0 || end < 0 ||
      cursor.type() != bolt::Type::kMap || !cursor.raw(properties) || !cursor.at_end())
    return corrupt("a malformed relationship");
  ++relationships_;
  return visitor_.relationship(id, start, end, type, properties);
}

Result<void> GraphReader::take_cut(bolt::Cursor cursor) {
  std::string_view type;
  int64_t count = 0;
  if (!cursor.text(type) || !cursor.integer(count) || count < 0 || !cursor.at_end())
    return corrupt("a malformed count of cut relationships");
  return visitor_.cut(type, static_cast<uint64_t>(count));
}

Result<void> GraphReader::take_end(bolt::Cursor cursor) {
  ASSIGN_OR_RETURN(const auto facts, bolt::read_value(cursor));
  const auto* map = facts.as<Value::Map>();
  const auto counted = [&](std::string_view key) {
    const auto* count = map ? find(*map, key) : nullptr;
    return count ? count->integer_or(-1) : -1;
  };
  if (counted("nodes") != static_cast<int64_t>(nodes_) ||
      counted("relationships") != static_cast<int64_t>(relationships_))
    return corrupt("another number of elements than its end says");
  ended_ = true;
  return {};
}

Result<void> GraphReader::finish() const {
  if (ended_ && pending_.empty()) return {};
  return corrupt("no end: it is a part only");
}

}  // namespace summit::neo4j
