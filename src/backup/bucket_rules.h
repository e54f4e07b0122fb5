// What the buckets of an environment should be told: when to move and delete plain backups, what to copy to
// the second region, for how long to lock. Pure: it decides, and asks nobody.
//
// No rule ever reaches a packed repository: packs live and die by `prune` alone. So rules name the
// directories of plain backups, never the prefix that they lie in, and a prefix that holds a packed
// repository gets none.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "storage/s3_bucket_admin.h"

namespace summit::backup {

struct StoredSet {
  std::string name;
  std::chrono::seconds retention{};  // zero: cleaned up by hand
  bool cross_region = false;
};

// A place in a bucket where backups of these sets are stored.
struct BucketPrefix {
  std::string prefix;  // without slashes at its ends; may be empty
  std::vector<StoredSet> sets;
  // As found there.
  bool holds_plain = false;
  bool holds_packed = false;
};

struct BucketLayout {
  std::string bucket;
  std::string region;
  bool second_region = false;
  std::vector<BucketPrefix> prefixes;
};

// The buckets of an environment and what the configuration stores in them; the first region first.
std::vector<BucketLayout> bucket_layouts(const config::Configuration& configuration,
                                         const config::Environment& environment);

struct LifecyclePlan {
  std::vector<storage::LifecycleRule> rules;  // all that the bucket should have; those of others first
  std::vector<std::string> notes;             // what was left out, and why
};

// Keeps every rule that is not ours (by their ids). S3 refuses a deletion before a transition of the same
// rule: such a transition is left out.
LifecyclePlan plan_lifecycle(const BucketLayout& layout, const config::Lifecycle& steps,
                             const std::vector<storage::LifecycleRule>& present);

// The same rules without transitions, for servers that know no storage classes.
std::vector<storage::LifecycleRule> without_transitions(std::vector<storage::LifecycleRule> rules);

// Rules that may delete or freeze a packed repository of the bucket, one line each.
std::vector<std::string> dangers(const BucketLayout& layout,
                                 const std::vector<storage::LifecycleRule>& rules);

struct ReplicationPlan {
  std::optional<storage::Replication> replication;  // to be set; nothing when all is as it should be
  std::vector<std::string> notes;
};
// Copies the plain backups of sets for disasters to the bucket of the second region. Nothing is changed where
// rules of others are, since a bucket has one role for all.
ReplicationPlan plan_bucket_replication(const BucketLayout& layout, const config::Storage& storage,
                                        const std::string& role_arn,
                                        const std::optional<storage::Replication>& present);

// For how many days what is stored without a lock of its own is locked: the shortest retention here; commits
// lock what they need for longer. Nothing when the bucket has no object lock or one that is as long.
std::optional<int> plan_default_lock(const BucketLayout& layout, const storage::ObjectLock& present);

}  // namespace summit::backup
