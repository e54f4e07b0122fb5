#include "formats/rdb/reader.h"

#include "core/byte_order.h"
#include "formats/rdb/crc64.h"
#include "formats/rdb/cursor.h"
#include "formats/rdb/types.h"

namespace summit::rdb {

namespace {

constexpr std::string_view kMagic = "REDIS";
constexpr size_t kHeaderSize = 9;
constexpr size_t kChecksumSize = 8;
// A buffer that one large value made grow is given back when no more than this is needed.
constexpr size_t kKeptCapacity = 1 * MiB;

bool is_entry_prefix(uint8_t opcode) {
  switch (static_cast<Opcode>(opcode)) {
    case Opcode::kExpireMilliseconds:
    case Opcode::kExpireSeconds:
    case Opcode::kIdle:
    case Opcode::kFrequency:
      return true;
    default:
      return false;
  }
}

Error damaged(uint64_t offset, std::string_view what) {
  return Error(Code::kCorrupt, "the rdb data are damaged: {} at byte {}", what, offset);
}

}  // namespace

Reader::Reader(RecordConsumer consumer, uint64_t size) : consumer_(std::move(consumer)), size_(size) {}

Result<void> Reader::feed(ByteView bytes) {
  if (pending_.empty()) {
    ASSIGN_OR_RETURN(const size_t done, take_records(bytes));
    pending_.assign(as_text(bytes.subspan(done)));
    return {};
  }
  pending_.append(as_text(bytes));
  ASSIGN_OR_RETURN(const size_t done, take_records(as_bytes(pending_)));
  pending_.erase(0, done);
  if (pending_.size() < kKeptCapacity && pending_.capacity() > 2 * kKeptCapacity) pending_.shrink_to_fit();
  return {};
}

Result<void> Reader::finish() {
  if (state_ == State::kFinished) return {};
  return damaged(offset(), "the data end in the middle");
}

Result<size_t> Reader::take_records(ByteView bytes) {
  size_t done = 0;
  while (true) {
    const ByteView record = bytes.subspan(done);
    if (state_ == State::kFinished) {
      if (!record.empty()) return damaged(consumed_, "there are bytes after the end of the file");
      return done;
    }
    ASSIGN_OR_RETURN(const bool complete, step(record));
    if (!complete) return done;
    const size_t size = position_;
    consumed_ += size;
    done += size;
    position_ = 0;
    in_entry_ = false;
  }
}

// Goes on with the record that begins at the front; true when its end has come.
Result<bool> Reader::step(ByteView record) {
  while (true) {
    switch (state_) {
      case State::kHeader:
        return read_header(record);
      case State::kChecksum:
        return read_checksum(record);
      case State::kOpcode:
        if (position_ == record.size()) return false;
        RETURN_IF_ERROR(begin_record(record));
        break;
      case State::kOperands: {
        const uint64_t limit = size_ == kUnknownSize ? kUnknownSize : size_ - std::min(size_, consumed_);
        auto complete = scanner_.advance(record, position_, limit);
        RETURN_IF_ERROR(complete, "in the record at byte {}", consumed_);
        if (!*complete) return false;
        state_ = State::kOpcode;
        if (is_entry_prefix(opcode_)) break;
        if (static_cast<Opcode>(opcode_) == Opcode::kEnd) {
          state_ = State::kChecksum;
          break;
        }
        RETURN_IF_ERROR(deliver(record.first(position_)));
        return true;
      }
      case State::kFinished:
        return true;
    }
  }
}

Result<bool> Reader::read_header(ByteView record) {
  const std::string_view text = as_text(record);
  if (text.substr(0, kMagic.size()) != kMagic.substr(0, text.size()))
    return Error(Code::kCorrupt, "this is no rdb file: it does not begin with {}", kMagic);
  if (text.size() < kHeaderSize) return false;
  for (const char digit : text.substr(kMagic.size(), 4)) {
    if (digit < '0' || digit > '9') return damaged(kMagic.size(), "the version is no number");
    version_ = version_ * 10 + (digit - '0');
  }
  if (version_ < 1 || version_ > kNewestVersion) {
    return Error(Code::kUnsupported, "rdb version {} is not one of 1 to {}", version_, kNewestVersion)
        .hint("the server is newer than this program knows: use a newer summit-dr");
  }
  position_ = kHeaderSize;
  state_ = State::kOpcode;
  RETURN_IF_ERROR(deliver(record.first(kHeaderSize)));
  return true;
}

// The byte at `position_` says what comes; the scanner then finds where that ends.
Result<void> Reader::begin_record(ByteView record) {
  opcode_ = std::to_integer<uint8_t>(record[position_]);
  if (const auto operands = shape_of_operands(opcode_);
      operands && (!in_entry_ || is_entry_prefix(opcode_))) {
    scanner_.start(*operands);
    in_entry_ = is_entry_prefix(opcode_);
  } else if (const auto value = shape_of_value(opcode_)) {
    scanner_.start(shape_of_key(), *value);
  } else if (static_cast<Opcode>(opcode_) == Opcode::kFunctionPreRelease) {
    return Error(Code::kUnsupported,
                 "the rdb data hold a function in the form of Redis 7.0's release candidates")
        .hint("load the file into the release candidate that wrote it and use FUNCTION DUMP");
  } else {
    return damaged(consumed_ + position_, fmt::format("byte {:#04x} begins no record", opcode_));
  }
  ++position_;
  state_ = State::kOperands;
  return {};
}

Result<bool> Reader::read_checksum(ByteView record) {
  const size_t size = position_ + (version_ >= kFirstVersionWithChecksum ? kChecksumSize : 0);
  if (record.size() < size) return false;
  if (size > position_) {
    const uint64_t computed = crc64(checksum_, record.first(position_));
    const auto recorded = load_little_endian<uint64_t>(record.data() + position_);
    // Servers with `rdbchecksum no` write zero.
    if (recorded != 0 && recorded != computed)
      return damaged(consumed_ + position_,
                     fmt::format("the checksum is {:016x}, the data give {:016x}", recorded, computed));
  }
  position_ = size;
  state_ = State::kFinished;
  RETURN_IF_ERROR(deliver(record.first(size)));
  return true;
}

Result<void> Reader::deliver(ByteView raw) {
  checksum_ = crc64(checksum_, raw);
  Record record;
  record.version = version_;
  record.offset = consumed_;
  record.raw = raw;
  if (state_ == State::kFinished) {
    record.kind = Record::Kind::kEnd;
    record.db = db_;
    return consumer_(record);
  }
  if (consumed_ == 0) {
    record.kind = Record::Kind::kHeader;
    return consumer_(record);
  }

  if (in_entry_ || shape_of_value(opcode_)) {
    record.db = db_;
    return deliver_entry(raw, record);
  }
  Cursor cursor(raw, consumed_);
  RETURN_IF_ERROR(cursor.byte("an opcode"));
  switch (static_cast<Opcode>(opcode_)) {
    case Opcode::kAux: {
      record.kind = Record::Kind::kAux;
      ASSIGN_OR_RETURN(record.name, cursor.string(key_scratch_, "the name of an auxiliary field"));
      ASSIGN_OR_RETURN(record.text, cursor.string(text_scratch_, "an auxiliary field"));
      break;
    }
    case Opcode::kSelectDb: {
      record.kind = Record::Kind::kSelectDb;
      ASSIGN_OR_RETURN(const uint64_t db, cursor.length("a database number"));
      if (db > std::numeric_limits<int32_t>::max())
        return damaged(consumed_, fmt::format("{} is no database number", db));
      db_ = static_cast<uint32_t>(db);
      break;
    }
    case Opcode::kFunction: {
      record.kind = Record::Kind::kFunction;
      ASSIGN_OR_RETURN(record.text, cursor.string(text_scratch_, "a function library"));
      break;
    }
    case Opcode::kResizeDb:
      record.kind = Record::Kind::kResizeDb;
      break;
    case Opcode::kSlotInfo:
      record.kind = Record::Kind::kSlotInfo;
      break;
    default:
      record.kind = Record::Kind::kModuleAux;
      break;
  }
  record.db = db_;
  return consumer_(record);
}

Result<void> Reader::deliver_entry(ByteView raw, Record& record) {
  record.kind = Record::Kind::kEntry;
  Cursor cursor(raw, consumed_);
  while (true) {
    ASSIGN_OR_RETURN(const uint8_t opcode, cursor.byte("an opcode"));
    if (!is_entry_prefix(opcode)) {
      record.type = opcode;
      break;
    }
    switch (static_cast<Opcode>(opcode)) {
      case Opcode::kExpireMilliseconds: {
        ASSIGN_OR_RETURN(const uint64_t milliseconds, cursor.little64("an expiry"));
        record.expires_at_ms = static_cast<int64_t>(milliseconds);
        break;
      }
      case Opcode::kExpireSeconds: {
        ASSIGN_OR_RETURN(const uint32_t seconds, cursor.little32("an expiry"));
        record.expires_at_ms = int64_t{static_cast<int32_t>(seconds)} * 1000;
        break;
      }
      case Opcode::kIdle: {
        ASSIGN_OR_RETURN(record.idle_seconds, cursor.length("an idle time"));
        break;
      }
      default: {
        ASSIGN_OR_RETURN(record.frequency, cursor.byte("an access frequency"));
        break;
      }
    }
  }
  ASSIGN_OR_RETURN(record.key, cursor.string(key_scratch_, "a key"));
  record.value = raw.subspan(cursor.position());
  return consumer_(record);
}

}  // namespace summit::rdb
