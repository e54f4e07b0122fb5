// Which backups may go. A pure function of what there is and what the policies say; docs/retention.md
// explains the rules.
//
// Whatever a policy says: a pinned backup stays, the newest verified one of each series stays, and nothing
// complete goes before a newer one of its series was verified. A series is what replaces each other: one
// environment, set and scope.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "repository/metadata.h"

namespace summit::repository {

// A backup stays when any of these keeps it. Nothing set: all stay ("manual").
struct RetentionPolicy {
  std::chrono::seconds age{};  // younger ones; zero: no such rule
  uint32_t last = 0;           // the newest so many
  // The newest of each of the last so many days, ISO weeks, months and years (UTC) that have one.
  uint32_t daily = 0;
  uint32_t weekly = 0;
  uint32_t monthly = 0;
  uint32_t yearly = 0;

  bool is_manual() const {
    return age.count() == 0 && last == 0 && daily == 0 && weekly == 0 && monthly == 0 && yearly == 0;
  }
};

// The age rule of a set in an environment: the longer of both; an environment whose retention is zero is
// cleaned by hand. `days` (RETENTION_DAYS) overrides both.
RetentionPolicy age_policy(std::chrono::seconds environment, std::chrono::seconds set,
                           std::optional<uint32_t> days);

struct RetainedBackup {
  std::string id;
  std::string environment;
  std::string set;
  std::map<std::string, std::string> scope;
  Instant finished{};
  Status status = Status::kFailed;
  bool pinned = false;
  bool verified = false;  // every byte was read and found good since it was written
};

struct RetentionDecision {
  std::string id;
  bool keep = true;
  std::string reason;  // "pinned", "newest verified of its series", "older than 30 d", "daily 2026-11-21"
  bool newest_verified = false;  // of its series
};

using PolicyOf = std::function<RetentionPolicy(const RetainedBackup&)>;

// One decision a backup, in the order of `backups`.
std::vector<RetentionDecision> decide_retention(const std::vector<RetainedBackup>& backups,
                                                const PolicyOf& policy_of, Instant at);

}  // namespace summit::repository
