// Can this machine back up and restore an environment? Looks at everything that would stop a run, and says
// how to mend it.
#pragma once

#include <string>
#include <vector>

#include "backup/plan.h"
#include "config/configuration.h"
#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "repository/sealing.h"

namespace summit::recovery {

enum class Health { kGood, kWarning, kBad };
std::string_view name_of(Health health);

struct Diagnosis {
  std::string subject;  // "postgresql", "disk", "clock"
  Health health = Health::kGood;
  std::string finding;  // "answers, version 16.15"
  std::string mend;     // what to do; empty when good
};

struct Examination {
  const config::Configuration& configuration;
  const config::Environment& environment;
  fs::path base;
  Result<std::optional<repository::SealingKey>> sealing_key;
  Reporter& reporter;
  Cancellation cancellation;
};

// Prerequisites, reachability, rights, versions, markers, key, free space (twice the predicted size), clock,
// leftovers of interrupted restores. Changes nothing. In the order in which a person would mend them.
std::vector<Diagnosis> examine(const Examination& examination);

}  // namespace summit::recovery
