#include "stores/postgres/connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/text.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/sqlstate.h"

namespace summit::postgres {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kStep{100};
constexpr size_t kMostNotices = 100;

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using ConnectionHandle = std::unique_ptr<PGconn, Finish>;

std::shared_ptr<pg_result> owned(PGresult* result) {
  return std::shared_ptr<pg_result>(result, [](PGresult* r) { PQclear(r); });
}

// Waits at most one step, so that a request to stop is seen soon.
void wait_for_socket(int socket, bool writable, std::chrono::milliseconds step = kStep) {
  pollfd waiting{socket, static_cast<short>(writable ? POLLOUT : POLLIN), 0};
  poll(&waiting, 1, static_cast<int>(step.count()));
}

// "FATAL:  28P01: password authentication failed …" gives "28P01"; verbose messages carry it, brief ones do
// not.
std::string_view sqlstate_in(std::string_view verbose) {
  const size_t severity = verbose.find(":  ");
  if (severity == std::string_view::npos) return {};
  const std::string_view rest = verbose.substr(severity + 3);
  if (rest.size() < 7 || rest[5] != ':') return {};
  for (size_t i = 0; i < 5; ++i) {
    const char c = rest[i];
    if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'))) return {};
  }
  return rest.substr(0, 5);
}

// The message without its SQLSTATE prefix and without the LOCATION line that verbose messages end with.
std::string readable(std::string_view verbose) {
  const std::string_view state = sqlstate_in(verbose);
  std::string_view text = verbose;
  if (!state.empty()) text.remove_prefix(static_cast<size_t>(state.data() - text.data()) + 7);
  if (const size_t location = text.find("\nLOCATION:"); location != std::string_view::npos)
    text = text.substr(0, location);
  return std::string(text);
}

// Of errors of class 22 (data) what stands before the value that they quote, in whatever language, or whose
// bytes they print.
std::string_view before_value(std::string_view message) {
  static constexpr std::array<std::string_view, 6> kBegins = {"\"", "'", "0x", "«", "„", "“"};
  size_t end = message.size();
  for (const auto begin : kBegins) end = std::min(end, message.find(begin));
  message = message.substr(0, end);
  while (message.ends_with(' ') || message.ends_with(':')) message.remove_suffix(1);
  return message.empty() ? "a value does not fit" : message;
}

// What a function of the user's own raises may say anything, under any state.
std::string_view without_value(std::string_view sqlstate, std::string_view raised_in,
                               std::string_view message) {
  if (sqlstate.starts_with("P0") || raised_in == "exec_stmt_raise" || raised_in == "exec_stmt_assert")
    return "a function raised an error of its own";
  return sqlstate.starts_with("22") ? before_value(message) : message;
}

void collect_notice(void* target, const PGresult* result) {
  auto& notices = *static_cast<std::vector<std::string>*>(target);
  const char* text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (text && notices.size() < kMostNotices) notices.emplace_back(text);
}

}  // namespace

size_t Rows::size() const { return result_ ? static_cast<size_t>(PQntuples(result_.get())) : 0; }

bool Rows::is_null(size_t row, size_t column) const {
  return PQgetisnull(result_.get(), static_cast<int>(row), static_cast<int>(column)) != 0;
}

std::string_view Rows::text(size_t row, size_t column) const {
  const int r = static_cast<int>(row);
  const int c = static_cast<int>(column);
  return {PQgetvalue(result_.get(), r, c), static_cast<size_t>(PQgetlength(result_.get(), r, c))};
}

int64_t Rows::number(size_t row, size_t column) const {
  return parse_number<int64_t>(text(row, column)).value_or(0);
}

uint64_t Rows::affected() const {
  if (!result_) return 0;
  return parse_number<uint64_t>(PQcmdTuples(result_.get())).value_or(0);
}

// While it lives, libpq keeps in memory what the socket does not take, instead of waiting.
class NonBlocking {
 public:
  explicit NonBlocking(PGconn* connection) : connection_(connection) { PQsetnonblocking(connection, 1); }
  ~NonBlocking() { PQsetnonblocking(connection_, 0); }
  NonBlocking(const NonBlocking&) = delete;
  NonBlocking& operator=(const NonBlocking&) = delete;

 private:
  PGconn* connection_;
};

