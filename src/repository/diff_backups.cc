#include "repository/diff_backups.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace summit::repository {
namespace {

// What both sides, or one of them, have under one key.
template <typename T>
struct Pair {
  const T* before = nullptr;
  const T* after = nullptr;
};

template <typename T, typename KeyOf>
auto paired(const std::vector<T>& before, const std::vector<T>& after, const KeyOf& key_of) {
  std::map<std::decay_t<decltype(key_of(std::declval<const T&>()))>, Pair<T>> pairs;
  for (const T& item : before) pairs[key_of(item)].before = &item;
  for (const T& item : after) pairs[key_of(item)].after = &item;
  return pairs;
}

ArtifactChange change_of(const Pair<Artifact>& pair) {
  ArtifactChange change{.name = (pair.after != nullptr ? pair.after : pair.before)->name};
  if (pair.before != nullptr) change.before = pair.before->size;
  if (pair.after != nullptr) change.after = pair.after->size;
  change.equal = pair.before != nullptr && pair.after != nullptr && pair.before->size == pair.after->size &&
                 pair.before->sha256 == pair.after->sha256;
  return change;
}

FingerprintChange change_of(const Pair<Fingerprint>& pair) {
  const Fingerprint& any = *(pair.after != nullptr ? pair.after : pair.before);
  FingerprintChange change{.kind = any.kind, .name = any.name};
  if (pair.before != nullptr) change.before = pair.before->count;
  if (pair.after != nullptr) change.after = pair.after->count;
  change.equal = pair.before != nullptr && pair.after != nullptr && pair.before->count == pair.after->count &&
                 pair.before->hash == pair.after->hash;
  return change;
}

ComponentChange change_of(const std::string& name, const Pair<ComponentRecord>& pair) {
  static const ComponentRecord kNone;
  const ComponentRecord& before = pair.before != nullptr ? *pair.before : kNone;
  const ComponentRecord& after = pair.after != nullptr ? *pair.after : kNone;
  ComponentChange change{.name = name};
  if (pair.before != nullptr) change.before = before.status;
  if (pair.after != nullptr) change.after = after.status;
  const auto artifact_key = [](const Artifact& artifact) { return artifact.name; };
  for (const auto& [key, found] : paired(before.artifacts, after.artifacts, artifact_key))
    change.artifacts.push_back(change_of(found));
  const auto fingerprint_key = [](const Fingerprint& print) {
    return std::tuple(print.kind, print.name, print.store);
  };
  for (const auto& [key, found] : paired(before.fingerprints, after.fingerprints, fingerprint_key))
    change.fingerprints.push_back(change_of(found));
  return change;
}

}  // namespace

bool ComponentChange::same_content() const {
  if (before != after) return false;
  if (!fingerprints.empty()) return std::ranges::all_of(fingerprints, &FingerprintChange::equal);
  return std::ranges::all_of(artifacts, &ArtifactChange::equal);
}

BackupDiff diff_backups(const BackupMetadata& first, const BackupMetadata& second) {
  BackupDiff diff{.first = first.id, .second = second.id};
  const auto component_key = [](const ComponentRecord& record) { return record.name; };
  for (const auto& [name, found] : paired(first.components, second.components, component_key))
    diff.components.push_back(change_of(name, found));
  return diff;
}

}  // namespace summit::repository
