#include "recovery/redis_restore.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "recovery/redis_mask.h"
#include "stores/redis/connection.h"
#include "stores/redis/edit.h"
#include "stores/redis/fingerprint.h"
#include "stores/redis/probe.h"
#include "stores/redis/replica.h"
#include "stores/redis/restore.h"

namespace summit::recovery {

namespace {

// Measured on two cores with values of some hundred bytes; the plan's figure only.
constexpr double kBytesPerSecond = 50.0 * 1024 * 1024;
constexpr std::chrono::seconds kClockError{2};

using ByName = std::map<std::pair<std::string, std::string>, Fingerprint>;

// Without the store: the target's endpoint may have another name.
ByName by_name(const std::vector<Fingerprint>& fingerprints) {
  ByName result;
  for (const Fingerprint& fingerprint : fingerprints)
    result.emplace(std::pair(fingerprint.kind, fingerprint.name), fingerprint);
  return result;
}

std::string shown(const ByName& fingerprints, const ByName::key_type& name) {
  const auto found = fingerprints.find(name);
  if (found == fingerprints.end()) return "nothing";
  const auto& [kind, ignored] = name;
  return fmt::format("{} {}, hash {}…", found->second.count, kind == "functions" ? "libraries" : "keys",
                     found->second.hash.substr(0, 12));
}

std::vector<Difference> differences_between(std::string_view where, const std::vector<Fingerprint>& expected,
                                            const std::vector<Fingerprint>& found) {
  const ByName wanted = by_name(expected);
  const ByName there = by_name(found);
  ByName all = wanted;
  all.insert(there.begin(), there.end());
  std::vector<Difference> differences;
  for (const auto& [name, ignored] : all) {
    const auto one = wanted.find(name);
    const auto other = there.find(name);
    if (one != wanted.end() && other != there.end() && one->second.count == other->second.count &&
        one->second.hash == other->second.hash)
      continue;
    differences.push_back(
        {fmt::format("{} {} {}", where, name.first, name.second), shown(wanted, name), shown(there, name)});
  }
  return differences;
}

class RedisRestore final : public RestoreComponent {
 public:
  RedisRestore(config::RedisEndpoint endpoint, std::string name)
      : endpoint_(std::move(endpoint)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  Result<void> search(RestoreContext&, const LeakScan& scan) override {
    return search_redis(endpoint_, scan);
  }
  Result<LockedStore> lock(RestoreContext& context) override {
    if (!closed_) return Error(Code::kFailed, "it was not closed");
    // It is closed since before it was filled, unless it has started anew and forgotten that.
    ASSIGN_OR_RETURN(closed_, close_again(context), "its present state is not known");
    return *closed_;
  }

  // From here on we are another user, until the end.
  Result<void> close(RestoreContext& context, TargetDoors& doors) override {
    const auto* before = doors.left_closed("redis", endpoint_.name);
    if (!RedisPass::is_one(endpoint_)) {
      ASSIGN_OR_RETURN(auto pass, RedisPass::make(endpoint_, context.cancellation));
      pass_.emplace(std::move(pass));
      pass_->stay_while([this] { return closed_.has_value(); });
      endpoint_ = pass_->endpoint();
    }
    const auto record = [&](const LockedStore& store) -> Result<void> {
      RETURN_IF_ERROR(doors.record(store));
      closed_ = store;
      return {};
    };
    ASSIGN_OR_RETURN(closed_, close_redis(endpoint_, pass_ ? pass_->keeper() : std::string(), before, record,
                                          context.cancellation));
    return {};
  }
  Result<void> reveal(RestoreContext& context, TargetDoors& doors) override {
    if (!closed_) return {};
    RETURN_IF_ERROR(report_strangers(context, "they keep the rights that they have"));
    RETURN_IF_ERROR(open_redis(endpoint_, *closed_), "while letting others in");
    return doors.opened(*std::exchange(closed_, std::nullopt));
  }

  Result<PlanStep> plan(RestoreContext& context) override {
    ASSIGN_OR_RETURN(const auto* record, record_of(context));
    // What stops a masked restore must stop it before any other store is touched.
    std::optional<MetRules> met;
    std::optional<redis::RdbSummary> summary;
    if (context.masking != nullptr) {
      RETURN_IF_ERROR(check_closable(endpoint_, context.cancellation));
      ASSIGN_OR_RETURN(const auto source, source_of(context));
      ASSIGN_OR_RETURN(summary, look_through(context, source, &met.emplace()));
    }
    ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint_, {}, context.cancellation));
    // Not after everybody was shut out.
    if (summary)
      RETURN_IF_ERROR(redis::check_target(connection, *summary), "redis at {} cannot take this backup",
                      redis::address_of(endpoint_));
    ASSIGN_OR_RETURN(const redis::ServerInfo info, redis::read_info(connection));
    ASSIGN_OR_RETURN(const auto counts, redis::count_keys(connection));
    ASSIGN_OR_RETURN(const bool incomplete, redis::restore_incomplete(connection));

