#include "backup/redis_component.h"

#include <algorithm>
#include <charconv>

#include "formats/rdb/pattern.h"
#include "formats/rdb/rewriter.h"
#include "formats/rdb/types.h"
#include "stores/redis/connection.h"
#include "stores/redis/fingerprint.h"
#include "stores/redis/own_keys.h"
#include "stores/redis/probe.h"
#include "stores/redis/replica.h"
#include "stores/redis/restore.h"

namespace summit::backup {

namespace {

// Everything of one capture that is learnt while the RDB streams by.
class Capture {
 public:
  Capture(repository::ArtifactSink& sink, const std::vector<std::string>& exclude_keys)
      : exclude_keys_(exclude_keys), rewriter_([&sink](ByteView bytes) { return sink.write(bytes); }) {}

  Result<void> take(const rdb::Record& record) {
    using Kind = rdb::Record::Kind;
    if (record.kind == Kind::kHeader) version_ = record.version;
    if (record.kind == Kind::kAux && record.name == "ctime") created_ = parse_seconds(record.text);
    if (record.kind == Kind::kEntry) {
      if (redis::is_own_key(record)) return {};
      if (is_excluded(record.key)) {
        ++excluded_;
        return {};
      }
      ++keys_;
      if (record.expires_at_ms) ++expiring_;
      if (record.type == static_cast<uint8_t>(rdb::ValueType::kModule2)) ++module_values_;
    }
    RETURN_IF_ERROR(fingerprinter_.add(record));
    return rewriter_.write(record);
  }

  void describe(repository::ComponentRecord& record, const std::string& store) const {
    record.fingerprints = fingerprinter_.finish(store);
    record.details["rdb_version"] = std::to_string(version_);
    record.details["keys"] = std::to_string(keys_);
    record.details["keys_with_expiry"] = std::to_string(expiring_);
    if (excluded_ > 0) {
      record.details["keys_excluded"] = std::to_string(excluded_);
      record.notes.push_back(fmt::format("{} keys that match exclude_keys are left out", excluded_));
    }
    if (module_values_ > 0)
      record.notes.push_back(fmt::format(
          "{} values belong to modules: a restore needs the same modules loaded", module_values_));
  }

  // When the server began its RDB, by its own clock, in whole seconds.
  std::optional<Instant> created() const { return created_; }

 private:
  static std::optional<Instant> parse_seconds(std::string_view text) {
    int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return Instant(std::chrono::seconds(seconds));
  }

  bool is_excluded(std::string_view key) const {
    return std::ranges::any_of(
        exclude_keys_, [&](const std::string& pattern) { return rdb::matches_pattern(pattern, key); });
  }

  const std::vector<std::string>& exclude_keys_;
  rdb::Rewriter rewriter_;
  redis::Fingerprinter fingerprinter_;
  int version_ = 0;
  std::optional<Instant> created_;
  uint64_t keys_ = 0;
  uint64_t expiring_ = 0;
  uint64_t excluded_ = 0;
  uint64_t module_values_ = 0;
};

class RedisComponent final : public Component {
 public:
  RedisComponent(const config::ComponentSpec& spec, config::RedisEndpoint endpoint, std::string name)
      : endpoint_(std::move(endpoint)), name_(std::move(name)), exclude_keys_(spec.exclude_keys) {
    artifact_ =
        name_.find('/') == std::string::npos ? "redis.rdb" : fmt::format("redis-{}.rdb", endpoint_.name);
  }

  std::string name() const override { return name_; }
  std::string kind() const override { return "redis"; }
  CutKind cut_kind() const override { return CutKind::kTriggered; }

  std::vector<std::string> describe() const override {
    std::vector<std::string> lines{fmt::format("rdb of redis at {}, taken as a replica, into {}",
                                               redis::address_of(endpoint_), artifact_)};
    for (const std::string& pattern : exclude_keys_)
      lines.push_back(fmt::format("without the keys {}", pattern));
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
    Capture capture(*sink, exclude_keys_);
    RETURN_IF_ERROR(stream(context, capture), "while copying the data of {}", name_);

    repository::ComponentRecord record;
    ASSIGN_OR_RETURN(auto artifact, sink->finish());
    record.artifacts.push_back(std::move(artifact));
    record.server_version = server_version_;
    record.notes = notes_;
    record.details["replication_id"] = cut_.replication_id;
    record.details["replication_offset"] = std::to_string(cut_.offset);
    capture.describe(record, endpoint_.name);
    correct_instant(capture, record);
    return record;
  }

 private:
  Result<void> stream(CaptureContext& context, Capture& capture) {
    auto phase = context.reporter.phase(name_, "copying the rdb");
    phase->set_total(expected_bytes_);
    rdb::Reader reader([&](const rdb::Record& record) { return capture.take(record); });
    const auto consume = [&](ByteView bytes) -> Result<void> {
      phase->advance(bytes.size());
      return reader.feed(bytes);
    };
    RETURN_IF_ERROR(replica_->stream(consume, [&](uint64_t size) { phase->set_total(size); }));
    // The server may keep us as its replica no longer than needed.
    replica_.reset();
    return reader.finish();
  }

  // A server that is just making an RDB for another replica gives us the same one: then the data are older
  // than our cut.
  void correct_instant(const Capture& capture, repository::ComponentRecord& record) const {
    constexpr std::chrono::seconds kClockError{2};
    const auto created = capture.created();
    if (!created || *created + kClockError >= cut_.instant) return;
    record.instant = *created;
    record.notes.push_back(fmt::format(
        "the server was already making an rdb for another replica: the data are from {} (its clock)",
        to_rfc3339(*created)));
  }

  config::RedisEndpoint endpoint_;
  std::string name_;
  std::vector<std::string> exclude_keys_;
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
