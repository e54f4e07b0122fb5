// The end of a masked restore: everything that was restored is read back before anybody else sees it, then
// certified or locked.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "masking/leak/replaced_log.h"
#include "recovery/journal.h"
#include "recovery/leak/certificate.h"
#include "recovery/leak/leak_report.h"
#include "recovery/leak/target_lock.h"
#include "recovery/plan.h"

namespace summit::recovery {

// What the check needs beside the restore.
struct LeakCheck {
  std::unique_ptr<masking::ReplacedLog> log;  // told of every replaced value
  fs::path base;                              // of the backups: certificates and locks are kept below it
  fs::path signing_key;                       // made when it is not there
  std::optional<LockRecord> unfinished{};     // what a killed restore left closed
};

struct LeakOutcome {
  std::vector<LeakFinding> findings;
  uint64_t more_findings = 0;
  std::optional<Error> failure;        // not everything could be read, so nothing is certified
  fs::path certificate;                // empty unless all is clean; there once it is published
  std::string signed_certificate;      // what will stand in it
  std::vector<std::string> locked;     // components
  std::vector<std::string> unchanged;  // components of which nothing came: they hold what they held
  std::vector<std::string> caveats;    // what could undo a lock, and what to do about it
  std::vector<std::string> open;       // components that could not be locked, with the reason
  Seconds duration{};                  // of the search

  bool clean() const { return findings.empty() && !failure; }
  bool certified() const { return !certificate.empty(); }
};

// Reads back `restored`, the components of `plan` that were restored. Where something is found, or not
// everything can be read, they are locked (target_lock.h). Otherwise a signed certificate is made, unless a
// component failed: then there is none.
LeakOutcome check_masked_target(const RestorePlan& plan, const std::vector<RestoreComponent*>& restored,
                                RestoreContext& context, const RestoreRecord& record, LeakCheck& check);

// Once everything is in its place: writes it to `<base>/.certificates/<restore>.json`. A restore that is
// killed before leaves no certificate of what it did not bring.
Result<void> publish_certificate(const LeakOutcome& outcome);

// ${XDG_CONFIG_HOME:-$HOME/.config}/summit-dr/certificate.key, beside the key of `key init`.
Result<fs::path> default_signing_key(const repository::VariableLookup& variable);

}  // namespace summit::recovery
