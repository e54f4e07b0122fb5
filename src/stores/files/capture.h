// Captures a tree of files into an archive, or only fingerprints it, in one pass.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/files.h"
#include "core/progress.h"
#include "core/result.h"
#include "stores/files/archive.h"
#include "stores/files/audit_chain.h"
#include "stores/files/record_filter.h"
#include "stores/files/selection.h"
#include "stores/files/tree_fingerprint.h"

namespace summit::files {

struct CaptureOptions {
  fs::path root;
  TreePatterns patterns;
  Part part = Part::kOpen;
  std::string prefix;                    // put before every path in the archive: "trees/config/"
  const Secret* key = nullptr;           // the sealing key, kept out of the archive
  std::set<std::string> sealed_paths{};  // secret by content when the backup was made
  RecordRules records{};     // files of which some lines are taken, beside those that the patterns take whole
  bool check_chain = false;  // treat *.jsonl as one audit chain
  Phase* progress = nullptr;
  Cancellation cancellation{};
};

struct CaptureReport {
  uint64_t files = 0;
  uint64_t bytes = 0;  // of the files' content
  TreeFingerprint fingerprint;
  std::vector<std::string> notes;         // worth saying: skipped special files, files that changed meanwhile
  std::vector<std::string> problems;      // what should be in the backup and is not
  std::vector<std::string> sealed_paths;  // met files that are secret by content, whichever part was captured
  uint64_t records = 0;                   // lines that were taken by a rule
  std::optional<ChainReport> chain;       // of the whole files
};

// What a capture has to look at: the files that are taken whole and those whose lines are looked through.
TreePatterns walked_patterns(const CaptureOptions& options);

// `archive` may be null: then the tree is only read and fingerprinted. kNotFound when the root is not there;
// a file that cannot be read is a problem in the report and no error, so that it costs no other file.
Result<CaptureReport> capture_tree(const CaptureOptions& options, ArchiveWriter* archive);

}  // namespace summit::files
