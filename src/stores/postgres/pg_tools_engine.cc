#include <fmt/format.h>

#include "stores/postgres/catalog.h"
#include "stores/postgres/connection.h"
#include "stores/postgres/engine.h"
#include "stores/postgres/sql.h"
#include "stores/postgres/sqlstate.h"
#include "stores/postgres/tools.h"

namespace summit::postgres {

namespace {

int major_of(int server_version) { return server_version / 10000; }

class PgToolsEngine final : public LogicalEngine {
 public:
  explicit PgToolsEngine(config::PostgresEndpoint endpoint) : endpoint_(std::move(endpoint)) {}

  Result<std::map<std::string, std::string>> check_dump(int server_version) override {
    ASSIGN_OR_RETURN(dump_, find_tool(endpoint_, "pg_dump", major_of(server_version)));
    return std::map<std::string, std::string>{{"pg_dump", dump_.version}};
  }

  Result<void> dump(const DumpRequest& request, const std::function<Result<void>(ByteView)>& sink,
                    const Cancellation& cancellation) override;

 private:
  Result<void> run_dump(const DumpRequest& request, std::string_view compression,
                        const std::function<Result<void>(ByteView)>& sink, const Cancellation& cancellation);

  config::PostgresEndpoint endpoint_;
  Tool dump_;
};

Result<void> PgToolsEngine::run_dump(const DumpRequest& request, std::string_view compression,
                                     const std::function<Result<void>(ByteView)>& sink,
                                     const Cancellation& cancellation) {
  std::vector<std::string> arguments = {"--format=custom", "--snapshot=" + request.snapshot,
                                        // A schema change that waits for our snapshot's locks stands before
                                        // pg_dump in the queue: without a limit both would wait for ever.
                                        "--lock-wait-timeout=10s",
                                        fmt::format("--exclude-schema={}", kMarkerSchema)};
  if (!compression.empty()) arguments.push_back(fmt::format("--compress={}", compression));
  const Command command = tool_command(endpoint_, dump_, request.database, std::move(arguments));
  auto streamed = run_streaming(command, sink, cancellation);
  if (!streamed.ok()) return tool_error(std::move(streamed).error());
  return {};
}

Result<void> PgToolsEngine::dump(const DumpRequest& request,
                                 const std::function<Result<void>(ByteView)>& sink,
                                 const Cancellation& cancellation) {
  if (!request.compress) return run_dump(request, "0", sink, cancellation);
  // gzip, the default, takes five times as long for a larger archive.
  constexpr int kFirstWithZstd = 16;
  if (dump_.major < kFirstWithZstd) return run_dump(request, {}, sink, cancellation);
  auto dumped = run_dump(request, "zstd:3", sink, cancellation);
  // Said before the first byte is written, hence safe to begin again.
  const bool built_without =
      !dumped.ok() &&
      dumped.error().message().find("does not support compression with ZSTD") != std::string::npos;
  return built_without ? run_dump(request, {}, sink, cancellation) : std::move(dumped);
}

}  // namespace

std::unique_ptr<LogicalEngine> make_pg_tools_engine(const config::PostgresEndpoint& endpoint) {
  return std::make_unique<PgToolsEngine>(endpoint);
}

}  // namespace summit::postgres
