// What a restore ends with.
#include "cli/restore_flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/show.h"

namespace summit::cli {
namespace {

using recovery::ComponentOutcome;
using recovery::RestoreOutcome;
using testing::HasSubstr;
using testing::Not;

ComponentOutcome component(const std::string& name, std::optional<Error> failure = {}, bool refused = false) {
  ComponentOutcome outcome;
  outcome.name = name;
  outcome.failure = std::move(failure);
  outcome.refused = refused;
  if (refused) outcome.differences.push_back({"table public.t", "1 rows", "2 rows"});
  return outcome;
}

TEST(RestoreFlow, ARefusalIsNoPartialSuccess) {
  const Error problem(Code::kFailed, "x");
  RestoreOutcome outcome;
  outcome.record.id = "restore-1";
  outcome.record.safety_backup = "summit-backup-safety-1";
  outcome.components = {component("postgresql", problem, true)};
  EXPECT_EQ(exit_code_of(outcome), ExitCode::kVerificationFailed);
  outcome.components.push_back(component("redis", problem));
  EXPECT_EQ(exit_code_of(outcome), ExitCode::kFailed);
  outcome.components.push_back(component("neo4j"));
  EXPECT_EQ(exit_code_of(outcome), ExitCode::kPartial);
}

TEST(RestoreFlow, WhereNothingWasReplacedNoWayBackIsOffered) {
  RestoreOutcome outcome;
  outcome.record.id = "restore-1";
  outcome.record.safety_backup = "summit-backup-safety-1";
  outcome.components = {component("postgresql", Error(Code::kMismatch, "it differs"), true)};
  EXPECT_THAT(show(outcome), Not(HasSubstr("rollback restore-1")));
  EXPECT_EQ(to_json(outcome)["components"][0]["refused"], true);
  outcome.components.push_back(component("redis"));
  EXPECT_THAT(show(outcome), HasSubstr("rollback restore-1"));
}

}  // namespace
}  // namespace summit::cli
