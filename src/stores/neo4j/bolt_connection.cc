#include "stores/neo4j/bolt_connection.h"

#include "core/version.h"
#include "stores/neo4j/bolt_address.h"

namespace summit::neo4j {

namespace {

using bolt::Response;

// Large enough that asking for the next batch costs nothing, small enough that a slow consumer keeps little
// waiting.
constexpr int64_t kBatch = 4096;
constexpr int64_t kAll = -1;
constexpr size_t kReadSize = 128 * KiB;

}  // namespace

Result<std::string> pack(const Value::Map& parameters) {
  std::string packed;
  RETURN_IF_ERROR(bolt::Writer(packed).value(Value{parameters}));
  return packed;
}

BoltConnection::BoltConnection(std::unique_ptr<access::ByteStream> stream, std::string address,
                               std::string database, std::chrono::milliseconds silence)
    : stream_(std::move(stream)),
      address_(std::move(address)),
      database_(std::move(database)),
      silence_(silence) {}

Result<std::vector<BoltConnection>> BoltConnection::open_several(size_t count,
                                                                 const config::Neo4jEndpoint& endpoint,
                                                                 const Cancellation& cancellation) {
  std::vector<BoltConnection> connections;
  while (connections.size() < count) {
    ASSIGN_OR_RETURN(auto bolt, open(endpoint, cancellation));
    connections.push_back(std::move(bolt));
  }
  return connections;
}

BoltConnection::~BoltConnection() {
  if (!stream_) return;
  out_.clear();
  requests().goodbye();
  // A courtesy: the server notices a closed connection too.
  (void)stream_->try_write(as_bytes(out_));
}

Result<BoltConnection> BoltConnection::open(const config::Neo4jEndpoint& endpoint,
                                            const Cancellation& cancellation, BoltOptions options) {
  ASSIGN_OR_RETURN(const auto peer, bolt_peer(endpoint));
  ASSIGN_OR_RETURN(auto stream, access::ByteStream::connect(
                                    peer, {options.connect_timeout, options.sign_in_timeout}, cancellation));
  BoltConnection connection(std::move(stream), peer.address(),
                            options.database.empty() ? endpoint.database : options.database,
                            options.sign_in_timeout);
  RETURN_IF_ERROR(connection.shake_hands(options.version), "cannot speak bolt with {}", peer.address());
  RETURN_IF_ERROR(connection.sign_in(endpoint), "cannot sign in to {}", peer.name);
  connection.silence_ = options.silence;
  return connection;
}

Result<void> BoltConnection::shake_hands(std::optional<bolt::Version> only) {
  RETURN_IF_ERROR(stream_->write(as_bytes(bolt::handshake(only)), silence_));
  std::array<unsigned char, 4> answer{};
  for (size_t had = 0; had < answer.size();) {
    ASSIGN_OR_RETURN(const size_t size, stream_->read(answer.data() + had, answer.size() - had, silence_));
    had += size;
  }
  ASSIGN_OR_RETURN(version_, bolt::version_of(answer));
  return {};
}

Result<void> BoltConnection::sign_in(const config::Neo4jEndpoint& endpoint) {
  const bolt::Identity identity{endpoint.user, endpoint.password};
  out_.reserve(2 * KiB + endpoint.user.size() + endpoint.password.reveal().size());
  requests().hello(identity, fmt::format("summit-dr/{}", kVersion));
  const Secret holds_perhaps_a_password(std::exchange(out_, {}));
  RETURN_IF_ERROR(stream_->write(as_bytes(holds_perhaps_a_password.reveal()), silence_));
  const size_t answers = requests().logs_on() ? 2 : 1;
  answers_due_ = answers;
  ASSIGN_OR_RETURN(const auto hello, next_response());
  if (hello.kind != Response::Kind::kSuccess) return fail(hello.fields);
  bolt::Cursor fields = hello.fields;
  ASSIGN_OR_RETURN(const auto facts, bolt::read_value(fields));
  const auto* map = facts.as<Value::Map>();
  const auto* server = map ? find(*map, "server") : nullptr;
  if (server) server_ = server->text();
  if (answers == 2) RETURN_IF_ERROR(expect_success());
  return {};
}

Result<void> BoltConnection::write(size_t answers) {
  answers_due_ += answers;
  auto written = stream_->write(as_bytes(out_), silence_);
  out_.clear();
  return written;
}

Result<Response> BoltConnection::next_response() {
  while (true) {
    ASSIGN_OR_RETURN(const auto message, chunks_.next());
    if (message) {
      ASSIGN_OR_RETURN(auto response, bolt::parse_response(*message));
      if (response.kind != Response::Kind::kRecord) {
        if (answers_due_ == 0) return Error(Code::kCorrupt, "neo4j at {} answers unasked", address_);
        --answers_due_;
      }
      return response;
    }
    const auto room = chunks_.room(kReadSize);
    ASSIGN_OR_RETURN(const size_t size, stream_->read(room.data(), room.size(), silence_), "neo4j at {}",
                     address_);
    chunks_.take(size);
  }
}

Result<void> BoltConnection::expect_success() {
  ASSIGN_OR_RETURN(const auto response, next_response());
  if (response.kind == Response::Kind::kSuccess) return {};
  if (response.kind == Response::Kind::kFailure) return fail(response.fields);
  return Error(Code::kCorrupt, "neo4j at {} does not answer what was asked", address_);
}

// The server's error; the connection is ready again if it can be.
Result<void> BoltConnection::fail(bolt::Cursor failure) {
  ASSIGN_OR_RETURN(auto said, bolt::parse_failure(failure));
  Error error = error_of({std::move(said.code), std::move(said.message)}, address_, database_);
  // A connection that cannot be made ready says so at its next use.
  (void)reset();
  return error;
}

Result<void> BoltConnection::reset() {
  under_way_ = 0;
  in_transaction_ = false;
  out_.clear();
  requests().reset();
  RETURN_IF_ERROR(write(1));
  while (true) {
    ASSIGN_OR_RETURN(const auto response, next_response());
    if (answers_due_ > 0 || response.kind == Response::Kind::kRecord) continue;
    if (response.kind == Response::Kind::kSuccess) return {};
    return Error(Code::kUnreachable, "neo4j at {} cannot begin anew", address_);
  }
}

Result<void> BoltConnection::begin(Access access) {
  requests().begin(database_, access);
  RETURN_IF_ERROR(write(1));
  RETURN_IF_ERROR(expect_success());
  in_transaction_ = true;
  return {};
}

// A server hangs up on who ends a transaction that is not open.
Result<void> BoltConnection::end_transaction() {
  if (!in_transaction_) {
    out_.clear();
    return Error(Code::kFailed, "no transaction is open: a failed statement rolled it back");
  }
  in_transaction_ = false;
  RETURN_IF_ERROR(write(1));
  return expect_success();
}

Result<void> BoltConnection::commit() {
  requests().commit();
  return end_transaction();
}

Result<void> BoltConnection::rollback() {
  requests().rollback();
  return end_transaction();
}

Result<void> BoltConnection::stream(std::string_view cypher, ByteView parameters, const RowConsumer& consume,
                                    Access access) {
  // In a transaction its BEGIN has said where it runs and whether it writes.
  requests().run(cypher, parameters, in_transaction_ ? std::string_view() : database_,
                 in_transaction_ ? Access::kWrite : access);
  requests().pull(kBatch);
  RETURN_IF_ERROR(write(2));
  return take_rows(consume, true);
}

Result<void> BoltConnection::send(std::string_view cypher, ByteView parameters) {
  requests().run(cypher, parameters, in_transaction_ ? std::string_view() : database_, Access::kWrite);
  requests().pull(kAll);
  RETURN_IF_ERROR(write(2));
  ++under_way_;
  return {};
}

Result<void> BoltConnection::receive(const RowConsumer& consume) {
  if (under_way_ == 0) return Error(Code::kFailed, "no statement is under way");
  --under_way_;
  return take_rows(consume, false);
}

Result<bool> BoltConnection::has_more(bolt::Cursor fields) const {
  uint32_t count = 0;
  bool more = false;
  if (!fields.map(count)) return fields.error("summary");
  for (uint32_t i = 0; i < count; ++i) {
    std::string_view key;
    if (!fields.text(key)) return fields.error("key of a summary");
    if (key == "has_more" ? !fields.boolean(more) : !fields.skip()) return fields.error("summary");
  }
  return more;
}

Result<void> BoltConnection::take_rows(const RowConsumer& consume, bool in_batches) {
  RETURN_IF_ERROR(expect_success());
  while (true) {
    ASSIGN_OR_RETURN(const auto response, next_response());
    if (response.kind == Response::Kind::kRecord) {
      auto consumed = consume(response.fields);
      if (consumed.ok()) continue;
      (void)reset();
      return consumed;
    }
    if (response.kind == Response::Kind::kFailure) return fail(response.fields);
    if (response.kind != Response::Kind::kSuccess)
      return Error(Code::kCorrupt, "neo4j at {} does not answer what was asked", address_);
    ASSIGN_OR_RETURN(const bool more, has_more(response.fields));
    if (!more) return {};
    if (!in_batches) return Error(Code::kCorrupt, "neo4j at {} keeps rows that were asked for", address_);
    requests().pull(kBatch);
    RETURN_IF_ERROR(write(1));
  }
}

Result<std::vector<Row>> BoltConnection::run(std::string_view cypher, const Value::Map& parameters) {
  ASSIGN_OR_RETURN(const auto packed, pack(parameters));
  std::vector<Row> rows;
  const auto keep = [&](bolt::Cursor row) -> Result<void> {
    ASSIGN_OR_RETURN(auto value, bolt::read_value(row));
    rows.push_back(std::get<Value::List>(std::move(value.data)));
    return {};
  };
  RETURN_IF_ERROR(stream(cypher, as_bytes(packed), keep));
  return rows;
}

Result<Value> BoltConnection::scalar(std::string_view cypher, const Value::Map& parameters) {
  ASSIGN_OR_RETURN(auto rows, run(cypher, parameters));
  if (rows.empty() || rows.front().empty()) return Error(Code::kNotFound, "the statement gave no row");
  return std::move(rows.front().front());
}

}  // namespace summit::neo4j
