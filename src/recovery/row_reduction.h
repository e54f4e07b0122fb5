// Which rows of an archive a reduced environment keeps. What a kept row refers to is kept.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "masking/row_sample.h"
#include "masking/session.h"
#include "stores/postgres/archive_schema.h"
#include "stores/postgres/load.h"

namespace summit::recovery {

// A foreign key into a reduced table, and the keys that kept rows name by it.
struct PullingReference {
  const postgres::ArchivedReference* reference = nullptr;
  masking::KeySet keys;
};

// Chooses among the rows of one table. One thread at a time.
class RowChooser {
 public:
  struct Choice {
    bool kept = false;
    const PullingReference* pulled_by = nullptr;  // null: kept for itself
  };
  // Of a row in COPY's text format, without its newline.
  Choice choose(std::string_view row);

 private:
  friend class RowReduction;
  struct Pull {
    const PullingReference* reference;
    std::vector<size_t> columns;
  };

  std::optional<masking::KeySampler> sampler_;  // nothing: by time
  std::vector<size_t> key_;                     // columns; empty: the whole row
  size_t time_ = 0;                             // column
  std::optional<masking::InstantLimit> oldest_;
  std::vector<Pull> pulls_;
  std::string text_;
};

// Immutable once it is planned, and safe for many readers. Memory: 8 MiB for each reference into a reduced
// table.
class RowReduction {
 public:
  // Reads the archive as often as references chain through reduced tables, five times at most: should that
  // not do, those tables are kept whole. kConfig when a rule names a column that is not there, or a reduced
  // table is referred to by one whose values are computed. `schema` and `session` outlive this.
  static Result<RowReduction> plan(const postgres::ArchiveSource& source,
                                   const postgres::ArchiveSchema& schema, const masking::Session& session,
                                   Reporter& reporter, const Cancellation& cancellation);

  // False when every row of the table is kept.
  bool reduces(const postgres::ArchivedTable& table) const;
  // Null unless it is reduced.
  Result<std::unique_ptr<RowChooser>> chooser(const postgres::ArchivedTable& table) const;
  // Tables that `reduction` names, as written there, and the archive has.
  std::set<std::string> named() const;
  // Tables that are kept whole because rows chain through them for too long.
  const std::set<postgres::RelationName>& kept_whole() const { return kept_whole_; }

 private:
  class References;
  RowReduction(const postgres::ArchiveSchema& schema, const masking::Session& session)
      : schema_(schema), session_(session) {}
  const config::TableReduction* rule_of(const postgres::ArchivedTable& table) const;

  const postgres::ArchiveSchema& schema_;
  const masking::Session& session_;
  std::vector<std::unique_ptr<PullingReference>> references_;
  std::set<postgres::RelationName> kept_whole_;
};

// What a reduction keeps of each table, counted while its rows stream by.
struct ReducedTable {
  uint64_t rows = 0;
  uint64_t kept = 0;
  // Rows that were kept for a reference, which the RowReduction owns.
  std::map<const PullingReference*, uint64_t> pulled;

  void count(const RowChooser::Choice& choice);
  void add(const ReducedTable& other);
};
// "public.events: 120 of 4000 rows, most of them for public.results (task_id): 12"
std::string describe(const std::string& table, const ReducedTable& counted);

}  // namespace summit::recovery
