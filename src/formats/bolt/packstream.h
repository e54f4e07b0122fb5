// PackStream: the encoding of values on the wire and in our graph files. Format: docs/formats/bolt.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/result.h"
#include "formats/bolt/value.h"

namespace summit::bolt {

// The second bytes of structures that are values.
enum class Tag : uint8_t {
  kNode = 0x4e,
  kRelationship = 0x52,
  kUnboundRelationship = 0x72,
  kPath = 0x50,
  kDate = 0x44,
  kTime = 0x54,
  kLocalTime = 0x74,
  kDateTime = 0x49,
  kZonedDateTime = 0x69,
  kLegacyDateTime = 0x46,
  kLegacyZonedDateTime = 0x66,
  kLocalDateTime = 0x64,
  kDuration = 0x45,
  kPoint2D = 0x58,
  kPoint3D = 0x59,
};

// Appends values in their shortest form. Counts and lengths are below 2^32.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void null() { byte(0xc0); }
  void boolean(bool value) { byte(value ? 0xc3 : 0xc2); }
  void integer(int64_t value);
  void real(double value);
  void text(std::string_view value);
  void bytes(std::string_view value);
  // What is counted must follow: values; keys (texts) and values in turn; at most 15 fields.
  void list(size_t count) { header(count, 0x90, 0xd4); }
  void map(size_t count) { header(count, 0xa0, 0xd8); }
  void structure(uint8_t tag, size_t fields);
  void structure(Tag tag, size_t fields) { structure(static_cast<uint8_t>(tag), fields); }
  // Any value, in the structures of Bolt 5. Elements of the graph are no parameters: kUnsupported.
  Result<void> value(const Value& value);
  // One or several encoded values.
  void raw(ByteView encoded) { out_.append(as_text(encoded)); }

 private:
  void byte(unsigned value) { out_ += static_cast<char>(value); }
  void number(uint64_t value, size_t width);
  void header(size_t count, unsigned tiny, unsigned wide);

  std::string& out_;
};

enum class Type { kNull, kBoolean, kInteger, kFloat, kBytes, kText, kList, kMap, kStructure, kNone };

// Walks over encoded values without copying. What a function gives are views of the bytes.
//
// Each gives false when something else stands there or the bytes end, and then moves no further: every later
// call fails too. So a caller may check the last call only, and ask error() why. No length is believed that
// the bytes do not bear out. Not thread-safe; cheap to copy.
class Cursor {
 public:
  Cursor() = default;
  explicit Cursor(ByteView bytes)
      : at_(reinterpret_cast<const uint8_t*>(bytes.data())), begin_(at_), end_(at_ + bytes.size()) {}

  // Of the value that comes next; kNone at the end, after a failure, and for bytes that begin no value.
  Type type() const;
  bool at_end() const { return at_ == end_; }
  bool failed() const { return failed_; }
  size_t position() const { return static_cast<size_t>(at_ - begin_); }
  // kCorrupt, with the position.
  Error error(std::string_view expected) const;

  [[nodiscard]] bool null();
  [[nodiscard]] bool boolean(bool& value);
  [[nodiscard]] bool integer(int64_t& value);
  [[nodiscard]] bool real(double& value);
  [[nodiscard]] bool text(std::string_view& value);
  [[nodiscard]] bool bytes(ByteView& value);
  // Their content comes next.
  [[nodiscard]] bool list(uint32_t& count);
  [[nodiscard]] bool map(uint32_t& count);
  [[nodiscard]] bool structure(uint8_t& tag, uint32_t& fields);

  // One whole value, however deep.
  [[nodiscard]] bool skip();
  [[nodiscard]] bool raw(ByteView& value);

 private:
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }
  bool fail() {
    failed_ = true;
    return false;
  }
  bool number(size_t width, uint64_t& value);
  bool sized(unsigned tiny, unsigned wide, uint32_t& count);
  bool content(uint32_t size, std::string_view& value);
  bool skip_one(uint64_t& children);

  const uint8_t* at_ = nullptr;
  const uint8_t* begin_ = nullptr;
  const uint8_t* end_ = nullptr;
  bool failed_ = false;
};

// One value. kCorrupt for what is no PackStream or no known structure, kUnsupported for date-times of a
// server whose zones we cannot know (docs/formats/bolt.md).
Result<Value> read_value(Cursor& cursor);

}  // namespace summit::bolt
