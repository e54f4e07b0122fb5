// Sends batches of rows over several connections, two under way on each, so that the server never waits for
// us.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "stores/neo4j/bolt_connection.h"

namespace summit::neo4j {

// A statement that unwinds $rows, and its encoded rows.
struct Batch {
  std::string cypher;
  std::string rows;
  size_t count = 0;
};

// The parameters of a batch, encoded.
std::string encode_rows(const Batch& batch);

// Each batch is a transaction of its own. One that fails for what may pass (a deadlock with others, a lock
// that is not to be had) is sent again, some ten seconds long. One thread at a time.
class BatchSender {
 public:
  using RowConsumer = BoltConnection::RowConsumer;

  static Result<BatchSender> open(const config::Neo4jEndpoint& endpoint, size_t connections,
                                  const Cancellation& cancellation);

  // `consume` gets the rows of committed batches, in any order, here and in drain(). They are kept until the
  // batch is committed: their number is to be no larger than that of the batch's own.
  Result<void> send(Batch batch, const RowConsumer& consume) {
    return send_over(next_++, std::move(batch), consume);
  }
  // Over the connection of this number, or what remains of it divided by their count.
  Result<void> send_over(size_t connection, Batch batch, const RowConsumer& consume);
  // Waits for all that is under way.
  Result<void> drain(const RowConsumer& consume);

 private:
  struct Lane {
    BoltConnection bolt;
    std::deque<Batch> under_way;
  };
  explicit BatchSender(Cancellation cancellation) : cancellation_(std::move(cancellation)) {}

  static Result<void> send_now(BoltConnection& bolt, const Batch& batch);
  Result<void> receive(Lane& lane, const RowConsumer& consume);
  Result<void> receive_one(Lane& lane, const RowConsumer& consume);
  Result<void> repeat(Lane& lane, Error reason, const RowConsumer& consume);

  Cancellation cancellation_;
  std::vector<Lane> lanes_;
  size_t next_ = 0;
};

}  // namespace summit::neo4j
