// What was found in the stores of a backup before it is masked: lines for people, and the message
// `mask_audit`.
#pragma once

#include <vector>

#include "cli/masked_look.h"

namespace summit::cli {

// What was looked at, what stays out, and how many rows are kept; the findings only in the message, as
// whoever refuses because of them shows them.
void show_audits(const std::vector<recovery::StoreAudit>& audits, const MaskedLook& look, Session& session);

}  // namespace summit::cli
