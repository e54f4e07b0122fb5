// Reads an RDB file as it arrives: cuts it into records and checks its checksum. Format: docs/formats/rdb.md.
//
//   Reader reader([&](const Record& record) { return use(record); });
//   while (more) RETURN_IF_ERROR(reader.feed(bytes));
//   RETURN_IF_ERROR(reader.finish());
//
// Memory is bounded by the largest single record. Every error of the file is kCorrupt with the offset, or
// kUnsupported for a version or a record that we do not know; errors of the consumer pass through unchanged.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/rdb/shape.h"

namespace summit::rdb {

// One record. Views are valid during the call only.
struct Record {
  enum class Kind { kHeader, kAux, kSelectDb, kResizeDb, kSlotInfo, kFunction, kModuleAux, kEntry, kEnd };

  Kind kind = Kind::kHeader;
  int version = 0;      // of the file, with every record
  uint32_t db = 0;      // in force, with every record
  uint64_t offset = 0;  // of its first byte in the file
  ByteView raw{};       // all of its bytes: copied in order they are the file

  std::string_view name{};  // kAux: the field's name
  std::string_view text{};  // kAux: the field's value; kFunction: the library's code

  // kEntry
  std::string_view key{};
  uint8_t type = 0;                        // the value's type byte
  ByteView value{};                        // undecoded: DUMP's payload without type and trailer
  std::optional<int64_t> expires_at_ms{};  // since the Unix epoch
  std::optional<uint64_t> idle_seconds{};  // LRU
  std::optional<uint8_t> frequency{};      // LFU
};

using RecordConsumer = std::function<Result<void>(const Record&)>;

class Reader {
 public:
  static constexpr uint64_t kUnknownSize = std::numeric_limits<uint64_t>::max();

  // `size` of the whole file, when it is known: then a length that reaches beyond it fails at once.
  explicit Reader(RecordConsumer consumer, uint64_t size = kUnknownSize);

  // Bytes may be split anywhere. After an error nothing more may be fed.
  Result<void> feed(ByteView bytes);

  // kCorrupt when the file ended too soon.
  Result<void> finish();

  uint64_t offset() const { return consumed_ + pending_.size(); }

 private:
  enum class State { kHeader, kOpcode, kOperands, kChecksum, kFinished };

  // Takes records from the front of `bytes` and gives the number of bytes that are done with.
  Result<size_t> take_records(ByteView bytes);
  Result<bool> step(ByteView record);
  Result<bool> read_header(ByteView record);
  Result<void> begin_record(ByteView record);
  Result<void> deliver(ByteView raw);
  Result<void> deliver_entry(ByteView raw, Record& record);
  Result<bool> read_checksum(ByteView record);

  RecordConsumer consumer_;
  uint64_t size_;
  std::string pending_;    // the begun record's bytes from earlier calls
  uint64_t consumed_ = 0;  // bytes of the file before the begun record
  State state_ = State::kHeader;
  size_t position_ = 0;    // in the begun record
  uint8_t opcode_ = 0;     // the last one met in it
  bool in_entry_ = false;  // an expiry or access hint has begun an entry
  Scanner scanner_;
  uint64_t checksum_ = 0;  // of all records delivered
  int version_ = 0;
  uint32_t db_ = 0;
  std::string key_scratch_;
  std::string text_scratch_;
};

}  // namespace summit::rdb
