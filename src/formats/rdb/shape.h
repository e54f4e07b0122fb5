// Finds where a value ends without decoding it, and across any split of the stream.
//
// A value is a tree of strings, lengths, fixed-width fields and counted repetitions. `shape_of` gives the
// tree of each type as a table; Scanner walks it, and can stop after any byte and go on when more have come.
// So a file is cut into records in one pass, and only bytes that really arrived take memory, whatever a
// damaged length claims.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace summit::rdb {

struct Step {
  enum class Kind : uint8_t {
    kString,
    kLength,
    kFixed,       // `size` bytes
    kTextDouble,  // a length byte and digits, or 253 to 255 for a special number
    kRepeat,      // a length, then `body` that often
    kModule,      // tagged parts up to the end tag
  };
  Kind kind;
  uint8_t size = 0;
  std::span<const Step> body{};
};
using Shape = std::span<const Step>;

// The shape of a value of this type byte; nothing for a type that we do not know.
std::optional<Shape> shape_of_value(uint8_t type);
// The shape of an opcode's operands; nothing when `opcode` is none (or is a value type).
std::optional<Shape> shape_of_operands(uint8_t opcode);
// A key.
Shape shape_of_key();

// Not thread-safe. After an error only start() may be called.
class Scanner {
 public:
  // Begins a walk through `first`, then `second`.
  void start(Shape first, Shape second = {});

  // Walks on from `position` in `record` (the bytes of the record that have come so far, from its first one)
  // and moves it. True when the end is reached, false when more bytes are needed. kCorrupt when the bytes
  // have no such shape, or claim more than `limit` bytes in all (counted from the record's start).
  Result<bool> advance(ByteView record, size_t& position, uint64_t limit);

 private:
  struct Frame {
    Shape steps;
    size_t next = 0;
    uint64_t repetitions = 1;  // including the running one
  };
  enum class Outcome { kDone, kAgain, kMore };

  Result<Outcome> run(const Step& step, ByteView record, size_t& position, uint64_t limit);
  Result<Outcome> begin(const Step& step, uint64_t length, size_t position, uint64_t limit);
  Result<void> skip(uint64_t size, size_t position, uint64_t limit);

  std::vector<Frame> stack_;
  uint64_t skip_ = 0;  // bytes of the present field that have not come yet
};

}  // namespace summit::rdb
