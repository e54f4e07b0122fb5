#include "cli/show.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/bytes.h"

namespace summit::cli {
namespace {

using nlohmann::ordered_json;
using repository::ComponentRecord;
using repository::Status;

uint64_t size_of(const ComponentRecord& record) {
  uint64_t sum = 0;
  for (const auto& artifact : record.artifacts) sum += artifact.size;
  return sum;
}

std::string rows_of(const ComponentRecord& record) {
  return record.fingerprints.empty() ? "-" : fmt::format("{}", record.fingerprints.size());
}

std::string component_table(const std::vector<ComponentRecord>& components) {
  std::vector<std::vector<std::string>> rows{{"COMPONENT", "STATUS", "SIZE", "FINGERPRINTS", "TIME"}};
  for (const auto& record : components) {
    rows.push_back({record.name, std::string(name_of(record.status)),
                    record.artifacts.empty() ? "-" : human_bytes(size_of(record)), rows_of(record),
                    human_duration(Seconds(record.duration_seconds))});
  }
  return table(rows);
}

// Why components are not complete, each with its hint.
std::string problems(const std::vector<ComponentRecord>& components) {
  std::string text;
  for (const auto& record : components) {
    if (record.status == Status::kComplete || record.reason.empty()) continue;
    text += fmt::format("\n{} {}: {}", record.name, name_of(record.status), record.reason);
    if (!record.hint.empty()) text += fmt::format("\n  hint: {}", record.hint);
  }
  return text;
}

std::string one_instant(const repository::BackupMetadata& metadata) {
  if (!metadata.recovery_point) return "no store with an instant of its own";
  return fmt::format("{} (all stores within {})", to_rfc3339(*metadata.recovery_point),
                     human_duration(Seconds(metadata.skew_seconds)));
}

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], row[column].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t column = 0; column < row.size(); ++column)
      line += fmt::format("{:<{}}  ", row[column], widths[column]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += text.empty() ? line : "\n" + line;
  }
  return text;
}

std::string show(const backup::BackupPlan& plan, const backup::PredictedSize& predicted, uint64_t free_bytes,
                 const fs::path& base) {
  std::string text = fmt::format("backup of set `{}` from environment `{}` into {} ({} layout)\n",
                                 plan.set->name, plan.environment->name, base.string(), name_of(plan.layout));
  for (const auto& planned : plan.components) {
    const auto size = predicted.by_component.find(planned.name);
    text += fmt::format(
        "\n{}{}", planned.name,
        size == predicted.by_component.end() ? "" : fmt::format(" (about {})", human_bytes(size->second)));
    if (!planned.component) {
      text += fmt::format("\n  absent: {}", planned.absent_reason);
      continue;
    }
    for (const auto& line : planned.component->describe()) text += "\n  " + line;
  }
  text += fmt::format("\n\npredicted: at most {}, {} are free", human_bytes(predicted.bytes),
                      human_bytes(free_bytes));
  for (const auto& unknown : predicted.unknown) text += "\nnot predicted: " + unknown;
  for (const auto& warning : plan.warnings) text += "\nwarning: " + warning;
  text += "\nnothing was written (dry run)";
  return text;
}

ordered_json to_json(const backup::BackupPlan& plan, const backup::PredictedSize& predicted,
                     uint64_t free_bytes, const fs::path& base) {
  ordered_json components = ordered_json::array();
  for (const auto& planned : plan.components) {
    ordered_json component{
        {"name", planned.name}, {"kind", planned.spec.kind}, {"present", planned.component != nullptr}};
    component["steps"] = planned.component ? planned.component->describe() : std::vector<std::string>();
    if (!planned.component) component["reason"] = planned.absent_reason;
    if (const auto size = predicted.by_component.find(planned.name); size != predicted.by_component.end())
      component["predicted_bytes"] = size->second;
    components.push_back(std::move(component));
  }
  return {{"set", plan.set->name},
          {"environment", plan.environment->name},
          {"base", base.string()},
          {"layout", name_of(plan.layout)},
          {"components", components},
          {"predicted_bytes", predicted.bytes},
          {"not_predicted", predicted.unknown},
          {"free_bytes", free_bytes},
          {"warnings", plan.warnings}};
}

