// Puts the rows of one tenant or project back into a live database, beside the rows of everybody else.
//
//   ASSIGN_OR_RETURN(auto merge, RowMerge::open(endpoint, {.database = "summit", .rules = rules, .id =
//   "acme"}, cancellation)); RETURN_IF_ERROR(merge.stage(archive, phase)); ASSIGN_OR_RETURN(auto preview,
//   merge.preview());   // changes nothing ASSIGN_OR_RETURN(auto report, merge.apply());
//
// Afterwards the owner's rows in the tables of the archive are exactly those of the archive, byte for byte:
// missing ones were inserted, different ones changed, others deleted. Rows that belong to others, to nobody
// or to several are never changed and never deleted; of those, the archive's are inserted only where they are
// missing and the owner's rows refer to them.
//
// Everything happens in one transaction that sees one snapshot; what others write meanwhile stays. Before it
// commits it proves what it did (proof.h). Memory here is that of the table of contents: rows are compared at
// the server, in temporary tables of its own, which take as much room there as the archive's rows.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "config/selection.h"
#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "stores/postgres/load.h"
#include "stores/postgres/merge/changes.h"
#include "stores/postgres/merge/sequences.h"

namespace summit::postgres::merge {

struct MergeRequest {
  std::string database;
  config::RowSpec rules;  // by which the backup chose the rows
  std::string id;         // of the tenant or project
  bool one_of_several =
      false;  // databases: it need not have every table of the rules, nor a row of the owner
  std::chrono::milliseconds lock_timeout{10'000};  // for rows and tables that others have locked
};

struct TableMerge {
  RelationName table;
  Changes changes;
};

struct MergeReport {
  std::vector<TableMerge> tables;  // of the archive, by name; those without any row of the owner left out
  std::vector<SequenceMove> sequences;
  uint64_t others_proven = 0;  // rows of others that were read before and after and are the same
  std::vector<std::string> notes;

  uint64_t inserted() const;
  uint64_t changed() const;
  uint64_t deleted() const;
  uint64_t lent() const;
  bool changes_anything() const;
};

// One thread at a time. Holds one connection.
class RowMerge {
 public:
  // kUnsupported for a standby; kConfig when the rules do not fit the database, kUsage when the id does not.
  static Result<RowMerge> open(const config::PostgresEndpoint& endpoint, const MergeRequest& request,
                               const Cancellation& cancellation);
  RowMerge(RowMerge&&) noexcept;
  RowMerge& operator=(RowMerge&&) noexcept;
  ~RowMerge();

  // Once. kUnsupported when the archive does not fit the tables, kDenied without the right to make temporary
  // tables in the database.
  Result<void> stage(const ArchiveSource& source, Phase* phase = nullptr);

  // What apply() would do now. kNotFound when the backup has no row of the owner, kRefused as
  // check_conflicts(), kDenied for tables that may not be read.
  Result<MergeReport> preview();

  // Until it has succeeded once. kRefused as preview(); kBusy when another merge runs, or somebody holds
  // locks for longer than the request allows; kMismatch when the proof fails. Any error leaves the database
  // as it was, but when the connection is lost in the commit: then running it again shows, since it writes
  // only what is different.
  Result<MergeReport> apply();

 private:
  struct State;
  explicit RowMerge(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace summit::postgres::merge
