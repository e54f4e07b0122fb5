#include "stores/neo4j/server.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "core/files.h"
#include "core/time.h"
#include "core/wait.h"
#include "stores/neo4j/marker.h"

namespace summit::neo4j {

namespace {

// The database that knows all others; it answers when they do not.
Result<BoltConnection> open_system(const config::Neo4jEndpoint& endpoint, const Cancellation& cancellation) {
  return BoltConnection::open(endpoint, cancellation, {.database = std::string(kSystemDatabase)});
}

}  // namespace

std::string server_version(const BoltConnection& bolt) {
  const std::string& server = bolt.server();
  return server.substr(server.find('/') + 1);
}

Result<std::string> server_edition(BoltConnection& bolt) {
  ASSIGN_OR_RETURN(
      const auto edition,
      bolt.scalar("CALL dbms.components() YIELD name, edition WHERE name = 'Neo4j Kernel' RETURN edition"));
  return std::string(edition.text());
}

Result<ElementCounts> count_elements(BoltConnection& bolt) {
  ASSIGN_OR_RETURN(const auto nodes, bolt.scalar("MATCH (n) RETURN count(n)"));
  ASSIGN_OR_RETURN(const auto markers,
                   bolt.scalar(fmt::format("MATCH (n:{}) RETURN count(n)", quote_identifier(kMarkerLabel))));
  ASSIGN_OR_RETURN(const auto relationships, bolt.scalar("MATCH ()-[r]->() RETURN count(r)"));
  ElementCounts counts;
  counts.nodes = static_cast<uint64_t>(std::max<int64_t>(0, nodes.integer_or(0) - markers.integer_or(0)));
  counts.relationships = static_cast<uint64_t>(relationships.integer_or(0));
  return counts;
}

Result<DatabaseState> database_state(const config::Neo4jEndpoint& endpoint,
                                     const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto system, open_system(endpoint, cancellation));
  ASSIGN_OR_RETURN(
      const auto rows,
      system.run("SHOW DATABASES YIELD name, currentStatus, statusMessage, store WHERE name = $name "
                 "RETURN currentStatus, statusMessage, store",
                 {{"name", Value{endpoint.database}}}));
  if (rows.empty()) {
    return Error(Code::kNotFound, "neo4j at {} has no database {}", system.address(), endpoint.database)
        .hint("SHOW DATABASES lists those that exist");
  }
  const auto& row = rows.front();
  return DatabaseState{std::string(row[0].text()), std::string(row[1].text()), std::string(row[2].text())};
}

Result<StoreLayout> reported_layout(BoltConnection& bolt) {
  ASSIGN_OR_RETURN(
      const auto rows,
      bolt.run("SHOW SETTINGS 'server.directories.data', 'server.directories.transaction.logs.root' "
               "YIELD name, value RETURN name, value"));
  StoreLayout layout;
  for (const auto& row : rows)
    (row[0].text() == "server.directories.data" ? layout.data : layout.transactions) = row[1].text();
  if (layout.data.empty() || layout.transactions.empty()) {
    return Error(Code::kConfig, "neo4j at {} does not tell where its files are", bolt.address())
        .hint("set `home` or `data_directory` of the neo4j endpoint");
  }
  return layout;
}

Result<StoreLayout> find_layout(const config::Neo4jEndpoint& endpoint, const Cancellation& cancellation) {
  if (!endpoint.home.empty() || !endpoint.data_directory.empty()) return layout_of(endpoint);
  ASSIGN_OR_RETURN(auto bolt, BoltConnection::open(endpoint, cancellation));
  return reported_layout(bolt);
}

Result<void> check_files_belong(const config::Neo4jEndpoint& endpoint, const StoreLayout& layout,
                                const Cancellation& cancellation) {
  const auto foreign = [&](std::string_view why) {
    return Error(Code::kConfig, "the files in {} are not those of neo4j at {}: {}", layout.data.native(),
                 endpoint.bolt_uri, why)
        .hint("set `home` or `data_directory` of the neo4j endpoint to the directory of this server");
  };
  ASSIGN_OR_RETURN(const bool locked, is_locked(layout.store_lock()));
  if (!locked) return foreign("no server has them open");
  ASSIGN_OR_RETURN(auto system, open_system(endpoint, cancellation));
  ASSIGN_OR_RETURN(
      const auto reported,
      system.scalar("SHOW DATABASES YIELD name, serverID WHERE name = 'system' RETURN serverID"));
  std::string expected;
  for (const char c : reported.text()) {
    if (c != '-') expected += c;
  }
  ASSIGN_OR_RETURN(const auto content, read_file(layout.data / "server_id", KiB));
  // One byte of version, then the 16 bytes of the id.
  constexpr size_t kIdentityBegin = 1;
  const std::string found =
      content.size() > kIdentityBegin ? to_hex(as_bytes(content).subspan(kIdentityBegin)) : "";
  if (found != expected) return foreign("they carry another server's id");
  return {};
}

