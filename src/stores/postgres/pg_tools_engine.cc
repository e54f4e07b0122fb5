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

bool is_timescale_catalog(std::string_view schema) {
  return schema.substr(0, 13) == "_timescaledb_" && schema != "_timescaledb_internal";
}

// A list for `pg_restore --use-list`: the ids of the chosen entries, in the archive's order.
Result<fs::path> write_list(const LoadRequest& request, std::string_view name,
                            const std::function<bool(const ArchiveEntry&)>& choose) {
  std::string list;
  for (const auto& entry : request.contents.entries) {
    if (choose(entry)) list += fmt::format("{};\n", entry.id);
  }
  const fs::path path =
      request.workspace / fmt::format("{}-{}.list", request.archive.filename().string(), name);
  RETURN_IF_ERROR(write_file_durably(path, list));
  return path;
}

class PgToolsEngine final : public LogicalEngine {
 public:
  explicit PgToolsEngine(config::PostgresEndpoint endpoint) : endpoint_(std::move(endpoint)) {}

  Result<std::map<std::string, std::string>> check_dump(int server_version) override {
    ASSIGN_OR_RETURN(dump_, find_tool(endpoint_, "pg_dump", major_of(server_version)));
    return std::map<std::string, std::string>{{"pg_dump", dump_.version}};
  }

  Result<std::map<std::string, std::string>> check_load(int server_version) override {
    ASSIGN_OR_RETURN(restore_, find_tool(endpoint_, "pg_restore", major_of(server_version)));
    return std::map<std::string, std::string>{{"pg_restore", restore_.version}};
  }

  Result<void> dump(const DumpRequest& request, const std::function<Result<void>(ByteView)>& sink,
                    const Cancellation& cancellation) override;
  Result<void> load(const LoadRequest& request, const Cancellation& cancellation) override;

 private:
  Result<void> run_dump(const DumpRequest& request, std::string_view compression,
                        const std::function<Result<void>(ByteView)>& sink, const Cancellation& cancellation);
  Result<void> run_restore(const LoadRequest& request, std::vector<std::string> arguments,
                           const Cancellation& cancellation);
  Result<void> load_with_timescale(const LoadRequest& request, const Cancellation& cancellation);
  using Choose = std::function<bool(const ArchiveEntry&)>;
  Result<void> load_post_data(const LoadRequest& request, const Choose& chosen,
                              const Cancellation& cancellation);
  Result<void> create_timescale(const LoadRequest& request, const Cancellation& cancellation,
                                std::string& schema);

