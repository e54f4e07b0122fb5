// Looks through the PostgreSQL archives of a backup for what would enter a masked target unmasked.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "masking/findings.h"
#include "masking/rules.h"
#include "masking/session.h"
#include "recovery/row_reduction.h"
#include "recovery/unmatched_rules.h"
#include "stores/postgres/archive_schema.h"
#include "stores/postgres/load.h"

namespace summit::recovery {

struct AuditFinding {
  std::string place;    // "public.users.email"
  std::string why;      // "looks private: e-mail address by its name"; never a value
  std::string entry;    // the line to paste into config/sanitization.yaml
  bool is_rule = true;  // it goes below the store's `rules:`, else below its `harmless:`
};

// What a documented rule alone would not have masked, or would have made the same, and `otherwise` masks.
struct DocumentedGap {
  std::string place;  // "public.users.phone"
  masking::RowMask::Gap gap;
};
// "public.users.phone: the documented rule (line 25) would leave 12 of 1000 values in the clear: …"
std::string describe(const DocumentedGap& gap);

struct MaskingAudit {
  std::vector<AuditFinding> findings;  // sensitive, and covered by nothing
  uint64_t ruled = 0;                  // columns
  uint64_t harmless = 0;
  uint64_t unknown = 0;                         // nobody said anything, and nothing looks private
  uint64_t rows_sampled = 0;                    // spread over each table
  std::map<std::string, ReducedTable> reduced;  // tables that lose rows, where they were counted
  std::vector<DocumentedGap> gaps;              // of the sampled rows, ordered by place
  MetRules met;

  void add(MaskingAudit other);
};

struct Looking {
  std::string what{};       // names the archive, for progress
  bool count_rows = false;  // says how many rows the reduction keeps, for which it reads them all
  size_t jobs = 1;          // tables at once
};

// Reads the archive once, twice where rows are counted, tables side by side. Names of all columns, some
// thousand rows of each table, and the literals of all definitions. Values are in no message.
Result<MaskingAudit> audit_archive(const postgres::ArchiveSource& source, const pgarchive::Contents& contents,
                                   const postgres::ArchiveSchema& schema, const RowReduction& reduction,
                                   const masking::Session& session, const Looking& looking,
                                   Reporter& reporter, const Cancellation& cancellation);

// The statements that create roles: their settings, comments and names.
std::vector<AuditFinding> audit_globals(std::string_view globals, const masking::Session& session);

// kRefused with every finding and what to paste; nothing when there is none.
Result<void> check_audit(const MaskingAudit& audit, const std::string& backup);

// What was gathered of another store.
std::vector<AuditFinding> audit_findings(const masking::Findings& findings);

// The findings and their lines to paste, for people. `list` is that of the rules: "postgresql".
std::string show(const std::vector<AuditFinding>& findings, const std::string& list);

}  // namespace summit::recovery
