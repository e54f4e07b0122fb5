// Brings what several readers produce at once into one order.
//
// Readers take units in ascending order and put their pieces; one consumer takes the pieces of unit 0, then
// of unit 1, and so on. The unit that is next streams through. Those after it wait in memory up to a budget
// that all share. Nobody waits in a circle: the unit that is next may always have one piece in memory,
// whatever the budget and the piece's size, and it has a reader, because readers take units in order.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/result.h"
#include "formats/pgarchive/compressor.h"

namespace summit::postgres {

// Compressed bytes of one table, or of one large object or a part of it.
struct Piece {
  std::string bytes;
  pgarchive::PartChecksum checksum;
  uint32_t large_object = 0;  // 0: rows
  bool begins_object = false;
  bool ends_object = false;
};

// Thread-safe. Every wait ends with kCancelled when its cancellation is requested.
class OrderedOutput {
 public:
  // `budget`: bytes of all pieces that are waiting.
  OrderedOutput(size_t units, uint64_t budget) : units_(units), budget_(budget) {}

  // Gives an empty string with room for the next piece, when there is one that the consumer has given back:
  // memory that is returned to the system and taken again costs as much as copying it twice.
  Result<std::string> put(size_t unit, Piece piece, const Cancellation& cancellation);
  // The unit has no more pieces.
  void end(size_t unit);

  // The next piece of `unit`, nothing at its end. Units are taken in order, each to its end.
  Result<std::optional<Piece>> take(size_t unit, const Cancellation& cancellation);
  void give_back(std::string bytes);

 private:
  struct Unit {
    std::list<Piece> pieces;
    bool ended = false;
  };
  bool has_room(size_t unit, uint64_t size) const;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Unit> units_;
  size_t next_ = 0;  // the unit that the consumer takes from
  uint64_t waiting_bytes_ = 0;
  std::vector<std::string> spare_;
  const uint64_t budget_;
};

}  // namespace summit::postgres
