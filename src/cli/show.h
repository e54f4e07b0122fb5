// How results look: for a person as text, for a program as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "backup/plan.h"
#include "backup/runner.h"
#include "recovery/plan.h"
#include "recovery/runner.h"
#include "repository/backup_repository.h"

namespace summit::cli {

// Columns aligned by content; the first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

std::string show(const backup::BackupPlan& plan, const backup::PredictedSize& predicted, uint64_t free_bytes,
                 const fs::path& base);
nlohmann::ordered_json to_json(const backup::BackupPlan& plan, const backup::PredictedSize& predicted,
                               uint64_t free_bytes, const fs::path& base);

std::string show(const backup::BackupOutcome& outcome);
nlohmann::ordered_json to_json(const backup::BackupOutcome& outcome);

std::string show(const recovery::RestorePlan& plan);
nlohmann::ordered_json to_json(const recovery::RestorePlan& plan);

std::string show(const recovery::RestoreOutcome& outcome);
nlohmann::ordered_json to_json(const recovery::RestoreOutcome& outcome);

std::string show(const repository::VerifyReport& report, const repository::VerifyOptions& how = {});
nlohmann::ordered_json to_json(const repository::VerifyReport& report,
                               const repository::VerifyOptions& how = {});

// One backup in full, as `info` shows it.
std::string show(const repository::BackupMetadata& metadata, const fs::path& location);

}  // namespace summit::cli