struct Connection::State {
  ConnectionHandle handle;
  Cancellation cancellation;
  bool binary_results = false;
  bool hide_values = false;
  std::string where;
  std::string database;
  std::vector<std::string> notices;

  Error lost() const { return sqlstate_error({}, PQerrorMessage(handle.get()), where); }

  Error failure(const PGresult* result) const {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char* detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    if (!state) return lost();
    std::string message = text ? text : PQresultErrorMessage(result);
    const char* raised_in = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    if (hide_values)
      message = without_value(state, raised_in ? raised_in : "", message);
    else if (detail)
      message += fmt::format(" ({})", detail);
    if (std::string_view(state) == "57014" && cancellation.requested()) {
      return Error(Code::kCancelled, "cancelled");
    }
    return sqlstate_error(state, message, where);
  }

  void cancel_statement() const {
    const std::unique_ptr<PGcancel, void (*)(PGcancel*)> cancel(PQgetCancel(handle.get()), PQfreeCancel);
    std::array<char, 256> ignored{};
    // Should it fail, the statement goes on to its end, and the request is seen there.
    if (cancel) PQcancel(cancel.get(), ignored.data(), static_cast<int>(ignored.size()));
  }

  Result<void> flush() {
    for (;;) {
      const int left = PQflush(handle.get());
      if (left < 0) return lost();
      if (left == 0) return {};
      RETURN_IF_ERROR(cancellation.check());
      wait_for_socket(PQsocket(handle.get()), true);
    }
  }

  // The next result, or null at the end of the statement.
  Result<std::shared_ptr<pg_result>> next_result() {
    bool told = false;
    while (PQisBusy(handle.get())) {
      if (cancellation.requested() && !told) {
        cancel_statement();
        told = true;
      }
      wait_for_socket(PQsocket(handle.get()), false);
      if (!PQconsumeInput(handle.get())) return lost();
    }
    return owned(PQgetResult(handle.get()));
  }

  // What a command has answered until now. It may hold several statements, each with a result of its own.
  struct Answer {
    std::shared_ptr<pg_result> last{};
    std::optional<Error> failed{};
    bool complete = false;
  };
  Answer answer{};

  void take(std::shared_ptr<pg_result> result) {
    switch (PQresultStatus(result.get())) {
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
      case PGRES_SINGLE_TUPLE:
      case PGRES_EMPTY_QUERY:
        answer.last = std::move(result);
        break;
      default:
        if (!answer.failed) answer.failed = failure(result.get());
        if (PQstatus(handle.get()) == CONNECTION_BAD) answer.complete = true;
    }
  }

  // Takes what has arrived, without waiting. True at the end of the command.
  Result<bool> take_arrived() {
    if (!PQconsumeInput(handle.get())) return lost();
    while (!answer.complete && PQisBusy(handle.get()) == 0) {
      auto result = owned(PQgetResult(handle.get()));
      if (result) {
        take(std::move(result));
      } else {
        answer.complete = true;
      }
    }
    return answer.complete;
  }

  // Reads to the end of the command, so that the connection can be used again, and gives the first failure.
  Result<std::shared_ptr<pg_result>> drain() {
    while (!answer.complete) {
      auto result = next_result();
      if (!result.ok()) {
        answer = {};
        return std::move(result).error();
      }
      if (!*result) break;
      take(*std::move(result));
    }
    const Answer whole = std::exchange(answer, {});
    if (whole.failed) return *whole.failed;
    if (!whole.last) return lost();
    return whole.last;
  }

  Result<void> begin_copy_out(const std::string& sql) {
    RETURN_IF_ERROR(cancellation.check());
    if (!PQsendQuery(handle.get(), sql.c_str())) return lost();
    RETURN_IF_ERROR(flush());
    ASSIGN_OR_RETURN(auto begun, next_result());
    if (begun && PQresultStatus(begun.get()) == PGRES_COPY_OUT) return {};
    Error error = begun ? failure(begun.get()) : lost();
    [[maybe_unused]] auto ended = drain();
    return error;
  }

