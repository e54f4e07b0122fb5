// Jolt, the typed JSON of Neo4j's HTTP interface: one event a record of a JSON text sequence (RFC 7464).
//
// The sparse form is asked for. It is as exact as the strict one and shorter; and the strict form of 5.26
// writes integers over 31 bits under the sigil of floats ({"R":"9223372036854775807"}), which the reader
// tells apart by their digits all the same.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/result.h"
#include "stores/neo4j/server_error.h"
#include "stores/neo4j/value.h"

namespace summit::neo4j {

inline constexpr std::string_view kJoltMediaType = "application/vnd.neo4j.jolt-v2+json-seq";

// Reads a Jolt sequence block by block; holds one record at a time. Not thread-safe.
class JoltReader {
 public:
  explicit JoltReader(std::function<Result<void>(Row)> on_row) : on_row_(std::move(on_row)) {}

  // kCorrupt when a record is no Jolt event; the error of `on_row` as it is.
  Result<void> write(ByteView block);
  // kIo when the sequence ended before its last event.
  Result<void> finish();

  // Set when the sequence held an error event.
  const std::optional<ServerError>& error() const { return error_; }

 private:
  Result<void> take_record(std::string_view text);

  std::function<Result<void>(Row)> on_row_;
  std::string pending_;
  std::optional<ServerError> error_;
  bool complete_ = false;
};

// The first error of a body that an HTTP status other than 2xx came with: a Jolt sequence or plain JSON.
std::optional<ServerError> error_in_body(std::string_view body);

// One transaction of one statement, as the request body of `POST …/tx/commit`. Parameters are plain JSON
// there: kUnsupported for temporal, spatial and byte values.
Result<std::string> statement_body(std::string_view cypher, const Value::Map& parameters);

}  // namespace summit::neo4j
