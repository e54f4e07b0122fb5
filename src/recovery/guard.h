// What stands between a restore and the wrong environment.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backup/identity.h"
#include "core/result.h"
#include "recovery/plan.h"

namespace summit::recovery {

// Whether the data are masked on their way into the target: production data where the target's class says so,
// those of staging where an environment of another class masks fully, and any data when --sanitize asks for
// it. kRefused when they must be and --sanitize=false was given: no flag lifts that.
Result<bool> must_mask(const repository::BackupMetadata& backup, const config::Environment& target,
                       std::optional<bool> sanitize);

// One point of the runbook's safety checklist.
struct ChecklistItem {
  std::string text;
  enum class State { kHolds, kFails, kAsk } state = State::kAsk;  // kAsk: only a person can know
  std::string detail;
};

// The six points; those that can be checked are checked.
std::vector<ChecklistItem> safety_checklist(const RestorePlan& plan,
                                            const repository::VerifyReport& verified);

// What must be typed: "restore <backup id> into production".
std::string confirmation_phrase(const RestorePlan& plan);

struct Confirmation {
  std::string phrase;            // given as a flag
  std::string change_reference;  // ticket of the change
  bool yes = false;
};

// Asks a person one question; nothing when nobody can answer.
using Ask = std::function<std::optional<std::string>(const std::string& question)>;

// For a production target: a change reference, a yes to what only a person can know, and the typed phrase,
// from the flags or from a terminal. kRefused with the flags to add when one is missing and nobody can be
// asked. Other environments need none. `confirmation.change_reference` is filled.
Result<void> confirm_restore(const RestorePlan& plan, const std::vector<ChecklistItem>& checklist,
                             Confirmation& confirmation, const Ask& ask);

}  // namespace summit::recovery
