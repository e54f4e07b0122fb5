#include "stores/postgres/stock_restore.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/process.h"
#include "stores/postgres/sqlstate.h"

namespace summit::postgres {

namespace {

// Scripts begin with `\\restrict KEY` and end with `\\unrestrict KEY`, which only psql understands.
std::string without_restriction(std::string script) {
  constexpr std::string_view kRestrict = "\\restrict ";
  const size_t start = script.find(kRestrict);
  if (start == std::string::npos) return script;
  const size_t end = script.find('\n', start);
  const std::string key = script.substr(start + kRestrict.size(), end - start - kRestrict.size());
  script.erase(start, end - start);
  const std::string closing = "\\unrestrict " + key;
  if (const size_t close = script.rfind(closing); close != std::string::npos)
    script.erase(close, closing.size());
  return script;
}

// What the server quotes from rows stands between its message and the command that pg_restore adds.
Error without_details(const Error& error) {
  const std::string& text = error.message();
  const size_t begin = text.find("; DETAIL:");
  if (begin == std::string::npos) return error;
  const size_t end = std::min(text.find("; Command was:", begin), text.size());
  return Error(error.code(), "{}{}", text.substr(0, begin), text.substr(end)).hint(error.hint());
}

// The first pg_restore that reads archives of version 1.`minor`.
int first_reader(int minor) {
  constexpr int kFirstGroupsOfLargeObjects = 16;
  constexpr int kFirstCompressionByName = 15;
  if (minor >= kFirstGroupsOfLargeObjects) return 17;
  return minor >= kFirstCompressionByName ? 16 : 12;
}

}  // namespace

Result<void> check_readable(const pgarchive::Contents& contents, const Tool& pg_restore) {
  const int needed = first_reader(contents.minor);
  if (pg_restore.major >= needed) return {};
  return Error(Code::kUnsupported, "the archive was made by pg_dump {}, and pg_restore {} is too old for it",
               contents.short_tool_version(), pg_restore.version)
      .hint(fmt::format("restore into a server of PostgreSQL {} or later", needed));
}

Result<StockRestore> StockRestore::create(const config::PostgresEndpoint& endpoint, Tool tool,
                                          const pgarchive::Contents& contents, const fs::path& workspace) {
  RETURN_IF_ERROR(check_readable(contents, tool));
  ASSIGN_OR_RETURN(auto directory, TemporaryDirectory::create(workspace, "definitions-"));
  StockRestore restore(endpoint, std::move(tool), std::move(directory));
  // Without data there is nothing to decompress: a pg_restore built without zstd reads this as well.
  pgarchive::Contents head = contents;
  head.compression = pgarchive::Compression::kNone;
  head.level = 0;
  RETURN_IF_ERROR(write_file_durably(restore.head(), pgarchive::write_contents(head)));
  return restore;
}

Result<fs::path> StockRestore::write_list(const LoadPlan::Entries& entries) const {
  std::string list;
  for (const auto* entry : entries) list += fmt::format("{};\n", entry->id);
  const fs::path path = directory_.path() / "entries.list";
  RETURN_IF_ERROR(write_file_durably(path, list));
  return path;
}

Result<void> StockRestore::run(const std::string& database, const LoadPlan::Entries& entries, size_t jobs,
                               const Cancellation& cancellation) {
  if (entries.empty()) return {};
  ASSIGN_OR_RETURN(const auto list, write_list(entries));
  Command command = tool_command(
      endpoint_, tool_, database,
      {"--exit-on-error", "--use-list=" + list.string(), fmt::format("--jobs={}", jobs), head().string()});
  // A role or database may be set to read only. Of the timeouts pg_restore itself takes care.
  command.env["PGOPTIONS"] = "-c default_transaction_read_only=off";
  auto ended = summit::run(command, cancellation);
  if (ended.ok()) return {};
  auto error = tool_error(std::move(ended).error());
  return hides_values_ ? without_details(error) : error;
}

Result<std::string> StockRestore::script(const LoadPlan::Entries& entries, const Cancellation& cancellation) {
  if (entries.empty()) return std::string();
  ASSIGN_OR_RETURN(const auto list, write_list(entries));
  Command command;
  command.argv = {tool_.path.string(), "--use-list=" + list.string(), "--file=-", head().string()};
  auto script = summit::run(command, cancellation);
  if (!script.ok()) return tool_error(std::move(script).error());
  return without_restriction(*std::move(script));
}

}  // namespace summit::postgres
