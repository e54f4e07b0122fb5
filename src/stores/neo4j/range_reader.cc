#include "stores/neo4j/range_reader.h"

#include <atomic>

#include "core/ordered_output.h"
#include "core/task_group.h"
#include "stores/neo4j/kept_rows.h"

namespace summit::neo4j {

namespace {

constexpr size_t kBlock = 256 * KiB;
constexpr int64_t kRange = 8192;

using Output = OrderedOutput<KeptRows>;

Result<void> read_range(BoltConnection& bolt, const RangeQuery& query, size_t range, Output& output,
                        const Cancellation& cancellation) {
  const int64_t first = static_cast<int64_t>(range) * kRange;
  Value::Map parameters = query.parameters;
  parameters.push_back({"first", Value{first}});
  parameters.push_back({"last", Value{first + kRange - 1}});
  ASSIGN_OR_RETURN(const auto packed, pack(parameters));
  KeptRows block;
  const auto put = [&]() -> Result<void> {
    // Room for more is no reason to read on for nobody.
    RETURN_IF_ERROR(cancellation.check());
    ASSIGN_OR_RETURN(block.bytes, output.put(range, std::exchange(block, {}), cancellation));
    return {};
  };
  const auto take = [&](bolt::Cursor row) -> Result<void> {
    RETURN_IF_ERROR(block.keep(row));
    return block.bytes.size() < kBlock ? Result<void>() : put();
  };
  RETURN_IF_ERROR(bolt.stream(query.cypher, as_bytes(packed), take, BoltConnection::Access::kRead));
  if (!block.bytes.empty()) RETURN_IF_ERROR(put());
  output.end(range);
  return {};
}

Result<void> consume_ranges(size_t ranges, Output& output, const BoltConnection::RowConsumer& consume,
                            const Cancellation& cancellation) {
  for (size_t range = 0; range < ranges; ++range) {
    for (;;) {
      ASSIGN_OR_RETURN(auto block, output.take(range, cancellation));
      if (!block) break;
      RETURN_IF_ERROR(block->give(consume));
      output.give_back(std::move(block->bytes));
    }
  }
  return {};
}

}  // namespace

Result<void> read_in_ranges(std::span<BoltConnection> connections, const RangeQuery& query,
                            const BoltConnection::RowConsumer& consume, const Cancellation& cancellation) {
  const auto ranges = static_cast<size_t>((query.highest + kRange) / kRange);
  Output output(ranges, kReadAhead);
  std::atomic<size_t> next{0};
  TaskGroup group(cancellation);
  for (auto& bolt : connections) {
    group.spawn([&]() -> Result<void> {
      for (size_t range = next++; range < ranges; range = next++) {
        RETURN_IF_ERROR(group.cancellation().check());
        RETURN_IF_ERROR(read_range(bolt, query, range, output, group.cancellation()));
      }
      return {};
    });
  }
  group.spawn([&] { return consume_ranges(ranges, output, consume, group.cancellation()); });
  return group.join();
}

}  // namespace summit::neo4j
