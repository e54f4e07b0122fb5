// Rules for masking that concern nothing in a backup: mostly a name that is misspelt, or one that only other
// platforms have.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "masking/rules.h"
#include "masking/session.h"
#include "repository/metadata.h"

namespace summit::recovery {

// What of config/sanitization.yaml concerned something that was looked at.
struct MetRules {
  masking::RuleSet rules;
  std::set<std::string> reduced;  // tables, as `reduction` names them

  void add(const MetRules& other) {
    rules.insert(other.rules.begin(), other.rules.end());
    reduced.insert(other.reduced.begin(), other.reduced.end());
  }
};

struct UnmatchedRule {
  std::string list;  // "postgresql", "neo4j", "redis", "files"
  std::string what;  // "table billing", "key sess:*", "reduction of events"
  std::vector<int> lines;
};

// In the order of the file. `met` is by component. Nothing is said of stores that the backup does not hold,
// or of which not every component was looked at.
std::vector<UnmatchedRule> unmatched_rules(const masking::Session& session,
                                           const repository::BackupMetadata& metadata,
                                           const std::map<std::string, MetRules>& met);

// One line for people; empty when there is none.
std::string describe(const std::vector<UnmatchedRule>& rules);

}  // namespace summit::recovery
