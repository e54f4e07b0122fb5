#include "masking/findings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace summit::masking {

void Findings::look(const Place& place) {
  const auto where = describe(place);
  if (rules_to_add_.contains(where)) return;
  auto verdict = classify(rules_, level_, place);
  if (verdict.kind != Verdict::Kind::kSensitive) return;
  const auto suspicion = verdict.by_content ? *verdict.by_content : *verdict.by_name;
  add(where, name_of(suspicion), std::move(verdict.rule));
}

void Findings::add(const std::string& where, std::string_view what, std::string rule) {
  rules_to_add_.try_emplace(where, Finding{where, std::string(what), std::move(rule)});
}

std::vector<Finding> Findings::all() const {
  std::vector<Finding> findings;
  for (const auto& [where, finding] : rules_to_add_) findings.push_back(finding);
  return findings;
}

std::vector<std::string> Findings::lines() const {
  std::vector<std::string> lines;
  for (const auto& [where, finding] : rules_to_add_) {
    lines.push_back(fmt::format("{}: {}", where, finding.what));
    lines.push_back("  " + finding.rule);
  }
  return lines;
}

Result<void> Findings::verdict(std::string_view store) const {
  if (rules_to_add_.empty()) return {};
  return Error(Code::kRefused, "{} {} look private and no rule covers them:\n{}", rules_to_add_.size(),
               rules_to_add_.size() == 1 ? "place" : "places", fmt::join(lines(), "\n"))
      .hint(fmt::format("paste the rules below `rules: {}:` in config/sanitization.yaml, and change them as "
                        "you see fit; then run it again",
                        store));
}

}  // namespace summit::masking
