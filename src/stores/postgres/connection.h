// One connection to a PostgreSQL server.
//
// Every session is named summit-dr, speaks UTF-8 and has an empty search path, so that what the server prints
// never depends on the settings of a role or database. Statements wait in short steps: a request on the
// cancellation of the connection cancels the running statement at the server (kCancelled). One thread at a
// time.
//
// Failed statements give the server's message with its SQLSTATE; the code follows the SQLSTATE (sqlstate.h).
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/endpoint.h"
#include "core/bytes.h"
#include "core/cancellation.h"
#include "core/result.h"

struct pg_result;

namespace summit::postgres {

// The rows of one answer, in text form. Cheap to copy: copies share the rows.
class Rows {
 public:
  explicit Rows(std::shared_ptr<pg_result> result) : result_(std::move(result)) {}

  size_t size() const;
  bool empty() const { return size() == 0; }
  bool is_null(size_t row, size_t column) const;
  // Empty for NULL. Lives as long as the rows.
  std::string_view text(size_t row, size_t column) const;
  std::string string(size_t row, size_t column) const { return std::string(text(row, column)); }
  bool truth(size_t row, size_t column) const { return text(row, column) == "t"; }
  // 0 for NULL and for what is no whole number.
  int64_t number(size_t row, size_t column) const;
  // Rows that the statement inserted, changed or deleted (a query: gave).
  uint64_t affected() const;

 private:
  std::shared_ptr<pg_result> result_;
};

using Parameters = std::vector<std::optional<std::string>>;

class Connection {
 public:
  struct Options {
    std::chrono::milliseconds connect_timeout{10000};
    Cancellation cancellation{};
    bool binary_results = false;  // streamed rows come in binary form
    bool hide_values = false;     // errors say nothing that the server quotes from rows
  };

  // kUnreachable when nothing answers, kDenied for a wrong password or a missing right, kNotFound for a
  // missing database.
  static Result<Connection> open(const config::PostgresEndpoint& endpoint, const std::string& database,
                                 Options options);
  static Result<Connection> open(const config::PostgresEndpoint& endpoint, const std::string& database) {
    return open(endpoint, database, Options{});
  }

  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // One statement with parameters $1, $2, … as values.
  Result<Rows> query(const std::string& sql, const Parameters& parameters = {});
  // The same with a bytea as the last parameter, sent in binary form.
  Result<Rows> query(const std::string& sql, const Parameters& parameters, ByteView last);
  // Statements without parameters; several are one implicit transaction.
  Result<void> execute(const std::string& sql);
  // The first column of the only row; kNotFound without a row, empty for NULL.
  Result<std::string> scalar(const std::string& sql, const Parameters& parameters = {});

  // Gives rows as they arrive, one at a time, in constant memory.
  Result<void> stream(const std::string& sql, const Parameters& parameters,
                      const std::function<Result<void>(const Rows& row)>& consume);

  // Runs `COPY … TO STDOUT` and gives each message, which is one row with its newline in text format. The
  // view is valid during the call only. Gives the number of messages.
  Result<uint64_t> copy_out(const std::string& sql, const std::function<Result<void>(ByteView)>& consume);
  // The same in blocks of `block_bytes`, the last one shorter. They hold many rows, or a part of one: in text
  // format a row ends with the one newline that is in it. Faster, and a row of 1 GB is held once and not
  // twice.
  Result<void> copy_out_blocks(const std::string& sql, size_t block_bytes,
                               const std::function<Result<void>(ByteView)>& consume);

  // Runs statements whose last one is `COPY … FROM STDIN`; put_copy() then takes the data in pieces of any
  // size, and end_copy() ends it and gives the number of rows that the server stored. A row that the server
  // refuses may show at the end only. Should put_copy() fail, the connection is of no more use.
  Result<void> begin_copy(const std::string& sql);
  Result<void> put_copy(ByteView bytes);
  Result<uint64_t> end_copy();

  // Sends one or several statements without waiting; finish() then waits for the end of all. Between the two,
  // finished() says whether it is there, once it has waited for it as long as `patience`.
  Result<void> send(const std::string& sql);
  Result<bool> finished(std::chrono::milliseconds patience = {});
  Result<Rows> finish();

  // "host:port/database as user", for messages.
  const std::string& where() const;
  // 160015 for 16.15.
  int server_version() const;
  bool is_superuser() const;
  // The database's: "UTF8".
  std::string server_encoding() const;
  const std::string& database() const;
  // The server's process, as pg_stat_activity shows it.
  int backend_pid() const;
  // Notices and warnings since the last call, at most the first hundred.
  std::vector<std::string> take_notices();

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// "localhost:5432" or "/run/postgresql:5432", for messages.
std::string address_of(const config::PostgresEndpoint& endpoint);

// What speaks of the whole server connects here: the endpoint's first database, else "postgres".
std::string main_database(const config::PostgresEndpoint& endpoint);
// To `database`, or to the main one when that is empty.
Result<Connection> connect_or_main(const config::PostgresEndpoint& endpoint, const std::string& database,
                                   const Cancellation& cancellation);

// A libpq connection string without the password, for child programs; the password goes into their
// environment. Always given as a whole, because a database named "a=b" would be taken for a connection string
// itself.
std::string connection_string(const config::PostgresEndpoint& endpoint, const std::string& database);

}  // namespace summit::postgres
