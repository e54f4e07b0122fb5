#include "stores/neo4j/range_reader.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

#include "core/task_group.h"
#include "core/wait.h"

namespace summit::neo4j {

namespace {

constexpr size_t kBlock = 256 * KiB;

// Encoded rows, one after the other, and where each ends.
struct RowBlock {
  std::string bytes;
  std::vector<size_t> ends;
};

// What was read and is not consumed. Ranges are numbered from 0 in their order.
class ReadAhead {
 public:
  explicit ReadAhead(int64_t ranges) : ranges_(ranges) {}

  // Waits while there is enough to consume. The range that is consumed now may always add a block to none, or
  // nobody would go on.
  Result<void> push(int64_t range, RowBlock block, const Cancellation& cancellation) {
    RETURN_IF_ERROR(cancellation.check());
    std::unique_lock lock(mutex_);
    const auto has_room = [&] {
      return bytes_ < RangeReader::kReadAhead || (range == current_ && waiting_[range].blocks.empty());
    };
    RETURN_IF_ERROR(wait_for_change(changed_, lock, has_room, cancellation));
    bytes_ += block.bytes.size();
    waiting_[range].blocks.push_back(std::move(block));
    changed_.notify_all();
    return {};
  }
  void end(int64_t range) {
    const std::lock_guard lock(mutex_);
    waiting_[range].complete = true;
    changed_.notify_all();
  }
  // False at the end of the last range.
  Result<bool> take(RowBlock& block, const Cancellation& cancellation) {
    std::unique_lock lock(mutex_);
    for (; current_ < ranges_; leave_current()) {
      Range& range = waiting_[current_];
      const auto has_something = [&] { return !range.blocks.empty() || range.complete; };
      RETURN_IF_ERROR(wait_for_change(changed_, lock, has_something, cancellation));
      if (range.blocks.empty()) continue;
      block = std::move(range.blocks.front());
      range.blocks.pop_front();
      bytes_ -= block.bytes.size();
      changed_.notify_all();
      return true;
    }
    return false;
  }

 private:
  struct Range {
    std::deque<RowBlock> blocks;
    bool complete = false;
  };
  void leave_current() {
    waiting_.erase(current_++);
    changed_.notify_all();
  }

  const int64_t ranges_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<int64_t, Range> waiting_;
  int64_t current_ = 0;
  size_t bytes_ = 0;
};

Result<void> read_range(BoltConnection& bolt, const std::string& cypher, Value::Map parameters, int64_t range,
                        ReadAhead& ahead, const Cancellation& cancellation) {
  const int64_t first = range * RangeReader::kRange;
  parameters.push_back({"first", Value{first}});
  parameters.push_back({"last", Value{first + RangeReader::kRange - 1}});
  ASSIGN_OR_RETURN(const auto packed, pack(parameters));
  RowBlock block;
  const auto keep = [&](bolt::Cursor row) -> Result<void> {
    ByteView encoded;
    if (!row.raw(encoded)) return row.error("row");
    block.bytes += as_text(encoded);
    block.ends.push_back(block.bytes.size());
    if (block.bytes.size() < kBlock) return {};
    return ahead.push(range, std::exchange(block, {}), cancellation);
  };
  RETURN_IF_ERROR(bolt.stream(cypher, as_bytes(packed), keep, BoltConnection::Access::kRead));
  if (!block.ends.empty()) RETURN_IF_ERROR(ahead.push(range, std::move(block), cancellation));
  ahead.end(range);
  return {};
}

Result<void> consume_block(const RowBlock& block, const BoltConnection::RowConsumer& consume) {
  const ByteView bytes = as_bytes(block.bytes);
  size_t begin = 0;
  for (const size_t end : block.ends) {
    RETURN_IF_ERROR(consume(bolt::Cursor(bytes.subspan(begin, end - begin))));
    begin = end;
  }
  return {};
}

}  // namespace

Result<void> RangeReader::read(const std::string& cypher, const Value::Map& parameters, int64_t highest,
                               const BoltConnection::RowConsumer& consume) {
  const int64_t ranges = (highest + kRange) / kRange;
  ReadAhead ahead(ranges);
  std::atomic<int64_t> next{0};
  TaskGroup group(cancellation_);
  for (auto& bolt : connections_) {
    group.spawn([&]() -> Result<void> {
      for (int64_t range = next++; range < ranges; range = next++) {
        RETURN_IF_ERROR(group.cancellation().check());
        RETURN_IF_ERROR(read_range(bolt, cypher, parameters, range, ahead, group.cancellation()));
      }
      return {};
    });
  }
  group.spawn([&]() -> Result<void> {
    RowBlock block;
    for (;;) {
      ASSIGN_OR_RETURN(const bool more, ahead.take(block, group.cancellation()));
      if (!more) return {};
      RETURN_IF_ERROR(consume_block(block, consume));
    }
  });
  return group.join();
}

}  // namespace summit::neo4j
