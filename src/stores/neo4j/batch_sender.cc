#include "stores/neo4j/batch_sender.h"

#include "core/backoff.h"
#include "stores/neo4j/kept_rows.h"

namespace summit::neo4j {

namespace {
constexpr size_t kUnderWay = 2;
// Some ten seconds in all: locks that others hold are let go by then, or somebody has to look.
constexpr RetrySettings kRetries{
    .attempts = 14, .base = std::chrono::milliseconds(20), .longest = std::chrono::seconds(3)};
}  // namespace

Result<BatchSender> BatchSender::open(const config::Neo4jEndpoint& endpoint, size_t connections,
                                      const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto opened,
                   BoltConnection::open_several(std::max<size_t>(connections, 1), endpoint, cancellation));
  BatchSender sender(cancellation);
  for (auto& bolt : opened) sender.lanes_.push_back({std::move(bolt), {}});
  return sender;
}

std::string encode_rows(const Batch& batch) {
  std::string parameters;
  parameters.reserve(batch.rows.size() + 16);
  bolt::Writer writer(parameters);
  writer.map(1);
  writer.text("rows");
  writer.list(batch.count);
  writer.raw(as_bytes(batch.rows));
  return parameters;
}

Result<void> BatchSender::send_now(BoltConnection& bolt, const Batch& batch) {
  const std::string parameters = encode_rows(batch);
  return bolt.send(batch.cypher, as_bytes(parameters));
}

Result<void> BatchSender::send_over(size_t connection, Batch batch, const RowConsumer& consume) {
  Lane& lane = lanes_[connection % lanes_.size()];
  while (lane.under_way.size() >= kUnderWay) RETURN_IF_ERROR(receive(lane, consume));
  RETURN_IF_ERROR(send_now(lane.bolt, batch));
  lane.under_way.push_back(std::move(batch));
  return {};
}

Result<void> BatchSender::drain(const RowConsumer& consume) {
  for (auto& lane : lanes_) {
    while (!lane.under_way.empty()) RETURN_IF_ERROR(receive(lane, consume));
  }
  return {};
}

// The rows of one batch, handed on when it is committed: those that a failed attempt gave before it failed
// must not count beside those of the next.
Result<void> BatchSender::receive_one(Lane& lane, const RowConsumer& consume) {
  KeptRows rows;
  RETURN_IF_ERROR(lane.bolt.receive([&](bolt::Cursor row) { return rows.keep(row); }));
  lane.under_way.pop_front();
  return rows.give(consume);
}

Result<void> BatchSender::receive(Lane& lane, const RowConsumer& consume) {
  auto received = receive_one(lane, consume);
  if (received.ok() || received.error().code() != Code::kBusy) return received;
  return repeat(lane, std::move(received).error(), consume);
}

// The batches of this connection that have not been run, one by one.
Result<void> BatchSender::repeat(Lane& lane, Error reason, const RowConsumer& consume) {
  Backoff backoff(kRetries);
  while (true) {
    ASSIGN_OR_RETURN(const bool again, backoff.wait({}, cancellation_));
    if (!again) return std::move(reason).at(fmt::format("after {} attempts", kRetries.attempts));
    auto received = Result<void>();
    while (received.ok() && !lane.under_way.empty()) {
      RETURN_IF_ERROR(send_now(lane.bolt, lane.under_way.front()));
      received = receive_one(lane, consume);
      if (received.ok()) backoff.reset();
    }
    if (received.ok() || received.error().code() != Code::kBusy) return received;
    reason = std::move(received).error();
  }
}

}  // namespace summit::neo4j