std::string show(const backup::BackupOutcome& outcome) {
  const auto& metadata = outcome.metadata;
  std::string text = component_table(metadata.components) + problems(metadata.components);
  for (const auto& shortfall : outcome.shortfalls) text += "\nincomplete: " + shortfall;
  text +=
      fmt::format("\n\n{}: {} in {}, {}\nrecovery point {}\n{}", outcome.complete() ? "complete" : "partial",
                  metadata.id, human_duration(Seconds(metadata.finished - metadata.started)),
                  human_bytes(metadata.total_size()), one_instant(metadata), outcome.location.string());
  return text;
}

ordered_json to_json(const backup::BackupOutcome& outcome) {
  return {{"id", outcome.metadata.id},
          {"location", outcome.location.string()},
          {"complete", outcome.complete()},
          {"shortfalls", outcome.shortfalls},
          {"metadata", ordered_json::parse(repository::to_json(outcome.metadata))}};
}

namespace {

// What a merge does to each table; tables in which nothing happens are counted in one line.
std::string row_table(const std::vector<recovery::RowChanges>& rows) {
  std::vector<std::vector<std::string>> lines{
      {"TABLE", "IN BACKUP", "INSERTED", "CHANGED", "DELETED", "FOR OTHERS"}};
  size_t equal = 0;
  for (const auto& row : rows) {
    if (row.inserted + row.changed + row.deleted + row.lent == 0) {
      ++equal;
      continue;
    }
    lines.push_back({row.table, std::to_string(row.backed_up), std::to_string(row.inserted),
                     std::to_string(row.changed), std::to_string(row.deleted), std::to_string(row.lent)});
  }
  std::string unchanged =
      fmt::format("{} {} as in the backup", equal, equal == 1 ? "table is" : "tables are");
  if (lines.size() == 1) return unchanged;
  return table(lines) + (equal > 0 ? "\n" + unchanged : "");
}

ordered_json to_json(const std::vector<recovery::RowChanges>& rows) {
  ordered_json list = ordered_json::array();
  for (const auto& row : rows) {
    list.push_back({{"table", row.table},
                    {"backed_up", row.backed_up},
                    {"inserted", row.inserted},
                    {"changed", row.changed},
                    {"deleted", row.deleted},
                    {"lent", row.lent}});
  }
  return list;
}

}  // namespace

std::string show(const recovery::RestorePlan& plan) {
  const auto& metadata = plan.backup->metadata();
  std::string text = fmt::format(
      "restore of {} ({} data of {}) into environment `{}`\n", metadata.id, metadata.environment_class,
      metadata.recovery_point ? to_rfc3339(*metadata.recovery_point) : to_rfc3339(metadata.started),
      plan.environment->name);
  for (const auto& planned : plan.components) {
    const auto& step = planned.step;
    text += fmt::format("\n{}: {}\n  overwrites {}\n  writes {} in about {}", planned.name, step.target,
                        step.overwrites, human_bytes(step.bytes), human_duration(step.predicted));
    if (!step.rows.empty()) text += "\n" + row_table(step.rows);
    for (const auto& note : step.notes) text += "\n  " + note;
  }
  for (const auto& skipped : plan.skipped)
    text += fmt::format("\n{}: not restored: {}", skipped.name, skipped.reason);
  text += fmt::format("\n\nin all {}, about {}; safety backup first: {}", human_bytes(plan.bytes()),
                      human_duration(plan.predicted()), plan.request.safety_backup ? "yes" : "no");
  return text;
}

ordered_json to_json(const recovery::RestorePlan& plan) {
  ordered_json components = ordered_json::array();
  for (const auto& planned : plan.components) {
    components.push_back({{"name", planned.name},
                          {"target", planned.step.target},
                          {"overwrites", planned.step.overwrites},
                          {"bytes", planned.step.bytes},
                          {"predicted_seconds", planned.step.predicted.count()},
                          {"notes", planned.step.notes},
                          {"rows", to_json(planned.step.rows)}});
  }
  ordered_json skipped = ordered_json::array();
  for (const auto& component : plan.skipped)
    skipped.push_back({{"name", component.name}, {"reason", component.reason}});
  return {{"backup", plan.backup->metadata().id},
          {"environment", plan.environment->name},
          {"components", components},
          {"skipped", skipped},
          {"bytes", plan.bytes()},
          {"predicted_seconds", plan.predicted().count()},
          {"safety_backup", plan.request.safety_backup}};
}

