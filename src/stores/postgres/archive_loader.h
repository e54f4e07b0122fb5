// Takes the data of an archive apart as it streams by, and hands them to the connections that load them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "formats/pgarchive/parser.h"
#include "stores/postgres/load.h"
#include "stores/postgres/load_plan.h"
#include "stores/postgres/load_queue.h"
#include "stores/postgres/row_loader.h"
#include "stores/postgres/row_splitter.h"

namespace summit::postgres {

// The tables that the rows of a plan go into, by the number of their entry. kUnsupported for an archive whose
// rows are INSERT statements.
using LoadTargets = std::map<int64_t, std::unique_ptr<LoadTarget>>;
Result<LoadTargets> load_targets(const pgarchive::Contents& contents, const LoadPlan& plan);

// Once everything is stored, of one table and of all: kCorrupt when a row was lost or doubled on the way.
Result<void> check_stored(const LoadTarget& target);
Result<Loaded> count_loaded(const LoadTargets& targets);

// Small tables become one unit each, of large ones the rows are cut into blocks that any connection takes, if
// there is more than one.
// The configuration tables of extensions refer to each other: they are marked to be loaded in the archive's
// order, which pg_dump made for that, and go to the connection for those at once.
class ArchiveLoader final : public pgarchive::Consumer {
 public:
  struct Options {
    const pgarchive::Contents& contents;  // the archive's, read before
    LoadTargets& targets;
    LoadQueue& queue;
    bool large_objects = true;
    RowLoader& in_order;  // for targets that are marked so
    Cancellation cancellation;
    bool alone = false;  // `in_order` is the only connection that loads these tables, one after the other
  };
  explicit ArchiveLoader(Options options) : options_(std::move(options)) {}

  Result<void> on_contents(const pgarchive::Contents& contents) override;
  Result<void> on_table_begin(const pgarchive::Entry& entry) override;
  bool wants_rows() const override { return target_ != nullptr; }
  Result<void> on_rows(ByteView bytes) override;
  Result<void> on_table_end() override;
  Result<void> on_large_object_begin(const pgarchive::Entry& entry, uint32_t oid) override;
  Result<void> on_large_object(ByteView bytes) override;
  Result<void> on_large_object_end() override;

 private:
  Result<void> hand_over(LoadUnit::Kind kind, RowBlock block);
  Result<void> hand_over_object();

  Options options_;
  LoadTarget* target_ = nullptr;  // null while the rows of a table are skipped
  bool large_ = false;            // the table has outgrown one unit
  RowSplitter rows_;
  uint32_t object_ = 0;
  uint64_t object_offset_ = 0;
  std::string object_bytes_;
};

}  // namespace summit::postgres
