#include "stores/postgres/ordered_output.h"

#include "core/wait.h"

namespace summit::postgres {

namespace {

constexpr size_t kSpare = 16;

}  // namespace

bool OrderedOutput::has_room(size_t unit, uint64_t size) const {
  if (waiting_bytes_ + size <= budget_) return true;
  return unit == next_ && units_[unit].pieces.empty();
}

Result<std::string> OrderedOutput::put(size_t unit, Piece piece, const Cancellation& cancellation) {
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

void OrderedOutput::give_back(std::string bytes) {
  bytes.clear();
  const std::lock_guard lock(mutex_);
  if (spare_.size() < kSpare) spare_.push_back(std::move(bytes));
}

void OrderedOutput::end(size_t unit) {
  const std::lock_guard lock(mutex_);
  units_[unit].ended = true;
  changed_.notify_all();
}

Result<std::optional<Piece>> OrderedOutput::take(size_t unit, const Cancellation& cancellation) {
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

}  // namespace summit::postgres