  Result<void> send_query(const std::string& sql, const Parameters& parameters, bool binary_result,
                          std::optional<ByteView> last = {}) {
    RETURN_IF_ERROR(cancellation.check());
    std::vector<const char*> values;
    values.reserve(parameters.size() + 1);
    for (const auto& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
    std::vector<int> lengths(values.size());  // of binary values only
    std::vector<int> formats(values.size());
    if (last) {
      values.push_back(last->empty() ? "" : as_text(*last).data());  // null would be NULL
      lengths.push_back(static_cast<int>(last->size()));
      formats.push_back(1);
    }
    if (!PQsendQueryParams(handle.get(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                           lengths.data(), formats.data(), binary_result ? 1 : 0)) {
      return lost();
    }
    return flush();
  }

  // Never blocks inside libpq: what the socket does not take now waits here, where requests to stop are seen.
  Result<void> put_copy_piece(ByteView piece) {
    const int taken = PQputCopyData(handle.get(), as_text(piece).data(), static_cast<int>(piece.size()));
    if (taken < 0) return lost();
    RETURN_IF_ERROR(flush());
    if (taken > 0) return {};
    return Error(Code::kFailed, "{}: out of memory while sending rows", where);
  }
};

std::string address_of(const config::PostgresEndpoint& endpoint) {
  return fmt::format("{}:{}", endpoint.host, endpoint.port);
}

std::string main_database(const config::PostgresEndpoint& endpoint) {
  return endpoint.databases.empty() ? "postgres" : endpoint.databases.front();
}

Result<Connection> connect_or_main(const config::PostgresEndpoint& endpoint, const std::string& database,
                                   const Cancellation& cancellation) {
  return Connection::open(endpoint, database.empty() ? main_database(endpoint) : database,
                          {.cancellation = cancellation});
}

std::string connection_string(const config::PostgresEndpoint& endpoint, const std::string& database) {
  std::string text = fmt::format("host={} port={} dbname={}", quote_connection_value(endpoint.host),
                                 endpoint.port, quote_connection_value(database));
  if (!endpoint.user.empty()) text += " user=" + quote_connection_value(endpoint.user);
  if (!endpoint.ssl_mode.empty()) text += " sslmode=" + quote_connection_value(endpoint.ssl_mode);
  return text;
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

namespace {

// Drives the handshake in steps, so that neither a silent host nor a request to stop hangs here.
Result<ConnectionHandle> connect(const config::PostgresEndpoint& endpoint, const std::string& database,
                                 const Connection::Options& options) {
  const std::string conninfo = connection_string(endpoint, database);
  const std::string password = endpoint.password.reveal();
  // dbname first: libpq expands it as a connection string, and later keywords override it.
  const std::array<const char*, 6> keywords = {"dbname",          "password",        "application_name",
                                               "client_encoding", "keepalives_idle", nullptr};
  const std::array<const char*, 6> values = {
      conninfo.c_str(), password.empty() ? nullptr : password.c_str(), "summit-dr", "UTF8", "60", nullptr};
  ConnectionHandle handle(PQconnectStartParams(keywords.data(), values.data(), 1));
  if (!handle) return Error(Code::kFailed, "out of memory while connecting to {}", address_of(endpoint));
  // Verbose messages carry the SQLSTATE, which a failed connection gives in no other way.
  PQsetErrorVerbosity(handle.get(), PQERRORS_VERBOSE);

  const auto deadline = Clock::now() + options.connect_timeout;
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (PQstatus(handle.get()) != CONNECTION_BAD) {
    wait_for_socket(PQsocket(handle.get()), status == PGRES_POLLING_WRITING);
    status = PQconnectPoll(handle.get());
    if (status == PGRES_POLLING_OK || status == PGRES_POLLING_FAILED) break;
    RETURN_IF_ERROR(options.cancellation.check());
    if (Clock::now() > deadline) {
      return Error(Code::kUnreachable, "postgresql at {} did not answer within {} s", address_of(endpoint),
                   std::chrono::duration_cast<std::chrono::seconds>(options.connect_timeout).count())
          .hint("check POSTGRES_HOST, POSTGRES_PORT and the firewall between here and the server");
    }
  }
  if (PQstatus(handle.get()) == CONNECTION_OK) return handle;
  const std::string message = PQerrorMessage(handle.get());
  return connect_error(sqlstate_in(message), readable(message), endpoint, database);
}

}  // namespace

Result<Connection> Connection::open(const config::PostgresEndpoint& endpoint, const std::string& database,
                                    Options options) {
  ASSIGN_OR_RETURN(auto handle, connect(endpoint, database, options));
  auto state = std::make_unique<State>();
  state->handle = std::move(handle);
  state->cancellation = options.cancellation;
  state->binary_results = options.binary_results;
  state->hide_values = options.hide_values;
  state->database = database;
  state->where = fmt::format("{}/{}", address_of(endpoint), database);
  PQsetErrorVerbosity(state->handle.get(), PQERRORS_DEFAULT);
  PQsetNoticeReceiver(state->handle.get(), collect_notice, &state->notices);

  Connection connection(std::move(state));
  // No timeout of the server ends a long read, and nothing that prints values depends on a role's settings.
  RETURN_IF_ERROR(
      connection.execute("SET search_path = ''; SET statement_timeout = 0; SET lock_timeout = 0; "
                         "SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0; "
                         "SET client_min_messages = warning; "
                         "SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'; "
                         "SET lc_monetary = 'C'; SET extra_float_digits = 3; SET bytea_output = 'hex'; SET "
                         "xmlbinary = 'base64'; "
                         "SET default_transaction_read_only = off"));
  return connection;
}

Result<Rows> Connection::query(const std::string& sql, const Parameters& parameters) {
  RETURN_IF_ERROR(state_->send_query(sql, parameters, false));
  ASSIGN_OR_RETURN(auto result, state_->drain());
  return Rows(std::move(result));
}

Result<Rows> Connection::query(const std::string& sql, const Parameters& parameters, ByteView last) {
  RETURN_IF_ERROR(state_->send_query(sql, parameters, false, last));
  ASSIGN_OR_RETURN(auto result, state_->drain());
  return Rows(std::move(result));
}

Result<void> Connection::execute(const std::string& sql) {
  RETURN_IF_ERROR(send(sql));
  ASSIGN_OR_RETURN(auto result, state_->drain());
  return {};
}

Result<std::string> Connection::scalar(const std::string& sql, const Parameters& parameters) {
  ASSIGN_OR_RETURN(auto rows, query(sql, parameters));
  if (rows.empty()) return Error(Code::kNotFound, "{}: a query gave no row", where());
  return rows.string(0, 0);
}

Result<void> Connection::stream(const std::string& sql, const Parameters& parameters,
                                const std::function<Result<void>(const Rows& row)>& consume) {
  RETURN_IF_ERROR(state_->send_query(sql, parameters, state_->binary_results));
  if (!PQsetSingleRowMode(state_->handle.get())) return state_->lost();
  for (;;) {
    ASSIGN_OR_RETURN(auto result, state_->next_result());
    if (!result) return {};
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK) continue;
    Result<void> taken = status == PGRES_SINGLE_TUPLE ? consume(Rows(result)) : state_->failure(result.get());
    if (!taken.ok()) {
      state_->cancel_statement();
      [[maybe_unused]] auto ended = state_->drain();
      return taken;
    }
  }
}

Result<uint64_t> Connection::copy_out(const std::string& sql,
                                      const std::function<Result<void>(ByteView)>& consume) {
  RETURN_IF_ERROR(state_->begin_copy_out(sql));
  uint64_t messages = 0;
  Result<void> taken;
  PGconn* handle = state_->handle.get();
  bool told = false;
  for (;;) {
    char* data = nullptr;
    const int length = PQgetCopyData(handle, &data, 1);
    const std::unique_ptr<char, void (*)(void*)> owner(data, PQfreemem);
    if (length > 0) {
      ++messages;
      if (taken.ok())
        taken = consume(ByteView(reinterpret_cast<const std::byte*>(data), static_cast<size_t>(length)));
    } else if (length == 0) {
      wait_for_socket(PQsocket(handle), false);
      if (!PQconsumeInput(handle)) return state_->lost();
    } else {
      break;
    }
    if (taken.ok()) taken = state_->cancellation.check();
    if (!taken.ok() && !std::exchange(told, true)) state_->cancel_statement();
  }
  auto ended = state_->drain();
  RETURN_IF_ERROR(std::move(taken));
  if (!ended.ok()) return std::move(ended).error();
  return messages;
}

// PQgetlineAsync copies from libpq's buffer into ours, where PQgetCopyData allocates for each row. It says
// nothing of what ended the rows: that is PQgetCopyData's to tell.
Result<void> Connection::copy_out_blocks(const std::string& sql, size_t block_bytes,
                                         const std::function<Result<void>(ByteView)>& consume) {
  RETURN_IF_ERROR(state_->begin_copy_out(sql));
  const auto block = std::make_unique_for_overwrite<char[]>(block_bytes);
  size_t used = 0;
  Result<void> taken;
  PGconn* handle = state_->handle.get();
  bool told = false;
  bool dry = false;  // nothing was there at the last look
  for (;;) {
    const int length = PQgetlineAsync(handle, block.get() + used, static_cast<int>(block_bytes - used));
    if (length < 0) break;
    if (length == 0) {
      if (std::exchange(dry, true)) wait_for_socket(PQsocket(handle), false);
      if (!PQconsumeInput(handle)) return state_->lost();
      if (taken.ok()) taken = state_->cancellation.check();
    } else {
      dry = false;
      used += static_cast<size_t>(length);
      if (used < block_bytes) continue;
      if (taken.ok()) taken = consume(as_bytes({block.get(), used}));
      used = 0;
    }
    if (!taken.ok() && !std::exchange(told, true)) state_->cancel_statement();
  }
  if (taken.ok() && used > 0) taken = consume(as_bytes({block.get(), used}));
  char* none = nullptr;
  while (PQgetCopyData(handle, &none, 1) == 0) {
    wait_for_socket(PQsocket(handle), false);
    if (!PQconsumeInput(handle)) return state_->lost();
  }
  auto ended = state_->drain();
  RETURN_IF_ERROR(std::move(taken));
  if (!ended.ok()) return std::move(ended).error();
  return {};
}

Result<void> Connection::begin_copy(const std::string& sql) {
  RETURN_IF_ERROR(send(sql));
  for (;;) {
    ASSIGN_OR_RETURN(auto result, state_->next_result());
    if (!result) return Error(Code::kFailed, "{}: no statement took rows", where());
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) continue;
    if (status == PGRES_COPY_IN) break;
    Error error = state_->failure(result.get());
    [[maybe_unused]] auto ended = state_->drain();
    return error;
  }
  return {};
}

Result<void> Connection::put_copy(ByteView bytes) {
  // One message each; the server holds a message whole.
  constexpr size_t kMessage = 64 * KiB;
  const NonBlocking guard(state_->handle.get());
  while (!bytes.empty()) {
    RETURN_IF_ERROR(state_->cancellation.check());
    const ByteView piece = bytes.first(std::min(bytes.size(), kMessage));
    RETURN_IF_ERROR(state_->put_copy_piece(piece));
    bytes = bytes.subspan(piece.size());
  }
  return {};
}

Result<uint64_t> Connection::end_copy() {
  {
    const NonBlocking guard(state_->handle.get());
    if (PQputCopyEnd(state_->handle.get(), nullptr) < 0) return state_->lost();
    RETURN_IF_ERROR(state_->flush());
  }
  ASSIGN_OR_RETURN(auto result, state_->drain());
  return parse_number<uint64_t>(PQcmdTuples(result.get())).value_or(0);
}

Result<void> Connection::send(const std::string& sql) {
  RETURN_IF_ERROR(state_->cancellation.check());
  if (!PQsendQuery(state_->handle.get(), sql.c_str())) return state_->lost();
  state_->answer = {};
  return state_->flush();
}

Result<bool> Connection::finished(std::chrono::milliseconds patience) {
  const auto end = Clock::now() + patience;
  for (;;) {
    ASSIGN_OR_RETURN(const bool done, state_->take_arrived());
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    if (done || left.count() <= 0) return done;
    RETURN_IF_ERROR(state_->cancellation.check());
    wait_for_socket(PQsocket(state_->handle.get()), false, std::min(left, kStep));
  }
}

Result<Rows> Connection::finish() {
  ASSIGN_OR_RETURN(auto result, state_->drain());
  return Rows(std::move(result));
}

const std::string& Connection::where() const { return state_->where; }
int Connection::server_version() const { return PQserverVersion(state_->handle.get()); }
std::string Connection::server_encoding() const {
  const char* value = PQparameterStatus(state_->handle.get(), "server_encoding");
  return value ? value : "UTF8";
}
const std::string& Connection::database() const { return state_->database; }
int Connection::backend_pid() const { return PQbackendPID(state_->handle.get()); }
std::vector<std::string> Connection::take_notices() { return std::exchange(state_->notices, {}); }

bool Connection::is_superuser() const {
  const char* value = PQparameterStatus(state_->handle.get(), "is_superuser");
  return value && std::string_view(value) == "on";
}

}  // namespace summit::postgres
