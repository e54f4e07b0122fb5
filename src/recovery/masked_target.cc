#include "recovery/masked_target.h"

#include <fmt/format.h>

#include "masking/rules.h"

namespace summit::recovery {
namespace {

// Said in every certificate: no search finds these.
constexpr const char* kNeverSearched[] = {
    "content that is compressed, encrypted or in base64",
    "dates and times: another subject's are the same",
    "values shorter than 8 signs, addresses of local networks: in their own place alone",
    "parts of replaced values, and values that were changed by more than case, spacing and escapes",
};

using Components = std::vector<RestoreComponent*>;

Result<void> search(const Components& restored, RestoreContext& context, const LeakScan& scan) {
  for (auto* component : restored)
    RETURN_IF_ERROR(component->search(context, scan), "while looking for replaced values in {}",
                    component->name());
  return {};
}

Certificate attest(const RestorePlan& plan, const RestoreContext& context, const RestoreRecord& record,
                   const masking::ReplacedTable& table, LeakReport& report) {
  const auto& session = *context.masking;
  for (const char* sentence : kNeverSearched) report.not_searched(sentence);
  for (const auto& skipped : plan.skipped)
    report.not_searched(fmt::format("{}: not restored ({})", skipped.name, skipped.reason));
  if (session.reduces()) report.not_searched("values of rows that were left out to reduce the target");

  Certificate certificate;
  certificate.restore = record.id;
  certificate.backup = record.backup;
  certificate.environment = record.environment;
  certificate.issued = now();
  certificate.level = name_of(session.level);
  certificate.rules_sha256 = session.rules.sha256;
  certificate.reduction_percent = session.reduction_percent;
  certificate.values = table.counts();
  certificate.searched = report.searched();
  certificate.not_searched = report.not_searched();
  certificate.weak_rules = weak_rules(session.rules, session.level);
  return certificate;
}

Result<void> certify(const Certificate& certificate, const LeakCheck& check, LeakOutcome& outcome) {
  ASSIGN_OR_RETURN(const auto key, SigningKey::open_or_create(check.signing_key));
  ASSIGN_OR_RETURN(outcome.signed_certificate, sign_certificate(certificate, key));
  outcome.certificate = check.base / ".certificates" / (certificate.restore + ".json");
  return {};
}

// Whether `place` ends with the column or property of the rule: "postgresql:dev.public.notes.body".
bool is_of(std::string_view place, const config::MaskRule& rule, const std::string& field) {
  const auto tail = fmt::format("{}.{}", rule.name, field);
  if (!place.ends_with(tail) || place.size() == tail.size()) return false;
  const char before = place[place.size() - tail.size() - 1];
  return before == '.' || before == ':';
}

// A value that is private in one row is private in all: that a rule keeps it in others is what must change.
std::string kept_by(const masking::Session& session, const LeakFinding& finding) {
  for (const auto* rule : masking::rules_of_level(session.rules, session.level)) {
    for (const auto& field : rule->fields) {
      if (!is_of(finding.original, *rule, field.field) || !is_of(finding.place, *rule, field.field)) continue;
      if (!field.otherwise || field.otherwise->kind != config::Operation::Kind::kKeep) return {};
      return fmt::format(
          "line {} of config/sanitization.yaml replaces it where its condition holds, and keeps the same "
          "value "
          "elsewhere by `otherwise: {{{}: keep}}`",
          field.line, field.field);
    }
  }
  return {};
}

// Not cancelled with the search.
void lock_all(const Components& restored, RestoreContext& context, const RestoreRecord& record,
              const LeakCheck& check, LeakOutcome& outcome) {
  LockRecord locked;
  locked.environment = record.environment;
  locked.restore = record.id;
  locked.reason = outcome.failure ? "a check for leaks that could not be finished"
                                  : fmt::format("private values in {} places", outcome.findings.size());
  locked.since = now();
  // What is recorded of a store that was closed is all that can open it again: of this run, and of one
  // before.
  const auto recorded = read_lock(check.base, record.environment);
  if (recorded.ok() && *recorded)
    locked.stores = (*recorded)->stores;
  else if (check.unfinished)
    locked.stores = check.unfinished->stores;
  for (auto* component : restored) {
    auto done = component->lock(context);
    if (done.ok() && done->kind == kNothingCame) {
      outcome.unchanged.push_back(component->name());
    } else if (done.ok()) {
      outcome.locked.push_back(component->name());
      if (!done->caveat.empty())
        outcome.caveats.push_back(fmt::format("{}: {}", component->name(), done->caveat));
      locked.add(*std::move(done));
    } else {
      outcome.open.push_back(fmt::format("{}: {}", component->name(), done.error().message()));
    }
    const auto written = write_lock(check.base, locked);
    if (!written.ok()) outcome.open.push_back(written.error().to_string());
  }
}

Result<void> search_and_certify(const RestorePlan& plan, const Components& restored, RestoreContext& context,
                                const RestoreRecord& record, LeakCheck& check, LeakOutcome& outcome) {
  context.reporter.info("looking for replaced values in everything that was restored");
  ASSIGN_OR_RETURN(const auto table, check.log->seal(public_texts(context.masking->rules)));
  LeakReport report;
  const LeakScan scan{.table = table,
                      .report = report,
                      .reporter = context.reporter,
                      .cancellation = context.cancellation,
                      .workspace = context.workspace,
                      .jobs = context.jobs};
  const auto searched = search(restored, context, scan);
  outcome.findings = report.findings();
  for (auto& finding : outcome.findings) finding.kept_by = kept_by(*context.masking, finding);
  outcome.more_findings = report.more_findings();
  RETURN_IF_ERROR(searched);
  if (!outcome.findings.empty() || restored.size() < plan.components.size()) return {};
  return certify(attest(plan, context, record, table, report), check, outcome);
}

}  // namespace

Result<void> publish_certificate(const LeakOutcome& outcome) {
  RETURN_IF_ERROR(make_directories(outcome.certificate.parent_path()));
  return write_file_durably(outcome.certificate, outcome.signed_certificate);
}

LeakOutcome check_masked_target(const RestorePlan& plan, const std::vector<RestoreComponent*>& restored,
                                RestoreContext& context, const RestoreRecord& record, LeakCheck& check) {
  LeakOutcome outcome;
  const Stopwatch watch;
  const auto searched = search_and_certify(plan, restored, context, record, check, outcome);
  outcome.duration = watch.elapsed();
  if (!searched.ok()) outcome.failure = searched.error();
  // What was not read to its end because somebody stopped it is not in its place yet, or closed.
  const bool stopped = outcome.failure && outcome.failure->code() == Code::kCancelled;
  if (!outcome.clean() && !stopped) lock_all(restored, context, record, check, outcome);
  return outcome;
}

Result<fs::path> default_signing_key(const repository::VariableLookup& variable) {
  ASSIGN_OR_RETURN(const auto key, repository::default_key_file(variable));
  return key.parent_path() / "certificate.key";
}

}  // namespace summit::recovery
