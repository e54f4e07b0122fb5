// Which files of a tree belong to it, and which of those are secrets.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/endpoint.h"
#include "core/bytes.h"
#include "core/secret.h"
#include "stores/files/glob.h"

namespace summit::files {

// A directory that a restore works in, at the top of a tree. Never part of it, nor of a tree around it.
inline constexpr std::string_view kStagingPrefix = ".summit-restoring-";

// The patterns of a tree, without its place: what the metadata keep, so that a later restore knows what the
// tree was.
struct TreePatterns {
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::vector<std::string> secret;
  std::vector<std::string> only{};  // of a part of the tree; empty: all of it

  static TreePatterns of(const config::FilesEndpoint& tree) {
    return {tree.include, tree.exclude, tree.secret, {}};
  }
};

// Decides by name. Include and only patterns are anchored at the root; exclude and secret patterns without a
// slash apply to names at any depth. Immutable.
class Selection {
 public:
  explicit Selection(const TreePatterns& patterns);

  bool takes(std::string_view path) const;
  // Whether anything below `directory` could be taken.
  bool may_hold(std::string_view directory) const;
  // A .env file is secret without any pattern.
  bool secret_by_name(std::string_view path) const;

 private:
  GlobList include_;
  GlobList only_;
  GlobList exclude_;
  GlobList secret_;
};

enum class Part {
  kOpen,    // goes into the tree's own archive
  kSecret,  // goes into secrets.enc only
  kKey,     // the sealing key itself: goes nowhere
};

// What decides beside a file's name. `secret_files` are the inodes behind secret names, so that another hard
// link to one is secret too; `sealed_paths` were secret by content when the backup was made.
struct SecretKnowledge {
  std::set<std::pair<dev_t, ino_t>> secret_files;
  std::set<std::string> sealed_paths;
  const Secret* key = nullptr;  // the sealing key, when one is set
};

// Files up to this size are searched for the sealing key.
inline constexpr uint64_t kKeySearchLimit = 64 * KiB;

// Whether the content of a file with this name and size takes part in the decision.
bool content_decides(std::string_view path, uint64_t size, const SecretKnowledge& knowledge);

// YAML or JSON text that holds a Kubernetes object of `kind: Secret`, alone or among others. Rather one file
// too many is called secret than one too few. Feed the text in pieces of any size.
class KubernetesSecretFinder {
 public:
  void feed(std::string_view text);
  bool found() const { return found_; }

 private:
  std::string window_;  // the end of what was fed, long enough for a match across pieces
  bool found_ = false;
};

}  // namespace summit::files
