// What changed between two backups, by what their metadata say: artifacts, and rows by their fingerprints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "repository/metadata.h"

namespace summit::repository {

// Two sides, each absent when only the other backup has the thing.
struct ArtifactChange {
  std::string name;
  std::optional<uint64_t> before{};  // bytes
  std::optional<uint64_t> after{};
  bool equal = false;  // the same bytes
};

struct FingerprintChange {
  std::string kind;  // "table", "label", "key_space", "tree"
  std::string name;
  std::optional<uint64_t> before{};  // rows, elements, keys
  std::optional<uint64_t> after{};
  bool equal = false;  // the same content; rows may differ in content and not in number
};

struct ComponentChange {
  std::string name;
  std::optional<Status> before{};
  std::optional<Status> after{};
  std::vector<ArtifactChange> artifacts{};        // all, by name
  std::vector<FingerprintChange> fingerprints{};  // all, by kind and name

  // Nothing in it differs; sizes and bytes of artifacts may (equal rows give other dumps).
  bool same_content() const;
};

struct BackupDiff {
  std::string first;
  std::string second;
  std::vector<ComponentChange> components{};  // by name
};

// Both with fingerprints, as BackupReader gives them.
BackupDiff diff_backups(const BackupMetadata& first, const BackupMetadata& second);

}  // namespace summit::repository
