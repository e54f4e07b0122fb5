#include "stores/postgres/dump_head.h"

#include <fmt/format.h>

#include "stores/postgres/catalog.h"
#include "stores/postgres/sqlstate.h"

namespace summit::postgres {

namespace {

// Collects the first bytes until they hold the whole table of contents. Looking costs as much as has arrived,
// so it looks again only after a quarter more has.
class HeadReader {
 public:
  Result<void> feed(ByteView bytes) {
    bytes_ += as_text(bytes);
    if (bytes_.size() < look_at_) return {};
    look_at_ = bytes_.size() + bytes_.size() / 4;
    return look();
  }
  Result<void> look() {
    ASSIGN_OR_RETURN(auto head, pgarchive::read_contents(bytes_));
    if (head) contents_ = std::move(head->contents);
    return {};
  }
  bool complete() const { return contents_.has_value(); }
  pgarchive::Contents take() && { return *std::move(contents_); }

 private:
  std::string bytes_;
  size_t look_at_ = 1;
  std::optional<pgarchive::Contents> contents_;
};

// Whether this role may keep its session out of the server's log.
Result<bool> may_silence_log(Connection& connection) {
  constexpr int kFirstWithParameterRights = 150000;
  if (connection.is_superuser()) return true;
  if (connection.server_version() < kFirstWithParameterRights) return false;
  ASSIGN_OR_RETURN(auto allowed,
                   connection.scalar("SELECT pg_catalog.has_parameter_privilege('log_min_messages', 'SET')"));
  return allowed == "t";
}

}  // namespace

Result<pgarchive::Contents> dump_head(const config::PostgresEndpoint& endpoint, const Tool& pg_dump,
                                      Connection& connection, const std::string& snapshot,
                                      std::chrono::milliseconds lock_timeout,
                                      const Cancellation& cancellation) {
  Command command = tool_command(endpoint, pg_dump, connection.database(),
                                 {"--format=custom", "--compress=0", "--snapshot=" + snapshot,
                                  // Neither the role's settings nor our environment choose it.
                                  "--encoding=" + connection.server_encoding(),
                                  // A schema change that waits for our snapshot's locks stands before pg_dump
                                  // in the queue: without a limit both would wait for ever.
                                  fmt::format("--lock-wait-timeout={}", lock_timeout.count()),
                                  fmt::format("--exclude-schema={}", kMarkerSchema)});
  // One that a role prefers may have no conversion from the database's, and then not even connect.
  command.env["PGCLIENTENCODING"] = connection.server_encoding();
  // Ended in the middle of a COPY it would leave an error in the log at each backup, and a page to whoever
  // watches that.
  ASSIGN_OR_RETURN(const bool silent, may_silence_log(connection));
  if (silent) command.env["PGOPTIONS"] = "-c log_min_messages=panic";

  HeadReader head;
  auto streamed = run_streaming(
      command,
      [&](ByteView bytes) -> Result<void> {
        RETURN_IF_ERROR(head.feed(bytes));
        if (head.complete()) return Error(Code::kCancelled, "the table of contents is complete");
        return {};
      },
      cancellation);
  if (!streamed.ok() && !head.complete()) return tool_error(std::move(streamed).error());
  if (!head.complete()) RETURN_IF_ERROR(head.look());
  if (!head.complete()) {
    return Error(Code::kCorrupt, "{} ended within its table of contents", pg_dump.path.string());
  }
  return std::move(head).take();
}

}  // namespace summit::postgres
