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

class Builder {
 public:
  Builder(const IndexBuilding& building, const LoadPlan::Entries& entries, Phase* phase)
      : building_(building),
        phase_(phase),
        qualified_(names_are_qualified(building.contents)),
        schedule_(building.contents, entries, building.sizes) {}

  Result<void> work(const Cancellation& cancellation) {
    ASSIGN_OR_RETURN(auto connection,
                     open_load_session(building_.endpoint, building_.database, building_.contents,
                                       building_.hide_values, cancellation));
    ASSIGN_OR_RETURN(const Means means, means_of(connection, building_.endpoint, building_.jobs));
    for (;;) {
      ASSIGN_OR_RETURN(const auto build, schedule_.next(cancellation));
      if (!build) return {};
      if (!building_.skipped.leaves_out(*build->entry)) {
        RETURN_IF_ERROR(building_.skipped.settle(*build->entry, execute(connection, *build, means)),
                        "while building {}",
                        display_name(build->entry->schema.value_or(""), build->entry->tag.value_or("")));
      }
      schedule_.done(*build);
      if (phase_) phase_->advance(1);
    }
  }

 private:
  Result<void> execute(Connection& connection, const BuildSchedule::Build& build, const Means& means) {
    constexpr int kAttempts = 5;
    // One that costs half of everything deserves half of the processes.
    const double processes = std::round(build.share * static_cast<double>(building_.jobs));
    const auto workers = std::min(means.workers, static_cast<uint64_t>(std::max(processes, 1.0)) - 1);
    // No build needs more than its table and what refers to it.
    const uint64_t memory = std::clamp(2 * build.table_bytes, means.configured, means.most);
    const std::string own = settings_for(*build.entry, qualified_);
    std::string resources = settings(memory, workers);
    Result<void> built;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      RETURN_IF_ERROR(connection.execute(own + resources));
      built = connection.execute(build.entry->definition.value_or(""));
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
  Phase* phase_;
  const bool qualified_;
  BuildSchedule schedule_;
};

}  // namespace

Result<void> build_indexes(const IndexBuilding& building, const LoadPlan::Entries& entries, Phase* phase,
                           const Cancellation& cancellation) {
  if (entries.empty()) return {};
  Builder builder(building, entries, phase);
  TaskGroup group(cancellation);
  const size_t workers = std::min(std::max<size_t>(building.jobs, 1), entries.size());
  for (size_t i = 0; i < workers; ++i)
    group.spawn([&]() -> Result<void> { return builder.work(group.cancellation()); });
  return group.join();
}

}  // namespace summit::postgres
