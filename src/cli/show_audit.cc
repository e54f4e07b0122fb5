#include "cli/show_audit.h"

#include <nlohmann/json.hpp>

namespace summit::cli {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const std::vector<recovery::DocumentedGap>& gaps) {
  auto list = ordered_json::array();
  for (const auto& [place, gap] : gaps) {
    list.push_back({{"place", place},
                    {"line", gap.line},
                    {"values", gap.values},
                    {"in_the_clear", gap.in_the_clear},
                    {"unfit", gap.unfit}});
  }
  return list;
}

ordered_json to_json(const recovery::StoreAudit& audit) {
  auto findings = ordered_json::array();
  for (const auto& finding : audit.findings) {
    findings.push_back({{"place", finding.place},
                        {"why", finding.why},
                        {"below", finding.is_rule ? "rules" : "harmless"},
                        {"entry", finding.entry}});
  }
  return {{"component", audit.component},
          {"list", audit.list},
          {"counts", audit.counts},
          {"reduced", audit.reduced},
          {"documented_gaps", to_json(audit.gaps)},
          {"findings", std::move(findings)}};
}

ordered_json to_json(const std::vector<recovery::UnmatchedRule>& rules) {
  auto list = ordered_json::array();
  for (const auto& rule : rules)
    list.push_back({{"list", rule.list}, {"rule", rule.what}, {"lines", rule.lines}});
  return list;
}

}  // namespace

void show_audits(const std::vector<recovery::StoreAudit>& audits, const MaskedLook& look, Session& session) {
  auto& console = session.console();
  auto stores = ordered_json::array();
  auto left_out = ordered_json::array();
  for (const auto& audit : audits) {
    const auto result = audit.findings.empty() ? std::string("nothing is uncovered")
                                               : fmt::format("{} uncovered", audit.findings.size());
    console.print(fmt::format("{}: {}: {}", audit.component, audit.looked_at, result));
    for (const auto& line : audit.reduced) console.print("  " + line);
    for (const auto& gap : audit.gaps) console.print("  " + recovery::describe(gap));
    stores.push_back(to_json(audit));
  }
  for (const auto& other : look.left_out()) {
    console.print(fmt::format("left out: {}: {}", other.component, other.reason));
    left_out.push_back({{"component", other.component}, {"reason", other.reason}});
  }
  const auto unmatched = look.unmatched(audits);
  if (!unmatched.empty()) console.print("warning: " + recovery::describe(unmatched));
  console.emit("mask_audit", {{"id", look.metadata().id},
                              {"environment", look.environment()},
                              {"stores", std::move(stores)},
                              {"left_out", std::move(left_out)},
                              {"unmatched_rules", to_json(unmatched)}});
}

}  // namespace summit::cli
