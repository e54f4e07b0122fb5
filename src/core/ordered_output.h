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
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "core/wait.h"

namespace summit {

// `Piece` has its content in `std::string bytes`. Thread-safe. Every wait ends with kCancelled when its
// cancellation is requested.
template <typename Piece>
class OrderedOutput {
 public:
  // `budget`: bytes of all pieces that are waiting.
  OrderedOutput(size_t units, uint64_t budget) : units_(units), budget_(budget) {}

  // Gives an empty string with room for the next piece, when there is one that the consumer has given back:
  // memory that is returned to the system and taken again costs as much as copying it twice.
  Result<std::string> put(size_t unit, Piece piece, const Cancellation& cancellation) {
    std::unique_lock lock(mutex_);
    const uint64_t size = piece.bytes.size();
    RETURN_IF_ERROR(wait_for_change(changed_, lock, [&] { return has_room(unit, size); }, cancellation));
    waiting_bytes_ += size;
    units_[unit].pieces.push_back(std::move(piece));
    changed_.notify_all();
    if (spare_.empty()) return std::string();
    std::string spare = std::move(spare_.back());
    spare_.pop_back();
    return spare;
  }
  // The unit has no more pieces.
  void end(size_t unit) {
    const std::lock_guard lock(mutex_);
    units_[unit].ended = true;
    changed_.notify_all();
  }

  // The next piece of `unit`, nothing at its end. Units are taken in order, each to its end.
  Result<std::optional<Piece>> take(size_t unit, const Cancellation& cancellation) {
    std::unique_lock lock(mutex_);
    if (next_ != unit) {
      next_ = unit;
      changed_.notify_all();
    }
    auto& pieces = units_[unit].pieces;
    RETURN_IF_ERROR(
        wait_for_change(changed_, lock, [&] { return !pieces.empty() || units_[unit].ended; }, cancellation));
    if (pieces.empty()) return std::optional<Piece>();
    Piece piece = std::move(pieces.front());
    pieces.pop_front();
    waiting_bytes_ -= piece.bytes.size();
    changed_.notify_all();
    return std::optional<Piece>(std::move(piece));
  }
  // One that grew for a large value is not kept: many such would hold more than the budget.
  void give_back(std::string bytes) {
    constexpr size_t kSpare = 16;
    constexpr size_t kLargestSpare = 4 * MiB;
    if (bytes.capacity() > kLargestSpare) return;
    bytes.clear();
    const std::lock_guard lock(mutex_);
    if (spare_.size() < kSpare) spare_.push_back(std::move(bytes));
  }

 private:
  struct Unit {
    std::list<Piece> pieces;
    bool ended = false;
  };
  bool has_room(size_t unit, uint64_t size) const {
    if (waiting_bytes_ + size <= budget_) return true;
    return unit == next_ && units_[unit].pieces.empty();
  }

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<Unit> units_;
  size_t next_ = 0;  // the unit that the consumer takes from
  uint64_t waiting_bytes_ = 0;
  std::vector<std::string> spare_;
  const uint64_t budget_;
};

}  // namespace summit
