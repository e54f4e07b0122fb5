// What looks private and has no rule, gathered while a store is looked through.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/sanitization.h"
#include "core/result.h"
#include "masking/classify.h"

namespace summit::masking {

struct Finding {
  std::string where;  // "user:*.email"
  std::string what;   // "e-mail address"
  std::string rule;   // to paste
};

// One finding for each place, however often it is met. One thread at a time. Memory: by places.
class Findings {
 public:
  // `rules` outlive this.
  Findings(const config::SanitizationRules& rules, config::Sanitization level)
      : rules_(rules), level_(level) {}

  // A place with some of its values, or one value after the other: classify().
  void look(const Place& place);

  // What only the caller can see. `where` and `rule` hold no private value.
  void add(const std::string& where, std::string_view what, std::string rule);

  // Rules that concern something that was looked at.
  void met(const Rules& rules) { met_.insert(rules.begin(), rules.end()); }
  const RuleSet& met() const { return met_; }

  // Ordered by place.
  std::vector<Finding> all() const;
  // kRefused, with each place and below it the rule to paste; nothing when there is none. `store` is the list
  // of the rules: "redis".
  Result<void> verdict(std::string_view store) const;

 private:
  // "user:*.email: e-mail address"; ordered.
  std::vector<std::string> lines() const;

  const config::SanitizationRules& rules_;
  config::Sanitization level_;
  std::map<std::string, Finding> rules_to_add_;  // by place
  RuleSet met_;
};

}  // namespace summit::masking
