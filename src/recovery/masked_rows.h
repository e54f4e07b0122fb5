// The rows of a PostgreSQL archive, masked and reduced on their way into the target.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/fingerprint.h"
#include "masking/copy_rows.h"
#include "masking/session.h"
#include "recovery/row_reduction.h"
#include "stores/postgres/archive_schema.h"
#include "stores/postgres/fingerprint.h"
#include "stores/postgres/row_editing.h"

namespace summit::recovery {

// What of an archive enters a masked target at all. Subscriptions would go on receiving production's rows,
// user mappings hold passwords of other servers, and nothing says what is in a large object: it stays empty.
bool enters_masked_target(const pgarchive::Entry& entry);
// Whether some comments do not.
bool leaves_out_comments(const pgarchive::Contents& contents);

// The rules that concern a table, in the session's level.
masking::Rules rules_of(const masking::Session& session, const postgres::ArchivedTable& table);

// Jobs that the archive holds (of TimescaleDB and pg_cron) are loaded switched off.
class MaskedRows final : public postgres::RowEditing {
 public:
  // All but `scope` outlive this.
  MaskedRows(const masking::Session& session, const postgres::ArchiveSchema& schema,
             const RowReduction& reduction, postgres::FingerprintScope scope);
  ~MaskedRows() override;

  Result<void> begin(postgres::Connection& connection) override;
  Result<std::unique_ptr<postgres::RowEditor>> open(const pgarchive::Entry& rows) override;

  // Once everything is loaded and every editor is gone: what the tables that were edited must hold now.
  std::vector<Fingerprint> fingerprints() const;
  // Then, too: what stayed of the tables that were reduced, by their names as users see them.
  const std::map<std::string, ReducedTable>& reduced() const { return reduced_; }

 private:
  class Editor;
  bool edits(const postgres::ArchivedTable& table) const;
  Result<masking::CopyRowMask> mask_of(const postgres::ArchivedTable& table) const;
  const postgres::Table* seen_as(const postgres::ArchivedTable& table) const;

  const masking::Session& session_;
  const postgres::ArchiveSchema& schema_;
  const RowReduction& reduction_;
  const postgres::FingerprintScope scope_;
  const config::MaskRule scheduled_off_;
  const config::MaskRule active_off_;
  postgres::Inventory inventory_;            // of the target, since begin()
  std::set<postgres::RelationName> edited_;  // as users see them
  mutable std::mutex mutex_;                 // guards what follows
  std::map<postgres::RelationName, SetHash> hashes_;
  std::map<std::string, ReducedTable> reduced_;
};

}  // namespace summit::recovery
