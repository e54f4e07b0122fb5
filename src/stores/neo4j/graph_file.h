// The graph file: records as they are written and read. Format: docs/formats/graph.md.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/bolt/packstream.h"
#include "stores/neo4j/value.h"

namespace summit::neo4j {

enum class GraphRecord : uint8_t {
  kHeader = 0x48,
  kConstraint = 0x43,
  kIndex = 0x49,
  kNode = 0x4e,
  kRelationship = 0x52,
  kCut = 0x58,
  kEnd = 0x45,
};

// Gathers records and hands them on in blocks of about 256 KiB. One thread at a time.
class GraphWriter {
 public:
  explicit GraphWriter(std::function<Result<void>(ByteView)> consume);

  // Of a header, constraint or index.
  Result<void> facts(GraphRecord kind, const Value::Map& facts);
  // `labels` and `properties` are encoded values.
  Result<void> node(int64_t id, ByteView labels, ByteView properties);
  Result<void> relationship(int64_t id, int64_t start, int64_t end, std::string_view type,
                            ByteView properties);
  Result<void> cut(std::string_view type, uint64_t count);
  // The end record, and what is still gathered.
  Result<void> finish();

  uint64_t nodes() const { return nodes_; }
  uint64_t relationships() const { return relationships_; }

 private:
  size_t begin_record();
  Result<void> end_record(size_t begin);
  Result<void> flush();

  std::function<Result<void>(ByteView)> consume_;
  std::string block_;
  uint64_t nodes_ = 0;
  uint64_t relationships_ = 0;
};

// Who reads a graph file. The views are good during the call.
class GraphVisitor {
 public:
  virtual ~GraphVisitor() = default;
  // Of the header, a constraint or an index.
  virtual Result<void> facts(GraphRecord kind, const Value::Map& facts) = 0;
  virtual Result<void> node(int64_t id, ByteView labels, ByteView properties) = 0;
  virtual Result<void> relationship(int64_t id, int64_t start, int64_t end, std::string_view type,
                                    ByteView properties) = 0;
  // Relationships of a type that were left out of the file.
  virtual Result<void> cut(std::string_view, uint64_t) { return {}; }
};

// Reads a graph file block by block; holds one record at a time. kCorrupt for what is none. Not thread-safe.
class GraphReader {
 public:
  explicit GraphReader(GraphVisitor& visitor) : visitor_(visitor) {}

  Result<void> write(ByteView block);
  // kCorrupt when the end has not come, or does not count what came.
  Result<void> finish() const;

 private:
  Result<void> take_record(ByteView record);
  Result<void> take_element(GraphRecord kind, bolt::Cursor cursor);
  Result<void> take_cut(bolt::Cursor cursor);
  Result<void> take_end(bolt::Cursor cursor);

  GraphVisitor& visitor_;
  std::string pending_;
  uint64_t nodes_ = 0;
  uint64_t relationships_ = 0;
  bool begun_ = false;
  bool headed_ = false;
  bool ended_ = false;
};

}  // namespace summit::neo4j
