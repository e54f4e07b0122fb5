#include "cli/store_too.h"

#include "repository/copy_backup.h"
#include "repository/packed/replicate.h"

namespace summit::cli {
namespace {

Result<void> verify(const repository::BackupRepository& there, const std::string& id, Session& session) {
  ASSIGN_OR_RETURN(const auto report, there.verify(id, session.reporter(), session.cancellation()));
  if (report.findings.empty()) return {};
  return Error(Code::kCorrupt, "{}: {}", report.findings.front().artifact, report.findings.front().problem);
}

Result<void> store(const repository::CombinedRepository& repository, const std::string& id,
                   const backup::Destination& destination, const config::BackupSet& set, Session& session) {
  ASSIGN_OR_RETURN(const auto backup, repository.open(id));
  const bool packed = backup->metadata().layout == "packed";
  ASSIGN_OR_RETURN(auto there, open_destination(session, destination));
  if (packed) {
    ASSIGN_OR_RETURN(const auto* const source, repository.need_packed());
    RETURN_IF_ERROR(
        repository::packed::replicate(*source, there->store(), session.reporter(), session.cancellation()));
    // What was an empty prefix has a repository now.
    ASSIGN_OR_RETURN(there, open_destination(session, destination));
  } else {
    RETURN_IF_ERROR(
        repository::copy_backup(*backup, there->plain(), session.reporter(), session.cancellation()));
  }
  if (set.verify_all_regions) RETURN_IF_ERROR(verify(*there, id, session), "while verifying the copy");
  return {};
}

}  // namespace

std::vector<std::string> store_too(const repository::CombinedRepository& repository, const std::string& id,
                                   const std::vector<backup::Destination>& destinations,
                                   const config::BackupSet& set, Session& session) {
  std::vector<std::string> shortfalls;
  for (const auto& destination : destinations) {
    const auto stored = store(repository, id, destination, set, session);
    if (stored.ok()) {
      session.reporter().info(fmt::format("{} is in {} too", id, destination.location));
      continue;
    }
    shortfalls.push_back(fmt::format("not stored in {}, the backup in {} is kept: {}", destination.location,
                                     repository.describe(), stored.error().to_string()));
  }
  return shortfalls;
}

}  // namespace summit::cli
