// Reads every artifact that a restore will need before anything is changed.
#pragma once

#include "core/result.h"
#include "recovery/plan.h"

namespace summit::recovery {

// kCorrupt, naming the artifact, when one of a planned component is missing or not what was backed up: a
// damaged archive must not be found after its neighbours have been overwritten. One pass over the bytes,
// several artifacts at a time.
Result<void> check_artifacts(const RestorePlan& plan, Reporter& reporter, const Cancellation& cancellation);

}  // namespace summit::recovery