namespace {

std::string show(const recovery::LeakOutcome& leaks) {
  constexpr size_t kShown = 20;
  std::string text;
  for (size_t i = 0; i < std::min(kShown, leaks.findings.size()); ++i) {
    const auto& finding = leaks.findings[i];
    text += fmt::format("\nLEAK: {} holds a value of {} ({} times)", finding.place, finding.original,
                        finding.occurrences);
    if (!finding.kept_by.empty()) text += ": " + finding.kept_by;
  }
  if (leaks.findings.size() > kShown)
    text += fmt::format("\nLEAK: and {} other places, listed by --json", leaks.findings.size() - kShown);
  if (leaks.failure)
    text += fmt::format("\nthe check for leaks could not be finished: {}", leaks.failure->to_string());
  for (const auto& name : leaks.locked) text += fmt::format("\nlocked: {}", name);
  for (const auto& sentence : leaks.caveats) text += "\nATTENTION: " + sentence;
  for (const auto& name : leaks.unchanged)
    text += fmt::format("\nunchanged: {}: what was masked for it is removed, it holds what it held", name);
  for (const auto& name : leaks.open) text += fmt::format("\nNOT locked: {}", name);
  if (!leaks.certificate.empty())
    text += fmt::format("\nno replaced value is left; certificate: {}", leaks.certificate.string());
  return text;
}

ordered_json to_json(const recovery::LeakOutcome& leaks) {
  ordered_json findings = ordered_json::array();
  for (const auto& finding : leaks.findings)
    findings.push_back({{"place", finding.place},
                        {"original", finding.original},
                        {"occurrences", finding.occurrences},
                        {"kept_by", finding.kept_by}});
  ordered_json json{{"findings", findings},
                    {"more_findings", leaks.more_findings},
                    {"failure", nullptr},
                    {"certificate", leaks.certificate.string()},
                    {"locked", leaks.locked},
                    {"caveats", leaks.caveats},
                    {"unchanged", leaks.unchanged},
                    {"not_locked", leaks.open},
                    {"seconds", leaks.duration.count()}};
  if (leaks.failure) json["failure"] = leaks.failure->to_string();
  return json;
}

}  // namespace

std::string show(const recovery::RestoreOutcome& outcome) {
  std::vector<std::vector<std::string>> rows{{"COMPONENT", "RESTORED", "COMPARED", "TIME"}};
  std::string details;
  const bool leaking = outcome.leaks && !outcome.leaks->clean();
  for (const auto& component : outcome.components) {
    const bool equal = !component.failure && component.differences.empty();
    rows.push_back({component.name,
                    component.refused   ? "refused"
                    : component.failure ? "failed"
                                        : "yes",
                    (component.failure && !component.refused) || leaking ? "-"
                    : !component.compared                                ? "not comparable"
                    : equal                                              ? "equal"
                            : fmt::format("{} differences", component.differences.size()),
                    human_duration(component.duration)});
    if (!component.rows.empty())
      details += fmt::format("\n{}:\n{}", component.name, row_table(component.rows));
    for (const auto& probe : component.probes) details += fmt::format("\n{}: {}", component.name, probe);
    if (component.failure)
      details += fmt::format("\n{} {}: {}", component.name, component.refused ? "was refused" : "failed",
                             component.failure->to_string());
    for (const auto& difference : component.differences) {
      details += fmt::format("\n{}: {}: expected {}, found {}", component.name, difference.what,
                             difference.expected, difference.found);
    }
  }
  for (const auto& shortfall : outcome.shortfalls) details += "\nincomplete: " + shortfall;
  if (outcome.leaks) details += show(*outcome.leaks);
  const auto& record = outcome.record;
  const bool untouched = std::ranges::all_of(outcome.components, &recovery::ComponentOutcome::refused);
  return fmt::format("{}{}\n\n{}: {} of {} into `{}` in {}\n{}", table(rows), details, name_of(record.state),
                     record.id, record.backup, record.environment, human_duration(outcome.duration),
                     untouched ? "nothing was replaced, so there is nothing to roll back"
                     : record.safety_backup.empty()
                         ? "no safety backup: there was nothing to overwrite, or none was wanted"
                         : fmt::format("the way back: summit-dr rollback {}", record.id));
}