Result<void> check_store_format(std::string_view format, std::string_view database) {
  if (format.starts_with("record-aligned") || format.starts_with("record-standard")) return {};
  return Error(Code::kUnsupported,
               "database {} has the store format `{}`, which only the Enterprise edition reads", database,
               format.empty() ? "unknown" : format)
      .hint(
          "write `method: command` in its set, and the Enterprise edition's `neo4j-admin database backup` as "
          "the "
          "endpoint's `backup_command`");
}

Result<std::vector<IndexState>> index_states(BoltConnection& bolt) {
  ASSIGN_OR_RETURN(
      const auto rows,
      bolt.run("SHOW INDEXES YIELD name, state, populationPercent RETURN name, state, populationPercent"));
  std::vector<IndexState> states;
  for (const auto& row : rows) {
    const auto* percent = row[2].as<double>();
    states.push_back({std::string(row[0].text()), std::string(row[1].text()), percent ? *percent : 0});
  }
  return states;
}

Result<uint64_t> count_constraints(BoltConnection& bolt) {
  ASSIGN_OR_RETURN(const auto count, bolt.scalar("SHOW CONSTRAINTS YIELD name RETURN count(*)"));
  return static_cast<uint64_t>(count.integer_or(0));
}

Result<uint64_t> await_indexes(BoltConnection& bolt, std::string_view store,
                               std::chrono::milliseconds patience, Reporter& reporter,
                               const Cancellation& cancellation) {
  constexpr std::chrono::milliseconds kInterval{200};
  std::unique_ptr<Phase> phase;
  double best = -1;
  uint64_t shown = 0;
  Stopwatch since_movement;
  while (true) {
    ASSIGN_OR_RETURN(const auto states, index_states(bolt), "while waiting for the indexes");
    double sum = 0;
    size_t online = 0;
    for (const auto& index : states) {
      if (index.state == "FAILED") {
        return Error(Code::kFailed, "index {} failed to populate", index.name)
            .hint(fmt::format("SHOW INDEXES YIELD name, failureMessage tells why; drop and create `{}` again",
                              index.name));
      }
      if (index.state == "ONLINE") ++online;
      sum += index.state == "ONLINE" ? 100 : index.percent;
    }
    if (online == states.size()) return static_cast<uint64_t>(online);
    if (!phase) {
      phase = reporter.phase(store, "building indexes", "percent");
      phase->set_total(100 * states.size());
    }
    if (sum > best) {
      phase->advance(static_cast<uint64_t>(sum) - shown);
      shown = static_cast<uint64_t>(sum);
      best = sum;
      since_movement = Stopwatch();
    }
    if (since_movement.elapsed() > patience) {
      return Error(Code::kTimeout, "{} of {} indexes are not online, and nothing moved for {}",
                   states.size() - online, states.size(), human_duration(since_movement.elapsed()))
          .hint("SHOW INDEXES YIELD name, state, populationPercent shows how far each is");
    }
    RETURN_IF_ERROR(pause_for(kInterval, cancellation));
  }
}

std::string tail_of(const std::filesystem::path& file, size_t lines) {
  constexpr size_t kWindow = 16 * KiB;
  auto fd = open_for_reading(file);
  if (!fd.ok()) return {};
  const off_t size = ::lseek(fd->get(), 0, SEEK_END);
  if (size <= 0) return {};
  std::string text(std::min(kWindow, static_cast<size_t>(size)), '\0');
  if (!read_exactly_at(fd->get(), text.data(), text.size(), static_cast<uint64_t>(size) - text.size(), file)
           .ok())
    return {};
  while (text.ends_with('\n')) text.pop_back();
  size_t begin = text.size();
  for (size_t i = 0; i < lines && begin != std::string::npos && begin > 0; ++i)
    begin = text.rfind('\n', begin - 1);
  return begin == std::string::npos || begin == 0 ? text : text.substr(begin + 1);
}

Result<std::string> scalar(const config::Neo4jEndpoint& endpoint, std::string_view cypher,
                           const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto bolt, BoltConnection::open(endpoint, cancellation));
  ASSIGN_OR_RETURN(const auto value, bolt.scalar(cypher));
  return to_text(value);
}

}  // namespace summit::neo4j
