// What one masked restore masks with: made once, then read by every store.
#pragma once

#include "config/configuration.h"
#include "config/sanitization.h"
#include "core/result.h"
#include "core/secret.h"
#include "core/time.h"
#include "masking/replaced.h"

namespace summit::masking {

// Immutable once it is open, and safe for many readers. Each thread compiles transforms of its own from it
// (rules.h), which point into it: it outlives them.
struct Session {
  config::SanitizationRules rules;
  config::Sanitization level = config::Sanitization::kFull;  // kMinimal or kFull
  Secret key;                                                // of the target environment
  unsigned reduction_percent = 100;                          // of rows that may be left out; 100 keeps all
  Instant recovery_point{};                                  // of the backup: "the newest 30 days" end here
  ReplacedValues* replaced = nullptr;  // told of each replaced value; null: nobody listens

  bool reduces() const { return reduction_percent < 100; }
};

// The rules in `configuration`, at the level and with the key of `target`. An environment that masks nothing
// by itself gets all rules and keeps all rows. kNotFound when there are no rules, kKeyMissing for a key that
// is not set or shorter than 16 bytes.
Result<Session> open_session(const config::Configuration& configuration, const config::Environment& target,
                             Instant recovery_point);

}  // namespace summit::masking
