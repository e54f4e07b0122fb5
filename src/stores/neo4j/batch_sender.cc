#include "stores/neo4j/batch_sender.h"

#include "core/wait.h"

namespace summit::neo4j {

namespace {
constexpr size_t kUnderWay = 2;
constexpr int kAttempts = 8;
constexpr std::chrono::milliseconds kFirstPause{20};
}  // namespace

Result<BatchSender> BatchSender::open(const config::Neo4jEndpoint& endpoint, size_t connections,
                                      const Cancellation& cancellation) {
  BatchSender sender(cancellation);
  for (size_t i = 0; i < std::max<size_t>(connections, 1); ++i) {
    ASSIGN_OR_RETURN(auto bolt, BoltConnection::open(endpoint, cancellation));
    sender.lanes_.push_back({std::move(bolt), {}});
  }
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

Result<void> BatchSender::send(Batch batch, const RowConsumer& consume) {
  Lane& lane = lanes_[next_++ % lanes_.size()];
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

Result<void> BatchSender::receive(Lane& lane, const RowConsumer& consume) {
  const auto received = lane.bolt.receive(consume);
  if (received.ok()) {
    lane.under_way.pop_front();
    return {};
  }
  if (received.error().code() != Code::kBusy) return received;
  return repeat(lane, received.error(), consume);
}

// The batches of this connection that have not been run, one by one.
Result<void> BatchSender::repeat(Lane& lane, const Error& reason, const RowConsumer& consume) {
  Error last = reason;
  auto pause = kFirstPause;
  for (int attempt = 1; attempt < kAttempts; ++attempt) {
    RETURN_IF_ERROR(pause_for(pause, cancellation_));
    pause *= 2;
    while (!lane.under_way.empty()) {
      RETURN_IF_ERROR(send_now(lane.bolt, lane.under_way.front()));
      const auto received = lane.bolt.receive(consume);
      if (!received.ok()) {
        if (received.error().code() != Code::kBusy) return received;
        last = received.error();
        break;
      }
      lane.under_way.pop_front();
      attempt = 1;
    }
    if (lane.under_way.empty()) return {};
  }
  return std::move(last).at(fmt::format("after {} attempts", kAttempts));
}

}  // namespace summit::neo4j
