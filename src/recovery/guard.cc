#include "recovery/guard.h"

#include <fmt/format.h>

#include <algorithm>

namespace summit::recovery {
namespace {

using config::EnvironmentClass;
using config::Sanitization;

bool is_production_data(const repository::BackupMetadata& backup) {
  // A class that this program does not know counts as production.
  static constexpr EnvironmentClass kOthers[] = {EnvironmentClass::kStaging, EnvironmentClass::kDev,
                                                 EnvironmentClass::kTest};
  return std::none_of(std::begin(kOthers), std::end(kOthers), [&](EnvironmentClass other) {
    return backup.environment_class == config::name_of(other);
  });
}

Result<std::string> answer_or_refuse(const Ask& ask, const std::string& question, const std::string& given,
                                     const char* flag) {
  if (!given.empty()) return given;
  auto answer = ask(question);
  if (!answer || answer->empty()) {
    return Error(Code::kRefused, "a production restore needs an answer to: {}", question)
        .hint(fmt::format("run it on a terminal, or add {}", flag));
  }
  return *answer;
}

}  // namespace

Result<bool> must_mask(const repository::BackupMetadata& backup, const config::Environment& target,
                       std::optional<bool> sanitize) {
  const bool of_production = is_production_data(backup);
  // Staging has production's data, of which `minimal` left in what `full` takes out.
  const bool of_staging = backup.environment_class == config::name_of(EnvironmentClass::kStaging);
  const bool by_class =
      (of_production && target.sanitization != Sanitization::kNone) ||
      (of_staging && target.kind != EnvironmentClass::kStaging && target.sanitization == Sanitization::kFull);
  if (by_class && of_staging && sanitize == false) {
    return Error(Code::kRefused,
                 "data of staging are production's, and enter `{}` only masked: --sanitize=false cannot lift "
                 "that",
                 target.name)
        .hint(fmt::format("if all of `{}` is made up, give it the class dev in config/environments.yaml",
                          backup.environment));
  }
  if (by_class && sanitize == false) {
    return Error(Code::kRefused,
                 "production data never enter `{}` unmasked: --sanitize=false cannot lift that", target.name)
        .hint("restore into dr_rehearsal to look at unmasked data");
  }
  return by_class || sanitize == true;
}

std::vector<ChecklistItem> safety_checklist(const RestorePlan& plan,
                                            const repository::VerifyReport& verified) {
  using State = ChecklistItem::State;
  const bool intact = verified.findings.empty();
  return {
      {"the backup exists and its checksums are right", intact ? State::kHolds : State::kFails,
       intact ? fmt::format("{} artifacts read and compared", verified.artifacts)
              : verified.findings.front().problem},
      {"the target is the environment you mean", State::kHolds,
       fmt::format("every store is marked `{}`", plan.environment->name)},
      {"a fresh backup of the present state is taken first",
       plan.request.safety_backup ? State::kHolds : State::kFails,
       plan.request.safety_backup ? "the safety backup comes before the first change"
                                  : "--no-safety-backup was given"},
      {"everybody concerned knows of the downtime", State::kAsk, ""},
      {"the change is approved", State::kAsk, ""},
      {"the way back is known", State::kHolds, "summit-dr rollback latest"},
  };
}

std::string confirmation_phrase(const RestorePlan& plan) {
  return fmt::format("restore {} into {}", plan.backup->metadata().id, plan.environment->name);
}

Result<void> confirm_restore(const RestorePlan& plan, const std::vector<ChecklistItem>& checklist,
                             Confirmation& confirmation, const Ask& ask) {
  if (plan.environment->kind != EnvironmentClass::kProduction) return {};
  for (const auto& item : checklist) {
    if (item.state == ChecklistItem::State::kFails) {
      return Error(Code::kRefused, "safety checklist: {}: {}", item.text, item.detail)
          .hint("mend that point first");
    }
  }
  ASSIGN_OR_RETURN(
      confirmation.change_reference,
      answer_or_refuse(ask, "change reference (ticket):", confirmation.change_reference, "--change=TICKET"));
  ASSIGN_OR_RETURN(
      const auto yes,
      answer_or_refuse(ask,
                       "does everybody concerned know of the downtime, and is the change approved (yes/no)?",
                       confirmation.yes ? "yes" : "", "--yes"));
  if (yes != "yes") return Error(Code::kRefused, "the answer was not `yes`: nothing was changed");

  const auto phrase = confirmation_phrase(plan);
  ASSIGN_OR_RETURN(const auto typed,
                   answer_or_refuse(ask, fmt::format("type `{}` to go on:", phrase), confirmation.phrase,
                                    fmt::format("--confirm=\"{}\"", phrase).c_str()));
  if (typed != phrase) {
    return Error(Code::kRefused, "the typed phrase is not `{}`: nothing was changed", phrase)
        .hint(fmt::format("--confirm=\"{}\"", phrase));
  }
  return {};
}

}  // namespace summit::recovery
