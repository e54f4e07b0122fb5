#include "repository/retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

namespace summit::repository {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

// What failed or is partial is of use to whoever looks into it, for this long at least.
constexpr std::chrono::seconds kIncompleteAge = days(7);

std::string name_of_age(std::chrono::seconds age) {
  return age % days(1) == std::chrono::seconds(0) ? fmt::format("{} d", age / days(1)) : human_duration(age);
}

std::string name_of_day(Instant instant) {
  const year_month_day date{std::chrono::floor<days>(instant)};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

// The week's Thursday lies in the year that the week belongs to (ISO 8601).
std::string name_of_week(Instant instant) {
  const sys_days day = std::chrono::floor<days>(instant);
  const sys_days thursday = day + days(4) - days(std::chrono::weekday(day).iso_encoding());
  const auto year = year_month_day(thursday).year();
  const auto week = (thursday - sys_days(year / std::chrono::January / 1)).count() / 7 + 1;
  return fmt::format("{:04}-W{:02}", static_cast<int>(year), week);
}

std::string name_of_month(Instant instant) { return name_of_day(instant).substr(0, 7); }
std::string name_of_year(Instant instant) { return name_of_day(instant).substr(0, 4); }

// The newest of each of the last `count` periods.
class PeriodRule {
 public:
  PeriodRule(const char* name, uint32_t count, std::string (*name_of)(Instant))
      : name_(name), count_(count), name_of_(name_of) {}

  // Must be asked from the newest to the oldest. Empty when it does not keep this one.
  std::string reason_to_keep(Instant instant) {
    const std::string period = name_of_(instant);
    if (seen_.size() >= count_ || !seen_.insert(period).second) return {};
    return fmt::format("{} {}", name_, period);
  }

 private:
  const char* name_;
  uint32_t count_;
  std::string (*name_of_)(Instant);
  std::set<std::string> seen_;
};

class Rules {
 public:
  Rules(const RetentionPolicy& policy, Instant at)
      : policy_(policy),
        at_(at),
        periods_{PeriodRule("daily", policy.daily, name_of_day),
                 PeriodRule("weekly", policy.weekly, name_of_week),
                 PeriodRule("monthly", policy.monthly, name_of_month),
                 PeriodRule("yearly", policy.yearly, name_of_year)} {}

  // Must be asked from the newest to the oldest.
  std::string reason_to_keep(const RetainedBackup& backup) {
    std::string reason;
    if (count_++ < policy_.last) reason = fmt::format("among the last {}", policy_.last);
    if (is_young(backup)) reason = fmt::format("younger than {}", name_of_age(policy_.age));
    // Each is asked, for each takes note of the period.
    for (auto& period : periods_) {
      const std::string keeps = period.reason_to_keep(backup.finished);
      if (reason.empty()) reason = keeps;
    }
    return reason;
  }

  bool is_young(const RetainedBackup& backup) const {
    return policy_.age.count() > 0 && at_ - backup.finished < policy_.age;
  }

 private:
  RetentionPolicy policy_;
  Instant at_;
  uint32_t count_ = 0;
  std::array<PeriodRule, 4> periods_;
};

using Series = std::tuple<std::string, std::string, std::map<std::string, std::string>>;

// One series; asked from the newest to the oldest.
class SeriesDecision {
 public:
  SeriesDecision(const RetentionPolicy& policy, Instant at) : policy_(policy), at_(at), rules_(policy, at) {}

  RetentionDecision decide(const RetainedBackup& backup) {
    const bool newest_verified = is_verified(backup) && !newer_verified_;
    auto decision = keep_or_remove(backup);
    decision.newest_verified = newest_verified;
    return decision;
  }

 private:
  static bool is_verified(const RetainedBackup& backup) {
    return backup.status == Status::kComplete && backup.verified;
  }

  RetentionDecision keep_or_remove(const RetainedBackup& backup) {
    const bool complete = backup.status == Status::kComplete;
    // Asked of every complete one, kept or not: the rules count what there is.
    const std::string kept_by = complete ? rules_.reason_to_keep(backup) : std::string();
    const bool verified_before = newer_verified_;
    const bool complete_before = newer_complete_;
    newer_complete_ = newer_complete_ || complete;
    newer_verified_ = newer_verified_ || is_verified(backup);

    if (backup.pinned) return keep(backup, "pinned");
    if (policy_.is_manual()) return keep(backup, "its policy is to clean up by hand");
    if (!complete) return decide_incomplete(backup, complete_before);
    if (!verified_before)
      return keep(backup, backup.verified ? "newest verified of its series" : "no newer one is verified");
    if (!kept_by.empty()) return keep(backup, kept_by);
    return remove(backup, "no rule keeps it");
  }

  RetentionDecision decide_incomplete(const RetainedBackup& backup, bool newer_complete) const {
    const auto status = name_of(backup.status);
    const auto age = std::max(kIncompleteAge, policy_.age);
    if (at_ - backup.finished < age)
      return keep(backup, fmt::format("{}, younger than {}", status, name_of_age(age)));
    // A part is more than nothing.
    if (backup.status == Status::kPartial && !newer_complete)
      return keep(backup, "partial, and no newer one is complete");
    return remove(backup, fmt::format("{}, older than {}", status, name_of_age(age)));
  }

  static RetentionDecision keep(const RetainedBackup& backup, std::string reason) {
    return {.id = backup.id, .keep = true, .reason = std::move(reason), .newest_verified = false};
  }
  static RetentionDecision remove(const RetainedBackup& backup, std::string reason) {
    return {.id = backup.id, .keep = false, .reason = std::move(reason), .newest_verified = false};
  }

  RetentionPolicy policy_;
  Instant at_;
  Rules rules_;
  bool newer_complete_ = false;
  bool newer_verified_ = false;
};

}  // namespace

RetentionPolicy age_policy(std::chrono::seconds environment, std::chrono::seconds set,
                           std::optional<uint32_t> wanted) {
  RetentionPolicy policy;
  if (wanted) {
    policy.age = days(*wanted);
  } else if (environment.count() != 0) {
    policy.age = std::max(environment, set);
  }
  return policy;
}

std::vector<RetentionDecision> decide_retention(const std::vector<RetainedBackup>& backups,
                                                const PolicyOf& policy_of, Instant at) {
  std::map<Series, std::vector<const RetainedBackup*>> series;
  for (const auto& backup : backups)
    series[{backup.environment, backup.set, backup.scope}].push_back(&backup);

  std::map<const RetainedBackup*, RetentionDecision> decisions;
  for (auto& [name, members] : series) {
    std::ranges::sort(members, [](const auto* a, const auto* b) {
      return std::tie(a->finished, a->id) > std::tie(b->finished, b->id);
    });
    SeriesDecision decision(policy_of(*members.front()), at);
    for (const auto* backup : members) decisions.emplace(backup, decision.decide(*backup));
  }
  std::vector<RetentionDecision> ordered;
  ordered.reserve(backups.size());
  for (const auto& backup : backups) ordered.push_back(std::move(decisions.at(&backup)));
  return ordered;
}

}  // namespace summit::repository
