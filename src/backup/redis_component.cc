#include "backup/redis_component.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "stores/redis/capture.h"
#include "stores/redis/connection.h"
#include "stores/redis/probe.h"
#include "stores/redis/replica.h"
#include "stores/redis/restore.h"

namespace summit::backup {

namespace {

void fill(const redis::CaptureReport& report, repository::ComponentRecord& record) {
  record.fingerprints = report.fingerprints;
  record.details["rdb_version"] = std::to_string(report.rdb_version);
  record.details["keys"] = std::to_string(report.keys);
  record.details["keys_with_expiry"] = std::to_string(report.expiring);
  if (report.excluded > 0) {
    record.details["keys_excluded"] = std::to_string(report.excluded);
    record.notes.push_back(fmt::format("{} keys are left out by the set's choice of keys", report.excluded));
  }
  if (report.module_values > 0) {
    record.notes.push_back(fmt::format("{} values belong to modules: a restore needs the same modules loaded",
                                       report.module_values));
  }
}

void describe_limits(const config::KeySpec& limits, std::vector<std::string>& lines) {
  if (!limits.databases.empty())
    lines.push_back(fmt::format("only databases {}", fmt::join(limits.databases, ", ")));
  if (!limits.excluded_databases.empty())
    lines.push_back(fmt::format("without databases {}", fmt::join(limits.excluded_databases, ", ")));
  if (!limits.types.empty())
    lines.push_back(fmt::format("only keys of type {}", fmt::join(limits.types, ", ")));
  if (!limits.excluded_types.empty())
    lines.push_back(fmt::format("without keys of type {}", fmt::join(limits.excluded_types, ", ")));
  if (limits.expires_within.count() > 0)
    lines.push_back(fmt::format("without keys that expire within {}", human_duration(limits.expires_within)));
  if (limits.idle_for.count() > 0)
    lines.push_back(fmt::format("without keys that nobody used for {}", human_duration(limits.idle_for)));
}

// As a part of a file name. Two names that become one are refused when the second artifact is created.
std::string plain(std::string name) {
  for (char& c : name) {
    const bool kept =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!kept) c = '_';
  }
  return name;
}

class RedisComponent final : public Component {
 public:
  RedisComponent(const config::ComponentSpec& spec, config::RedisEndpoint endpoint, std::string name)
      : endpoint_(std::move(endpoint)),
        name_(std::move(name)),
        choice_{spec.include_keys, spec.exclude_keys, spec.keys} {
    artifact_ = name_.find('/') == std::string::npos ? "redis.rdb"
                                                     : fmt::format("redis-{}.rdb", plain(endpoint_.name));
  }

  std::string name() const override { return name_; }
  std::string kind() const override { return "redis"; }
  CutKind cut_kind() const override { return CutKind::kTriggered; }

  std::vector<std::string> describe() const override {
    std::vector<std::string> lines{fmt::format("rdb of redis at {}, taken as a replica, into {}",
                                               redis::address_of(endpoint_), artifact_)};
    for (const std::string& pattern : choice_.include)
      lines.push_back(fmt::format("only the keys {}", pattern));
    for (const std::string& pattern : choice_.exclude)
      lines.push_back(fmt::format("without the keys {}", pattern));
    describe_limits(choice_.limits, lines);
    return lines;
  }

  Result<uint64_t> predict_size(CaptureContext& context) override {
    ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint_, {}, context.cancellation));
    return redis::predict_rdb_size(connection);
  }

  Result<void> prepare(CaptureContext& context) override {
    ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint_, {}, context.cancellation));
    ASSIGN_OR_RETURN(const redis::ServerInfo info, redis::read_info(connection));
    server_version_ = info.text("redis_version");
    expected_bytes_ = info.number("used_memory_dataset");
    if (info.number("cluster_enabled") == 1)
      notes_.emplace_back("this server is one node of a cluster: the backup holds its slots only");
    if (info.text("role") == "slave")
      notes_.emplace_back("taken from a replica: it may lag behind its master");
    ASSIGN_OR_RETURN(const bool incomplete, redis::restore_incomplete(connection));
    if (incomplete) {
      notes_.emplace_back(
          "a restore into this server did not finish: its data were incomplete when they were backed up");
      context.reporter.warn(fmt::format("{}: {}", name_, notes_.back()));
    }
    replica_.emplace(endpoint_, redis::ReplicaOptions{}, context.cancellation);
    return replica_->begin();
  }

  Result<Instant> cut(CaptureContext&) override {
    ASSIGN_OR_RETURN(cut_, replica_->cut());
    return cut_.instant;
  }

  Result<repository::ComponentRecord> transfer(CaptureContext& context) override {
    ASSIGN_OR_RETURN(auto sink, context.writer.create(artifact_, name_));
    redis::KeyChoice choice{with_values(choice_.include, context.scope),
                            with_values(choice_.exclude, context.scope), choice_.limits};
    redis::Capture capture(name_, std::move(choice), [&sink](ByteView bytes) { return sink->write(bytes); });
    ASSIGN_OR_RETURN(const redis::CaptureReport report, stream(context, capture),
                     "while copying the data of {}", name_);

    repository::ComponentRecord record;
    ASSIGN_OR_RETURN(auto artifact, sink->finish());
    record.artifacts.push_back(std::move(artifact));
    record.server_version = server_version_;
    record.notes = notes_;
    record.details["replication_id"] = cut_.replication_id;
    record.details["replication_offset"] = std::to_string(cut_.offset);
    fill(report, record);
    correct_instant(report, record);
    return record;
  }

 private:
  Result<redis::CaptureReport> stream(CaptureContext& context, redis::Capture& capture) {
    auto phase = context.reporter.phase(name_, "copying the rdb");
    phase->set_total(expected_bytes_);
    const auto consume = [&](ByteView bytes) -> Result<void> {
      phase->advance(bytes.size());
      return capture.feed(bytes);
    };
    RETURN_IF_ERROR(replica_->stream(consume, [&](uint64_t size) { phase->set_total(size); }));
    // The server need not keep us as its replica any longer.
    replica_.reset();
    return capture.finish();
  }

  // A server that is just making an RDB for another replica gives us the same one: then the data are older
  // than our cut.
  void correct_instant(const redis::CaptureReport& report, repository::ComponentRecord& record) const {
    constexpr std::chrono::seconds kClockError{2};
    if (!report.created || *report.created + kClockError >= cut_.instant) return;
    record.instant = *report.created;
    record.notes.push_back(fmt::format(
        "the server was already making an rdb for another replica: the data are from {} (its clock)",
        to_rfc3339(*report.created)));
  }

  config::RedisEndpoint endpoint_;
  std::string name_;
  redis::KeyChoice choice_;
  std::string artifact_;
  std::string server_version_;
  uint64_t expected_bytes_ = 0;
  std::vector<std::string> notes_;
  std::optional<redis::Replica> replica_;
  redis::ReplicaCut cut_;
};

}  // namespace

std::unique_ptr<Component> make_redis_component(const config::ComponentSpec& spec,
                                                const config::RedisEndpoint& endpoint, std::string name) {
  return std::make_unique<RedisComponent>(spec, endpoint, std::move(name));
}

}  // namespace summit::backup
