#include "backup/bucket_rules.h"

#include <algorithm>
#include <array>

#include "repository/retention.h"

namespace summit::backup {
namespace {

using storage::LifecycleRule;

constexpr std::string_view kOurs = "summit-dr ";
constexpr int kAbortUploadsAfter = 2;
// S3 moves nothing to STANDARD_IA that is younger.
constexpr int kYoungestForInfrequentAccess = 30;

int whole_days(std::chrono::seconds age) {
  return static_cast<int>(std::chrono::ceil<std::chrono::days>(age).count());
}

std::string without_slashes(std::string_view prefix) {
  while (prefix.starts_with('/')) prefix.remove_prefix(1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return std::string(prefix);
}

std::string below(const std::string& prefix, std::string_view name) {
  return prefix.empty() ? std::string(name) : fmt::format("{}/{}", prefix, name);
}

// The directories of a set's backups. An id goes on with the year, or with the scope of a tenant or project.
std::string keys_of(const BucketPrefix& place, const StoredSet& set) {
  const bool scoped = set.name == "tenant" || set.name == "project";
  return below(place.prefix, fmt::format("summit-backup-{}-{}", set.name, scoped ? "" : "2"));
}

bool stored_in_buckets(const config::BackupSet& set, std::string_view where) {
  return std::ranges::find(set.storage, where) != set.storage.end();
}

void add_set(std::vector<BucketPrefix>& prefixes, const std::string& prefix, StoredSet set) {
  const auto name = without_slashes(prefix);
  auto found = std::ranges::find(prefixes, name, &BucketPrefix::prefix);
  if (found == prefixes.end()) {
    prefixes.push_back({.prefix = name, .sets = {}});
    found = std::prev(prefixes.end());
  }
  found->sets.push_back(std::move(set));
}

// Rules of one set. Two, because a rule that we write has one transition.
void add_rules(const BucketPrefix& place, const StoredSet& set, const config::Lifecycle& steps,
               LifecyclePlan& plan) {
  const auto id = fmt::format("{}{}", kOurs, keys_of(place, set));
  const int infrequent = whole_days(steps.standard_ia_after);
  const int glacier = whole_days(steps.glacier_after);
  std::optional<int> expire;
  if (set.retention.count() > 0) expire = whole_days(set.retention + steps.delete_after_retention);
  const auto fits = [&](int transition, const char* storage_class) {
    if (transition <= 0) return false;
    if (!expire || transition < *expire) return true;
    plan.notes.push_back(
        fmt::format("{}: no transition to {} after {} d, for S3 refuses one after the deletion, {} d",
                    keys_of(place, set), storage_class, transition, *expire));
    return false;
  };
  if (fits(infrequent, "STANDARD_IA")) {
    LifecycleRule rule{.id = id + " STANDARD_IA", .prefix = keys_of(place, set)};
    rule.transition_days = std::max(infrequent, kYoungestForInfrequentAccess);
    rule.transition_class = "STANDARD_IA";
    plan.rules.push_back(std::move(rule));
  }
  LifecycleRule rule{.id = id, .prefix = keys_of(place, set)};
  rule.abort_uploads_days = kAbortUploadsAfter;
  if (fits(glacier, "GLACIER")) {
    rule.transition_days = glacier;
    rule.transition_class = "GLACIER";
  }
  if (expire) {
    rule.expire_days = expire;
    rule.expire_old_versions_days = std::max(1, whole_days(steps.delete_after_retention));
  }
  plan.rules.push_back(std::move(rule));
}

bool is_ours(const std::string& id) { return id.starts_with(kOurs); }

bool freezes(const LifecycleRule& rule) {
  constexpr std::array kFrozen{"<StorageClass>GLACIER</StorageClass>",
                               "<StorageClass>DEEP_ARCHIVE</StorageClass>"};
  return rule.transition_class == "GLACIER" || rule.transition_class == "DEEP_ARCHIVE" ||
         std::ranges::any_of(kFrozen,
                             [&](const char* text) { return rule.xml.find(text) != std::string::npos; });
}

// Also by a date, which we never write.
bool deletes(const LifecycleRule& rule) {
  const bool by_date =
      rule.xml.find("<Expiration>") != std::string::npos && rule.xml.find("<Date>") != std::string::npos;
  return rule.expire_days.has_value() || by_date;
}

}  // namespace

std::vector<BucketLayout> bucket_layouts(const config::Configuration& configuration,
                                         const config::Environment& environment) {
  const auto& storage = environment.storage;
  BucketLayout first{
      .bucket = storage.s3_bucket, .region = storage.region, .second_region = false, .prefixes = {}};
  BucketLayout second{
      .bucket = storage.dr_bucket, .region = storage.dr_region, .second_region = true, .prefixes = {}};
  for (const auto& set : configuration.sets) {
    const auto policy = repository::age_policy(environment.retention, set.retention, {});
    const StoredSet stored{
        .name = set.name, .retention = policy.age, .cross_region = set.cross_region_replication};
    const auto& prefix = set.s3_prefix.empty() ? storage.s3_prefix : set.s3_prefix;
    // Any set may be stored by --upload-s3.
    add_set(first.prefixes, prefix, stored);
    if (stored_in_buckets(set, "s3_dr"))
      add_set(second.prefixes, storage.dr_prefix.empty() ? prefix : storage.dr_prefix, stored);
  }
  std::vector<BucketLayout> layouts;
  for (auto& layout : {first, second}) {
    if (layout.bucket.empty()) continue;
    const auto same = std::ranges::find(layouts, layout.bucket, &BucketLayout::bucket);
    if (same == layouts.end()) {
      layouts.push_back(layout);
      continue;
    }
    for (const auto& place : layout.prefixes) {
      if (std::ranges::find(same->prefixes, place.prefix, &BucketPrefix::prefix) == same->prefixes.end())
        same->prefixes.push_back(place);
    }
  }
  return layouts;
}

LifecyclePlan plan_lifecycle(const BucketLayout& layout, const config::Lifecycle& steps,
                             const std::vector<LifecycleRule>& present) {
  LifecyclePlan plan;
  for (const auto& rule : present)
    if (!is_ours(rule.id)) plan.rules.push_back(rule);
  for (const auto& place : layout.prefixes) {
    const auto where = below(layout.bucket, place.prefix);
    if (place.holds_packed) {
      plan.notes.push_back(
          fmt::format("{} holds a packed repository: no rule, prune removes what is old", where));
    } else if (!place.holds_plain) {
      plan.notes.push_back(fmt::format("{} holds no plain backup: no rule", where));
    } else {
      for (const auto& set : place.sets) add_rules(place, set, steps, plan);
    }
  }
  return plan;
}

std::vector<LifecycleRule> without_transitions(std::vector<LifecycleRule> rules) {
  std::erase_if(rules, [](LifecycleRule& rule) {
    if (!is_ours(rule.id)) return false;
    rule.transition_days.reset();
    rule.transition_class.clear();
    return !rule.expire_days && !rule.abort_uploads_days;
  });
  return rules;
}

std::vector<std::string> dangers(const BucketLayout& layout, const std::vector<LifecycleRule>& rules) {
  std::vector<std::string> found;
  for (const auto& place : layout.prefixes) {
    if (!place.holds_packed) continue;
    const auto packs = below(place.prefix, "repository/");
    for (const auto& rule : rules) {
      const bool meets = packs.starts_with(rule.prefix) || rule.prefix.starts_with(packs);
      if (!rule.enabled || !meets || !(deletes(rule) || freezes(rule))) continue;
      found.push_back(fmt::format("lifecycle rule \"{}\" of bucket {} may {} what packed backups in {} need",
                                  rule.id, layout.bucket, deletes(rule) ? "delete" : "freeze",
                                  below(layout.bucket, place.prefix)));
    }
  }
  return found;
}

ReplicationPlan plan_bucket_replication(const BucketLayout& layout, const config::Storage& storage,
                                        const std::string& role_arn,
                                        const std::optional<storage::Replication>& present) {
  ReplicationPlan plan;
  if (layout.second_region || storage.dr_bucket.empty() || storage.dr_bucket == layout.bucket) return plan;
  storage::Replication wanted{.role_arn = role_arn, .rules = {}};
  for (const auto& place : layout.prefixes) {
    for (const auto& set : place.sets) {
      if (!set.cross_region || !place.holds_plain || place.holds_packed) continue;
      wanted.rules.push_back({.id = fmt::format("{}{}", kOurs, keys_of(place, set)),
                              .prefix = keys_of(place, set),
                              .priority = static_cast<int>(wanted.rules.size()) + 1,
                              .destination_bucket_arn = "arn:aws:s3:::" + storage.dr_bucket});
    }
  }
  if (wanted.rules.empty()) return plan;
  const auto is_foreign = [](const storage::ReplicationRule& rule) { return !is_ours(rule.id); };
  if (present && std::ranges::any_of(present->rules, is_foreign)) {
    plan.notes.push_back(fmt::format("bucket {} is replicated by rules of others: add one for {} there",
                                     layout.bucket, wanted.rules.front().prefix));
    return plan;
  }
  if (role_arn.empty() && !present) {
    plan.notes.push_back(
        fmt::format("bucket {} is not replicated by the server: name the role that may do it "
                    "(--replication-role), or leave it "
                    "to `summit-dr replicate`",
                    layout.bucket));
    return plan;
  }
  if (wanted.role_arn.empty()) wanted.role_arn = present->role_arn;
  const auto same = [](const storage::ReplicationRule& a, const storage::ReplicationRule& b) {
    return a.id == b.id && a.prefix == b.prefix && a.destination_bucket_arn == b.destination_bucket_arn;
  };
  if (present && present->role_arn == wanted.role_arn &&
      std::ranges::equal(present->rules, wanted.rules, same))
    return plan;
  plan.replication = std::move(wanted);
  return plan;
}

std::optional<int> plan_default_lock(const BucketLayout& layout, const storage::ObjectLock& present) {
  if (!present.enabled) return {};
  std::optional<int> days;
  for (const auto& place : layout.prefixes) {
    for (const auto& set : place.sets) {
      if (set.retention.count() <= 0) continue;
      days = std::min(days.value_or(whole_days(set.retention)), whole_days(set.retention));
    }
  }
  if (!days || (present.default_mode && present.default_days >= *days)) return {};
  return days;
}

}  // namespace summit::backup