ordered_json to_json(const recovery::RestoreOutcome& outcome) {
  ordered_json components = ordered_json::array();
  for (const auto& component : outcome.components) {
    ordered_json differences = ordered_json::array();
    for (const auto& d : component.differences)
      differences.push_back({{"what", d.what}, {"expected", d.expected}, {"found", d.found}});
    ordered_json json{{"name", component.name},     {"seconds", component.duration.count()},
                      {"failure", nullptr},         {"differences", differences},
                      {"probes", component.probes}, {"rows", to_json(component.rows)}};
    if (component.failure) json["failure"] = component.failure->to_string();
    json["refused"] = component.refused;
    json["compared"] = component.compared;
    components.push_back(std::move(json));
  }
  ordered_json json{{"id", outcome.record.id},
                    {"backup", outcome.record.backup},
                    {"environment", outcome.record.environment},
                    {"state", name_of(outcome.record.state)},
                    {"safety_backup", outcome.record.safety_backup},
                    {"seconds", outcome.duration.count()},
                    {"components", components},
                    {"shortfalls", outcome.shortfalls}};
  if (outcome.leaks) json["leaks"] = to_json(*outcome.leaks);
  return json;
}

std::string show(const repository::VerifyReport& report, const repository::VerifyOptions& how) {
  if (report.findings.empty() && how.fraction < 1) {
    return fmt::format("{}: a sample of {:g} % is intact, {} read", report.id, how.fraction * 100,
                       human_bytes(report.bytes));
  }
  if (report.findings.empty() && how.level < 2) {
    return fmt::format("{} is stored as it was written: {} read and compared with their SHA-256", report.id,
                       human_bytes(report.bytes));
  }
  if (report.findings.empty()) {
    return fmt::format("{} is intact: {} artifacts, {} read and compared with their SHA-256", report.id,
                       report.artifacts, human_bytes(report.bytes));
  }
  std::string text = fmt::format("{} is damaged:", report.id);
  for (const auto& finding : report.findings)
    text += fmt::format("\n  {}: {}", finding.artifact, finding.problem);
  return text +
         "\nmend it from a replica (summit-dr repair --from=LOCATION), or take another backup (summit-dr "
         "list) "
         "and keep this one for the post-mortem";
}

ordered_json to_json(const repository::VerifyReport& report, const repository::VerifyOptions& how) {
  ordered_json findings = ordered_json::array();
  for (const auto& finding : report.findings)
    findings.push_back({{"artifact", finding.artifact}, {"problem", finding.problem}});
  return {{"id", report.id},     {"artifacts", report.artifacts}, {"bytes", report.bytes},
          {"level", how.level},  {"fraction", how.fraction},      {"intact", report.findings.empty()},
          {"findings", findings}};
}

std::string show(const repository::BackupMetadata& metadata, const fs::path& location) {
  std::string text = fmt::format(
      "id              {}\nlocation        {}\nset             {}\nenvironment     {} ({})\nstatus          "
      "{}\nlayout          {}\n"
      "made            {} on {} by summit-dr {}\nrecovery point  {}\nsize            {}\n",
      metadata.id, location.string(), metadata.set, metadata.environment, metadata.environment_class,
      name_of(metadata.status), metadata.layout, to_rfc3339(metadata.started), metadata.host,
      metadata.tool_version, one_instant(metadata), human_bytes(metadata.total_size()));
  if (!metadata.label.empty()) text += fmt::format("label           {}\n", metadata.label);
  text += "\n" + component_table(metadata.components) + problems(metadata.components) + "\n";
  for (const auto& record : metadata.components) {
    for (const auto& artifact : record.artifacts)
      text += fmt::format("\n{:<28} {:>10}  {}", artifact.name, human_bytes(artifact.size), artifact.sha256);
  }
  for (const auto& record : metadata.components) {
    const auto selection = record.details.find("selection");
    if (selection != record.details.end())
      text += fmt::format("\nselection of {}: {}", record.name, selection->second);
    for (const auto& note : record.notes) text += fmt::format("\nnote: {}: {}", record.name, note);
  }
  return text;
}

}  // namespace summit::cli
