#include "stores/postgres/index_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/host.h"
#include "core/task_group.h"
#include "stores/postgres/load_session.h"
#include "stores/postgres/sql.h"

namespace summit::postgres {

namespace {

// A sort gains little from more.
constexpr uint64_t kMostMemory = GiB;

struct Means {
  uint64_t configured = 0;  // bytes for one build by the server's settings
  uint64_t most = 0;        // that one build may take
  uint64_t workers = 0;     // for one build, beside its own process
};

bool is_on_this_host(const config::PostgresEndpoint& endpoint) {
  return endpoint.host.starts_with('/') || endpoint.host == "localhost" || endpoint.host == "127.0.0.1" ||
         endpoint.host == "::1";
}

// On this host an eighth of the memory that is free is ours to use. Elsewhere it is not known; but a server
// keeps about a quarter of its machine's memory as shared buffers, and builds may take as much again.
Result<Means> means_of(Connection& connection, const config::PostgresEndpoint& endpoint, size_t jobs) {
  ASSIGN_OR_RETURN(auto rows, connection.query(R"sql(
      SELECT pg_catalog.pg_size_bytes(pg_catalog.current_setting('shared_buffers')),
             pg_catalog.pg_size_bytes(pg_catalog.current_setting('maintenance_work_mem')),
             pg_catalog.current_setting('max_parallel_maintenance_workers'))sql"));
  auto spare = static_cast<uint64_t>(rows.number(0, 0));
  if (is_on_this_host(endpoint)) spare = std::max(spare, available_memory() / 8);
  Means means;
  means.configured = static_cast<uint64_t>(rows.number(0, 1));
  means.most = std::max(means.configured, std::min(spare / std::max<size_t>(jobs, 1), kMostMemory));
  means.workers = static_cast<uint64_t>(rows.number(0, 2));
  return means;
}

std::string settings(uint64_t memory, uint64_t workers) {
  return fmt::format("SET maintenance_work_mem = '{}kB'; SET max_parallel_maintenance_workers = {}; ",
                     memory / KiB, workers);
}

constexpr std::string_view kServersOwn =
    "RESET maintenance_work_mem; SET max_parallel_maintenance_workers = 0; ";

// What the message of a failed statement says of its kind.
bool is_deadlock(const Error& error) { return error.message().find("40P01") != std::string::npos; }
bool lacks_memory(const Error& error) {
  return error.message().find("53200") != std::string::npos ||
         error.message().find("shared memory segment") != std::string::npos;
}

// One connection that builds.
class Builder {
 public:
  Builder(const IndexBuilding& building, bool qualified, Connection& connection, const Means& means)
      : building_(building), qualified_(qualified), connection_(connection), means_(means) {}

  Result<void> build(const BuildSchedule::Build& build) {
    if (building_.skipped.leaves_out(*build.entry)) return {};
    return building_.skipped.settle(*build.entry, execute(build));
  }

 private:
  Result<void> execute(const BuildSchedule::Build& build) {
    constexpr int kAttempts = 5;
    // One that costs half of everything deserves half of the processes.
    const double processes = std::round(build.share * static_cast<double>(building_.jobs));
    const auto workers = std::min(means_.workers, static_cast<uint64_t>(std::max(processes, 1.0)) - 1);
    // No build needs more than its table and what refers to it.
    const uint64_t memory = std::clamp(2 * build.table_bytes, means_.configured, means_.most);
    const std::string own = settings_for(*build.entry, qualified_);
    std::string resources = settings(memory, workers);
    Result<void> built;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      RETURN_IF_ERROR(connection_.execute(own + resources));
      built = connection_.execute(build.entry->definition.value_or(""));
      if (built.ok()) return built;
      if (lacks_memory(built.error()) && resources != kServersOwn) {
        resources = kServersOwn;
      } else if (!is_deadlock(built.error())) {
        break;
      }
    }
    return built;
  }

  const IndexBuilding& building_;
  const bool qualified_;
  Connection& connection_;
  const Means means_;
};

}  // namespace

IndexBuilder::IndexBuilder(const IndexBuilding& building, const LoadPlan::Entries& entries,
                           const std::set<int64_t>& loading)
    : building_(building),
      qualified_(names_are_qualified(building.contents)),
      schedule_(building.contents, entries, loading) {}

Result<void> IndexBuilder::work(Phase* phase, const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto build, schedule_.next(cancellation));
  if (!build) return {};
  ASSIGN_OR_RETURN(auto connection,
                   open_load_session(building_.endpoint, building_.database, building_.contents,
                                     building_.hide_values, cancellation));
  ASSIGN_OR_RETURN(const Means means, means_of(connection, building_.endpoint, building_.jobs));
  Builder builder(building_, qualified_, connection, means);
  while (build) {
    RETURN_IF_ERROR(builder.build(*build), "while building {}",
                    display_name(build->entry->schema.value_or(""), build->entry->tag.value_or("")));
    schedule_.done(*build);
    if (phase) phase->advance(1);
    ASSIGN_OR_RETURN(build, schedule_.next(cancellation));
  }
  return {};
}

Result<void> build_indexes(const IndexBuilding& building, const LoadPlan::Entries& entries,
                           const std::map<int64_t, TableSize>& sizes, Phase* phase,
                           const Cancellation& cancellation) {
  if (entries.empty()) return {};
  IndexBuilder builder(building, entries);
  builder.loaded(sizes);
  TaskGroup group(cancellation);
  const size_t workers = std::min(std::max<size_t>(building.jobs, 1), entries.size());
  for (size_t i = 0; i < workers; ++i)
    group.spawn([&]() -> Result<void> { return builder.work(phase, group.cancellation()); });
  return group.join();
}

}  // namespace summit::postgres
