// One connection to a Neo4j server over Bolt: statements, transactions, results as they stream in.
//
// Reads are read committed: only on a server that nobody writes to is a long result a snapshot.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/endpoint.h"
#include "core/cancellation.h"
#include "core/result.h"
#include "formats/bolt/chunks.h"
#include "formats/bolt/messages.h"
#include "stores/access/byte_stream.h"
#include "stores/neo4j/server_error.h"
#include "stores/neo4j/value.h"

namespace summit::neo4j {

struct BoltOptions {
  std::chrono::milliseconds connect_timeout{5000};
  // For the handshakes and the check of the password: a server that has just started is slow at its first.
  std::chrono::milliseconds sign_in_timeout{60000};
  // Without a byte from the server for this long a statement fails; an index or a count over a large graph
  // says nothing until it is done.
  std::chrono::milliseconds silence{600000};
  std::string database{};  // empty: the endpoint's
  // Speaks this version or none; kUnsupported when the server does not. For tests of older versions against a
  // newer server: otherwise the newest that both speak is taken.
  std::optional<bolt::Version> version{};
};

// Encodes the parameters of a statement. kUnsupported for nodes, relationships and paths.
Result<std::string> pack(const Value::Map& parameters);

// One thread at a time. Errors are those of server_error.h, and kUnreachable, kTimeout, kCancelled or
// kCorrupt from the connection, which is of no use afterwards. After a server's error it is ready again, and
// an open transaction is rolled back.
class BoltConnection {
 public:
  using Access = bolt::Requests::Access;
  // Gets one row as an encoded list, a view that is good during the call. Its error ends the statement.
  using RowConsumer = std::function<Result<void>(bolt::Cursor row)>;

  // Signed in, or kDenied. kConfig when the endpoint's address is none. A request on `cancellation` ends
  // whatever the connection waits for, then and later.
  static Result<BoltConnection> open(const config::Neo4jEndpoint& endpoint,
                                     const Cancellation& cancellation = {}, BoltOptions options = {});
  static Result<std::vector<BoltConnection>> open_several(size_t count, const config::Neo4jEndpoint& endpoint,
                                                          const Cancellation& cancellation = {});
  BoltConnection(BoltConnection&&) noexcept = default;
  BoltConnection& operator=(BoltConnection&&) noexcept = default;
  ~BoltConnection();

  // The rows come in batches; the next is asked for when all of the last has been consumed.
  Result<void> stream(std::string_view cypher, ByteView parameters, const RowConsumer& consume,
                      Access access = Access::kWrite);
  // All rows; for results known to be small.
  Result<std::vector<Row>> run(std::string_view cypher, const Value::Map& parameters = {});
  // The first column of the first row; kNotFound when there is no row.
  Result<Value> scalar(std::string_view cypher, const Value::Map& parameters = {});

  // Statements between them are one transaction. Outside, each is its own.
  Result<void> begin(Access access = Access::kWrite);
  // kFailed when a failure has ended the transaction.
  Result<void> commit();
  Result<void> rollback();

  // Sends a statement without waiting for its answer; each receive() gives the rows of the oldest. When one
  // fails, those sent after it have not been run, and nothing is under way any more. Results should be small
  // beside what sockets buffer: the server may wait with them for us to read.
  Result<void> send(std::string_view cypher, ByteView parameters);
  Result<void> receive(const RowConsumer& consume);
  size_t under_way() const { return under_way_; }

  bolt::Version version() const { return version_; }
  const std::string& server() const { return server_; }  // "Neo4j/5.26.30"
  const std::string& address() const { return address_; }
  const std::string& database() const { return database_; }

 private:
  BoltConnection(std::unique_ptr<access::ByteStream> stream, std::string address, std::string database,
                 std::chrono::milliseconds silence);
  Result<void> shake_hands(std::optional<bolt::Version> only);
  Result<void> sign_in(const config::Neo4jEndpoint& endpoint);

  Result<void> write(size_t answers);
  Result<bolt::Response> next_response();
  // The one answer of a request that gives no rows.
  Result<void> expect_success();
  Result<void> take_rows(const RowConsumer& consume, bool in_batches);
  Result<bool> has_more(bolt::Cursor fields) const;
  Result<void> fail(bolt::Cursor failure);
  Result<void> reset();
  Result<void> end_transaction();
  bolt::Requests requests() { return {version_, out_}; }

  std::unique_ptr<access::ByteStream> stream_;
  std::string address_;
  std::string database_;
  std::chrono::milliseconds silence_;
  bolt::Version version_;
  std::string server_;
  bolt::ChunkReader chunks_;
  std::string out_;         // requests that are not sent yet
  size_t answers_due_ = 0;  // one a request; rows are no answers
  size_t under_way_ = 0;    // statements sent and not received
  bool in_transaction_ = false;
};

}  // namespace summit::neo4j
