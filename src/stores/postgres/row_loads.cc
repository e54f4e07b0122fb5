#include "stores/postgres/row_loads.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/task_group.h"
#include "formats/pgarchive/parser.h"
#include "stores/postgres/archive_reading.h"
#include "stores/postgres/sqlstate.h"

namespace summit::postgres {

namespace {

// Read ahead of the connections.
constexpr uint64_t kQueued = 32 * MiB;

// One connection can have it alone, and empty it first.
bool may_be_alone(const LoadTarget& target) { return !target.in_order && !target.truncate.empty(); }

class Discarding final : public pgarchive::Consumer {
 public:
  Result<void> on_contents(const pgarchive::Contents&) override { return {}; }
  Result<void> on_table_begin(const pgarchive::Entry&) override { return {}; }
  Result<void> on_rows(ByteView) override { return {}; }
  Result<void> on_table_end() override { return {}; }
  Result<void> on_large_object_begin(const pgarchive::Entry&, uint32_t) override { return {}; }
  Result<void> on_large_object(ByteView) override { return {}; }
  Result<void> on_large_object_end() override { return {}; }
};

}  // namespace

RowLoads::RowLoads(Options options)
    : options_(std::move(options)),
      request_(options_.request),
      connections_(std::max<size_t>(request_.jobs, 1)),
      queue_(kQueued),
      streaming_(connections_),
      watch_([this] { return options_.session(Cancellation()); }) {
  TableExtents candidates;
  for (const auto& [entry, extent] : request_.source.tables()) {
    const auto target = options_.targets.find(entry);
    if (target == options_.targets.end()) {
      not_streamed_.insert(entry);
    } else if (may_be_alone(*target->second)) {
      candidates.emplace(entry, extent);
    }
  }
  std::map<int64_t, double> builds;
  for (const auto& [entry, target] : options_.targets) {
    const auto found = options_.builds.find(target->table);
    if (found != options_.builds.end()) builds.emplace(entry, found->second);
  }
  alone_ = one_connection_each(candidates, connections_, builds);
  not_streamed_.insert(alone_.begin(), alone_.end());
}

Result<void> RowLoads::run(Reporter& reporter, const Cancellation& cancellation) {
  RETURN_IF_ERROR(check_extents(request_.source.tables(), request_.contents));
  bytes_ = reporter.phase(options_.store, "reading the archive of " + request_.database);
  bytes_->set_total(request_.archive_bytes);
  rows_ = reporter.phase(options_.store, "loading " + request_.database, "rows");
  rows_->set_total(request_.rows);
  for (const auto& [entry, extent] : request_.source.tables())
    if (!options_.targets.contains(entry)) bytes_->advance(extent.bytes);
  TaskGroup group(cancellation);
  group.spawn([&] { return read_archive(group.cancellation()); });
  for (size_t i = 0; i < connections_; ++i) group.spawn([&] { return work(group.cancellation()); });
  return group.join();
}

Result<void> RowLoads::read_archive(const Cancellation& cancellation) {
  ASSIGN_OR_RETURN(auto connection, options_.session(cancellation));
  RowLoader in_order(connection, rows_.get(), request_.editing);
  const auto& entries = request_.contents.entries;
  const auto objects = std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
    return entry.has_data && !entry.copy && (!request_.chosen || request_.chosen(entry));
  });
  ArchiveLoader loader({request_.contents, options_.targets, queue_, objects, in_order, cancellation});
  const auto source =
      not_streamed_.empty() ? request_.source : source_without(request_.source, not_streamed_);
  RETURN_IF_ERROR(postgres::read_archive(source, loader, bytes_.get(), cancellation, not_streamed_));
  queue_.close();
  return {};
}

Result<void> RowLoads::work(const Cancellation& cancellation) {
  {
    ASSIGN_OR_RETURN(auto connection, options_.session(cancellation));
    RETURN_IF_ERROR(load_units(connection, cancellation));
    if (--streaming_ == 0) RETURN_IF_ERROR(note_units_loaded());
    RETURN_IF_ERROR(load_tables(connection, cancellation));
  }
  return options_.then ? options_.then(cancellation) : Result<void>();
}

Result<void> RowLoads::load_units(Connection& connection, const Cancellation& cancellation) {
  RowLoader loader(connection, rows_.get(), request_.editing);
  for (;;) {
    ASSIGN_OR_RETURN(const auto unit, queue_.take(cancellation));
    if (!unit) return loader.finish();
    RETURN_IF_ERROR(loader.load(*unit));
  }
}

// All connections have committed what they took from the queue, which is closed.
Result<void> RowLoads::note_units_loaded() {
  std::vector<const LoadTarget*> loaded;
  for (const auto& [entry, target] : options_.targets)
    if (!not_streamed_.contains(entry)) loaded.push_back(target.get());
  return note_loaded(loaded);
}

Result<void> RowLoads::note_loaded(const std::vector<const LoadTarget*>& tables) {
  for (const auto* table : tables) RETURN_IF_ERROR(check_stored(*table));
  if (options_.on_loaded) options_.on_loaded(tables);
  return {};
}

Result<void> RowLoads::load_tables(Connection& connection, const Cancellation& cancellation) {
  if (next_ >= alone_.size()) return {};
  ASSIGN_OR_RETURN(const auto process, CopyWatch::process_of(connection));
  RowLoader rows(connection, rows_.get(), request_.editing, [&] { return watch_.goes_on(process); });
  ArchiveLoader loader(
      {request_.contents, options_.targets, queue_, false, rows, cancellation, /*alone=*/true});
  for (size_t i = next_++; i < alone_.size(); i = next_++) {
    const LoadTarget& target = *options_.targets.at(alone_[i]);
    auto loaded =
        read_table(request_.source, request_.contents, *target.entry, loader, bytes_.get(), cancellation);
    if (!loaded.ok()) return cause_of(std::move(loaded).error(), *target.entry, cancellation);
    RETURN_IF_ERROR(rows.finish());
    RETURN_IF_ERROR(note_loaded({&target}));
  }
  return {};
}

// The server may refuse a damaged row before the checksum behind it is reached. Of rows that were edited it
// refuses what the editing made.
Error RowLoads::cause_of(Error error, const pgarchive::Entry& table, const Cancellation& cancellation) const {
  constexpr std::string_view kDataException = "22";
  if (request_.editing || !has_sqlstate_class(error, kDataException)) return error;
  Discarding discarding;
  auto read = read_table(request_.source, request_.contents, table, discarding, bytes_.get(), cancellation);
  const bool damaged = !read.ok() && read.error().code() == Code::kCorrupt;
  return damaged ? std::move(read).error() : error;
}

}  // namespace summit::postgres
