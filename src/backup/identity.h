// Which environment the servers say they belong to, and what that permits.
//
// A flag names an environment; the markers in its stores decide. A store marked for another environment is
// refused, none marked counts as production, and production is only touched from a registered host and with a
// confirmation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/environment.h"
#include "config/marker.h"
#include "core/cancellation.h"
#include "core/result.h"

namespace summit::backup {

struct StoreIdentity {
  std::string store;  // the endpoint's name
  std::string kind;   // "postgresql", "neo4j", "redis"
  bool reachable = false;
  std::string problem;  // why it is not reachable
  bool empty = false;   // holds nothing: a new server, nothing to protect
  std::optional<config::EnvironmentMarker> marker;
  // Why a server that is there cannot say whose it is: markers that contradict each other, or no answer in
  // time.
  std::optional<Error> doubt{};
};

// Asks every server of the environment whose kind `datastores` chooses (empty: all).
std::vector<StoreIdentity> read_identities(const config::Environment& environment,
                                           const std::vector<std::string>& datastores,
                                           const Cancellation& cancellation);

enum class Purpose { kRead, kOverwrite };

// The kinds of endpoint that the chosen datastores need, as Configuration::resolve() takes them (empty: all).
// Role passwords of PostgreSQL are secrets: whoever reads "secrets" or "config" reads that server too.
std::vector<std::string> endpoint_kinds(const std::vector<std::string>& datastores, Purpose purpose);

// kRefused when a store belongs elsewhere, or when stores with data carry no marker at all; for overwriting
// the doubt where there is one. Warnings say what was tolerated: an unmarked Redis (it is a cache, and an
// application may empty it) or, for reading, single unmarked stores beside marked ones.
Result<std::vector<std::string>> check_identities(const config::Environment& environment,
                                                  const std::vector<StoreIdentity>& identities,
                                                  Purpose purpose);

// For production: kRefused unless this host is registered for it and `confirmed` (or an administrator's
// standing confirmation) holds. No flag lifts the host's part.
Result<void> check_production(const config::Environment& environment, bool confirmed);

// Whether an administrator allowed unattended production runs on this machine: a root-owned file
// /etc/summit-dr/confirm-production that nobody else may write, or the Kubernetes Job's own variable
// SUMMIT_DR_JOB_CONFIRM_PRODUCTION=true within a pod.
bool standing_confirmation();

// The marker that a restore writes into what it replaced: the environment's own, or, for a platform that is
// wholly empty, a new one. Nothing when the chosen stores keep none (files).
Result<std::optional<config::EnvironmentMarker>> marker_to_write(
    const config::Environment& environment, const std::vector<StoreIdentity>& identities);

// Marks every reachable store of the environment with one new identity. kRefused when a store is marked for
// another environment and `replace` is not set; kUnreachable when a store cannot be reached.
Result<config::EnvironmentMarker> adopt(const config::Environment& environment, bool replace,
                                        const Cancellation& cancellation);

}  // namespace summit::backup
