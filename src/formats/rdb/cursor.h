// A bounded walk over the bytes of an RDB record: fixed-width numbers, lengths and strings.
//
// Nothing here reads past the end or allocates by what a length claims: every length is checked against the
// bytes that are there. Not thread-safe. Views into the record stay valid as long as its bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/result.h"

namespace summit::rdb {

// What stands before a string: its length, or how it is encoded otherwise.
struct StringHeader {
  enum class Kind { kPlain, kInt8, kInt16, kInt32, kCompressed };
  Kind kind = Kind::kPlain;
  uint64_t stored = 0;        // bytes that follow the header
  uint64_t uncompressed = 0;  // kCompressed only
};

class Cursor {
 public:
  // `offset` is where `bytes` begin in the file, for messages.
  explicit Cursor(ByteView bytes, uint64_t offset = 0) : bytes_(bytes), base_(offset) {}

  size_t remaining() const { return bytes_.size() - position_; }
  bool at_end() const { return remaining() == 0; }
  size_t position() const { return position_; }
  uint64_t offset() const { return base_ + position_; }
  // Whether something failed only because the bytes ended: more of them might help.
  bool ran_out() const { return ran_out_; }

  // kCorrupt at the present offset: "<what> at byte 1234".
  Error corrupt(std::string_view what) const;

  Result<ByteView> take(uint64_t size, std::string_view what);
  Result<uint8_t> byte(std::string_view what);
  Result<uint32_t> little32(std::string_view what);
  Result<uint64_t> little64(std::string_view what);

  // A length of one, two, five or nine bytes. kCorrupt when a string encoding stands there instead.
  Result<uint64_t> length(std::string_view what);
  Result<StringHeader> string_header(std::string_view what);

  // A string in any encoding. The view points into the record, or into `scratch` when the string had to be
  // decoded.
  Result<std::string_view> string(std::string& scratch, std::string_view what);

 private:
  ByteView bytes_;
  uint64_t base_;
  size_t position_ = 0;
  bool ran_out_ = false;
};

// LZF (as Redis links it). False when `compressed` is not a stream of exactly `size` bytes. Allocates no more
// than a well-formed stream of that many bytes can expand to.
bool decompress_lzf(ByteView compressed, uint64_t size, std::string& out);

}  // namespace summit::rdb