    PlanStep step;
    step.met = std::move(met);
    step.target = fmt::format("redis {} at {}", info.text("redis_version"), redis::address_of(endpoint_));
    step.bytes = record->artifacts.front().size;
    // Read twice: once to see that it is whole.
    step.predicted = Seconds(0.5 + static_cast<double>(step.bytes) / kBytesPerSecond);
    for (const auto& [db, count] : counts)
      step.overwrites +=
          fmt::format("{}{} keys in database {}", step.overwrites.empty() ? "" : ", ", count, db);
    step.overwrites_something = !counts.empty();
    if (step.overwrites.empty()) step.overwrites = "nothing: it is empty";
    step.notes = record->notes;
    if (context.masking != nullptr) step.notes.emplace_back("masked on the way in");
    if (incomplete) step.notes.emplace_back("an earlier restore into this server did not finish");
    // One of them is this connection.
    if (const uint64_t clients = info.number("connected_clients"); clients > 1)
      step.notes.push_back(fmt::format(
          "{} other clients are connected: what they write during the restore stays", clients - 1));
    return step;
  }

  Result<void> restore(RestoreContext& context,
                       const std::optional<config::EnvironmentMarker>& marker) override {
    ASSIGN_OR_RETURN(const auto source, source_of(context));
    ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint_, {}, context.cancellation));
    ASSIGN_OR_RETURN(const redis::RdbSummary summary, look_through(context, source));
    RETURN_IF_ERROR(redis::check_target(connection, summary), "redis at {} cannot take this backup",
                    redis::address_of(endpoint_));

