// Is the platform healthy? Every store answers, its indexes are valid, the configured checks and relations
// between stores hold, the audit chain is unbroken. Reads only.
#pragma once

#include <string>
#include <vector>

#include "config/configuration.h"
#include "config/smoke.h"
#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"

namespace summit::recovery {

struct SmokeFinding {
  std::string check;  // "postgresql answers", "every entity is in the graph"
  bool holds = false;
  std::string detail;  // the figure, or what is wrong and what to do
};

// Runs all checks, whatever some of them find.
std::vector<SmokeFinding> run_smoke(const config::Environment& environment,
                                    const std::vector<config::SmokeCheck>& checks,
                                    const Cancellation& cancellation);

}  // namespace summit::recovery