  config::PostgresEndpoint endpoint_;
  Tool dump_;
  Tool restore_;
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

Result<void> PgToolsEngine::run_restore(const LoadRequest& request, std::vector<std::string> arguments,
                                        const Cancellation& cancellation) {
  arguments.insert(arguments.begin(), "--exit-on-error");
  arguments.push_back(request.archive.string());
  const Command command = tool_command(endpoint_, restore_, request.database, std::move(arguments));
  auto ended = run(command, cancellation);
  if (!ended.ok()) return tool_error(std::move(ended).error());
  return {};
}

Result<void> PgToolsEngine::load(const LoadRequest& request, const Cancellation& cancellation) {
  if (request.contents.has_extension("timescaledb")) return load_with_timescale(request, cancellation);
  const std::string jobs = fmt::format("--jobs={}", request.jobs);
  if (request.contents.count("INDEX ATTACH") == 0) return run_restore(request, {jobs}, cancellation);
  RETURN_IF_ERROR(run_restore(request, {"--section=pre-data", "--section=data", jobs}, cancellation));
  return load_post_data(request, [](const ArchiveEntry&) { return true; }, cancellation);
}

// Indexes of partitions are attached to their parents' alone, after all are built and before the foreign keys
// that need them: each takes locks on parent and child, and pg_restore's workers deadlock when they do so
// side by side.
Result<void> PgToolsEngine::load_post_data(const LoadRequest& request, const Choose& chosen,
                                           const Cancellation& cancellation) {
  const auto builds = [](const ArchiveEntry& entry) {
    return entry.description == "INDEX" || entry.description == "CONSTRAINT";
  };
  const auto attaches = [](const ArchiveEntry& entry) { return entry.description == "INDEX ATTACH"; };
  struct Step {
    std::string_view name;
    size_t jobs;
    Choose belongs;
  };
  const Step steps[] = {
      {"indexes", request.jobs, builds},
      {"attachments", 1, attaches},
      {"rest", request.jobs, [&](const ArchiveEntry& entry) { return !builds(entry) && !attaches(entry); }}};
  for (const auto& step : steps) {
    ASSIGN_OR_RETURN(const auto list, write_list(request, step.name, [&](const ArchiveEntry& entry) {
                       return chosen(entry) && step.belongs(entry);
                     }));
    RETURN_IF_ERROR(run_restore(
        request, {"--section=post-data", "--use-list=" + list.string(), fmt::format("--jobs={}", step.jobs)},
        cancellation));
  }
  return {};
}

// The extension comes first and in the source's version, because its catalog tables are restored as data.
Result<void> PgToolsEngine::create_timescale(const LoadRequest& request, const Cancellation& cancellation,
                                             std::string& schema) {
  schema = "public";
  for (const auto& entry : request.contents.entries) {
    if (entry.description != "EXTENSION" || entry.tag != "timescaledb") continue;
    const auto words = words_of(entry.definition);
    for (size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i].is("SCHEMA")) schema = words[i + 1].text;
    }
  }
  Connection::Options options;
  options.cancellation = cancellation;
  {
    ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint_, request.database, options));
    std::string create = fmt::format("CREATE EXTENSION timescaledb WITH SCHEMA {}", quote_identifier(schema));
    if (!request.timescale_version.empty()) create += " VERSION " + quote_literal(request.timescale_version);
    if (schema != "public")
      RETURN_IF_ERROR(connection.execute("CREATE SCHEMA IF NOT EXISTS " + quote_identifier(schema)));
    RETURN_IF_ERROR(connection.execute(create), "while creating the extension timescaledb");
  }
  // In a session of its own: the extension's library is loaded at the start of one.
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint_, request.database, options));
  ASSIGN_OR_RETURN(
      [[maybe_unused]] auto prepared,
      connection.query(fmt::format("SELECT {}.timescaledb_pre_restore()", quote_identifier(schema))));
  return {};
}

// TimescaleDB's catalogs refer to each other in circles, so they load one after the other; chunks and
// ordinary tables load in parallel.
Result<void> PgToolsEngine::load_with_timescale(const LoadRequest& request,
                                                const Cancellation& cancellation) {
  std::string schema;
  RETURN_IF_ERROR(create_timescale(request, cancellation, schema));
  auto is_catalog_data = [](const ArchiveEntry& entry) {
    return is_timescale_catalog(entry.schema) &&
           (entry.description == "TABLE DATA" || entry.description == "SEQUENCE SET");
  };
  auto exists_already = [&](const ArchiveEntry& entry) {
    return (entry.description == "EXTENSION" && entry.tag == "timescaledb") ||
           (entry.description == "SCHEMA" && entry.tag == schema);
  };
  const auto chosen = [&](const ArchiveEntry& entry) {
    return !exists_already(entry) && !is_catalog_data(entry);
  };
  ASSIGN_OR_RETURN(auto definitions, write_list(request, "definitions", chosen));
  ASSIGN_OR_RETURN(auto catalogs, write_list(request, "catalogs", is_catalog_data));

  const std::string jobs = fmt::format("--jobs={}", request.jobs);
  const std::string rest = "--use-list=" + definitions.string();
  RETURN_IF_ERROR(run_restore(request, {"--section=pre-data", rest}, cancellation));
  RETURN_IF_ERROR(run_restore(request, {"--section=data", "--use-list=" + catalogs.string()}, cancellation));
  RETURN_IF_ERROR(run_restore(request, {"--section=data", rest, jobs}, cancellation));
  RETURN_IF_ERROR(load_post_data(request, chosen, cancellation));

  Connection::Options options;
  options.cancellation = cancellation;
  ASSIGN_OR_RETURN(auto connection, Connection::open(endpoint_, request.database, options));
  ASSIGN_OR_RETURN(
      [[maybe_unused]] auto finished,
      connection.query(fmt::format("SELECT {}.timescaledb_post_restore()", quote_identifier(schema))));
  return {};
}

}  // namespace

std::unique_ptr<LogicalEngine> make_pg_tools_engine(const config::PostgresEndpoint& endpoint) {
  return std::make_unique<PgToolsEngine>(endpoint);
}

}  // namespace summit::postgres