    ASSIGN_OR_RETURN(const auto* record, record_of(context));
    auto phase = context.reporter.phase(name_, "restoring keys");
    phase->set_total(record->artifacts.front().size);
    auto mask = mask_of(context, true);
    ASSIGN_OR_RETURN(const redis::RestoreCounts counts,
                     redis::restore(connection, mask ? redis::edited(source, *mask) : source, marker,
                                    context.cancellation, [&](uint64_t bytes) { phase->advance(bytes); }));
    if (counts.expired > 0)
      context.reporter.info(
          fmt::format("{}: {} keys have expired since the backup and were left out", name_, counts.expired));
    if (summary.has_module_fields)
      context.reporter.warn(fmt::format(
          "{}: modules' own settings in the backup cannot be restored into a running server", name_));
    return {};
  }

  // Keys go on expiring: so both sides are computed with one cut-off, later than either's instant. That the
  // artifact itself is what was recorded is compared without one.
  Result<std::vector<Difference>> compare(RestoreContext& context) override {
    ASSIGN_OR_RETURN(const auto* record, record_of(context));
    ASSIGN_OR_RETURN(const auto source, source_of(context));
    redis::Replica replica(endpoint_, {}, context.cancellation);
    RETURN_IF_ERROR(replica.begin());
    ASSIGN_OR_RETURN(const redis::ReplicaCut cut, replica.cut());
    ASSIGN_OR_RETURN(const Instant server_now, server_clock(context));
    const Instant not_expired_at = std::max(cut.instant, server_now) + kClockError;

    ASSIGN_OR_RETURN(const auto target,
                     redis::fingerprint(stream_of(context, replica), name_, not_expired_at),
                     "while reading {} back", name_);
    ASSIGN_OR_RETURN(const auto artifact, redis::fingerprint(source, name_, not_expired_at));
    auto differences = differences_between("artifact", record->fingerprints, artifact.all);

    auto expected = artifact.not_expired;
    if (auto mask = mask_of(context, false)) {
      ASSIGN_OR_RETURN(auto masked, redis::fingerprint(redis::edited(source, *mask), name_, not_expired_at));
      expected = std::move(masked.not_expired);
    }
    for (auto& difference : differences_between("redis", expected, target.not_expired))
      differences.push_back(std::move(difference));
    return differences;
  }

  Result<std::vector<std::string>> probe(RestoreContext& context) override {
    ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint_, {}, context.cancellation));
    RETURN_IF_ERROR(redis::ping(connection));
    ASSIGN_OR_RETURN(const bool incomplete, redis::restore_incomplete(connection));
    if (incomplete) {
      return Error(Code::kFailed, "a restore into redis at {} did not finish", redis::address_of(endpoint_))
          .hint("run the restore again, or `summit-dr rollback`");
    }
    ASSIGN_OR_RETURN(const auto counts, redis::count_keys(connection));
    uint64_t keys = 0;
    for (const auto& [db, count] : counts) keys += count;
    return std::vector<std::string>{fmt::format("redis at {} answers PING", redis::address_of(endpoint_)),
                                    fmt::format("{} keys in {} databases", keys, counts.size())};
  }

 private:
  // Whoever came in since loses everything, too. The caller records it.
  Result<LockedStore> close_again(const RestoreContext& context) const {
    RETURN_IF_ERROR(report_strangers(context, "their rights are taken, too"));
    const auto recorded_later = [](const LockedStore&) { return Result<void>(); };
    return close_redis(endpoint_, closed_->keeper, &*closed_, recorded_later, {});
  }

  // Whoever made them could do so only before the server was closed to him, or by its files.
  Result<void> report_strangers(const RestoreContext& context, std::string_view what) const {
    ASSIGN_OR_RETURN(const auto strangers, strangers_in(endpoint_, *closed_));
    if (!strangers.empty())
      context.reporter.warn(
          fmt::format("{}: users were made while it was closed, and may have seen it: {}; {}", name_,
                      fmt::join(strangers, ", "), what));
    return {};
  }

  // The same mask as often as it is made; whoever listens is told of each value once, by the one that
  // `tells`.
  static std::optional<RedisMask> mask_of(const RestoreContext& context, bool tells) {
    if (context.masking == nullptr) return std::nullopt;
    return std::optional<RedisMask>(std::in_place, *context.masking,
                                    tells ? context.masking->replaced : nullptr);
  }

  // Finds damage, and what masking cannot do or has not been told to do, before anything is touched. `met`
  // is told which rules concern something.
  Result<redis::RdbSummary> look_through(const RestoreContext& context, const redis::RdbSource& source,
                                         MetRules* met = nullptr) const {
    const auto& id = context.backup.metadata().id;
    if (context.masking == nullptr) {
      ASSIGN_OR_RETURN(auto summary, redis::inspect(source), "{} of backup {}", name_, id);
      return summary;
    }
    masking::Findings findings(context.masking->rules, context.masking->level);
    RedisMask mask(*context.masking, nullptr, &findings);
    ASSIGN_OR_RETURN(auto summary, redis::inspect(redis::edited(source, mask)), "{} of backup {}", name_, id);
    RETURN_IF_ERROR(findings.verdict("redis"), "{} of backup {}", name_, id);
    if (met != nullptr) met->rules = findings.met();
    return summary;
  }

  Result<const repository::ComponentRecord*> record_of(const RestoreContext& context) const {
    const auto* record = context.backup.metadata().find(name_);
    if (record != nullptr && record->artifacts.size() == 1) return record;
    return Error(Code::kNotFound, "backup {} holds no rdb for {}", context.backup.metadata().id, name_)
        .hint(fmt::format("summit-dr info {}", context.backup.metadata().id));
  }

  Result<redis::RdbSource> source_of(const RestoreContext& context) const {
    ASSIGN_OR_RETURN(const auto* record, record_of(context));
    return redis::RdbSource(
        [&backup = context.backup, artifact = record->artifacts.front().name,
         cancellation = context.cancellation](const std::function<Result<void>(ByteView)>& consume) {
          return backup.read(artifact, consume, cancellation);
        });
  }

  Result<Instant> server_clock(const RestoreContext& context) const {
    ASSIGN_OR_RETURN(auto connection, redis::Connection::open(endpoint_, {}, context.cancellation));
    return redis::server_time(connection);
  }

  // Once: a replica's stream cannot be repeated.
  redis::RdbSource stream_of(RestoreContext& context, redis::Replica& replica) const {
    return [this, &context, &replica](const std::function<Result<void>(ByteView)>& consume) {
      auto phase = context.reporter.phase(name_, "reading back");
      const auto counted = [&](ByteView bytes) {
        phase->advance(bytes.size());
        return consume(bytes);
      };
      return replica.stream(counted, [&](uint64_t size) { phase->set_total(size); });
    };
  }

  config::RedisEndpoint endpoint_;
  std::string name_;
  std::optional<LockedStore> closed_;  // from close() to reveal(); outlives the pass, which looks at it
  std::optional<RedisPass> pass_;      // ours, unless the one who let us in holds it
};

}  // namespace

std::unique_ptr<RestoreComponent> make_redis_restore(const config::RedisEndpoint& endpoint,
                                                     std::string component_name) {
  return std::make_unique<RedisRestore>(endpoint, std::move(component_name));
}

}  // namespace summit::recovery
