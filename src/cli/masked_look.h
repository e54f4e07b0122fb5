// A backup opened for masking without a target: by `mask audit`, `mask preview` and `export --masked`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/repositories.h"
#include "cli/session.h"
#include "masking/session.h"
#include "recovery/journal.h"
#include "recovery/masked_store.h"

namespace summit::cli {

struct MaskedLookRequest {
  std::string reference;
  std::string environment;         // that would take the data: its rules and its key
  std::string datastores = "all";  // or "postgres,redis"
  std::string artifact{};          // the component of this one alone
  bool count_rows = true;          // the audit says how many rows stay, which takes longer
};

class MaskedLook {
 public:
  // Private temporary files are made only where a store needs them; then kBusy while a restore runs.
  static Result<std::unique_ptr<MaskedLook>> open(const MaskedLookRequest& request, Session& session);

  const repository::BackupMetadata& metadata() const { return backup_->metadata(); }
  const std::string& environment() const { return environment_.name; }
  std::vector<std::unique_ptr<recovery::MaskedStore>>& stores() { return stores_.stores; }
  const std::vector<recovery::MaskedStores::LeftOut>& left_out() const { return stores_.left_out; }

  // Forgets the stores that give no files.
  void keep_files();
  // The artifacts that can be masked, of the stores that are kept.
  const std::vector<repository::Artifact>& artifacts() const { return artifacts_; }

  // What every store holds that no rule covers.
  Result<std::vector<recovery::StoreAudit>> audit();
  // What the rules name that none of it has.
  std::vector<recovery::UnmatchedRule> unmatched(const std::vector<recovery::StoreAudit>& audits) const;

  // Gives one of artifacts(), masked.
  Result<void> write(const std::string& artifact, const std::function<Result<void>(ByteView)>& consume);

 private:
  MaskedLook() = default;
  Result<void> open_backup(const MaskedLookRequest& request, Session& session);
  Result<void> prepare(const MaskedLookRequest& request, Session& session);
  Result<void> make_workspace(Session& session);
  bool reads(std::string_view kind, std::string_view suffix) const;
  Result<void> choose(const std::string& artifact);

  Repository repository_;
  std::unique_ptr<repository::BackupReader> backup_;
  config::Environment environment_;
  std::optional<masking::Session> masking_;
  std::optional<recovery::RestoreJournal> journal_;  // no restore meanwhile
  std::optional<TemporaryDirectory> workspace_;
  std::optional<recovery::RestoreContext> context_;  // refers to what is above
  std::vector<std::string> datastores_;              // that were chosen; none: all
  recovery::MaskedStores stores_;                    // refer to it
  std::vector<repository::Artifact> artifacts_;
};

}  // namespace summit::cli
